"""The head of a versioned document, before its extents: the query and its snapshots."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kubectl_cbt.documents.jsonstream.json_cursor import HINT_OPENABLE
from kubectl_cbt.documents.object_fields import ObjectFields, shown
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.api_version import API_GROUP, API_VERSION, METADATA_KIND
from kubectl_cbt.model.refs import UNKNOWN_NAMESPACE, SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.stream_query import Query

HEAD_KEYS = (
    "apiVersion",
    "kind",
    "query",
    "snapshot",
    "base",
    "driver",
    "blockMetadataType",
    "volumeCapacityBytes",
)

TYPE_NUMBERS = {"UNKNOWN": 0, "FIXED_LENGTH": 1, "VARIABLE_LENGTH": 2}
_UNRECOGNIZED = re.compile(r"UNRECOGNIZED_(-?[0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """The head of a document.

    Attributes:
        block_metadata_type: None if no message was received.
        volume_capacity_bytes: as in the document; None if unknown.
        has_kind: whether it records that it is a delta or allocated.
    """

    resolved: ResolvedQuery
    block_metadata_type: int | None
    volume_capacity_bytes: int | None
    has_kind: bool = True


def check_kind(name: str, values: dict[str, Any], kind: str = METADATA_KIND) -> None:
    """Check that it is a document of ours, by the keys in ``values``; missing keys are not an error.

    Raises:
        DocumentError: it is another kind of document, or another version.
    """
    for key, wanted in (("apiVersion", API_VERSION), ("kind", kind)):
        found = values.get(key, wanted)
        if found != wanted:
            newer = key == "apiVersion" and str(found).startswith(API_GROUP)
            hint = "another version of kubectl-cbt is needed to open it" if newer else HINT_OPENABLE
            raise DocumentError(f"{name}: {key} is {shown(found)}, not {wanted}", hint=hint)


def read_head(name: str, values: dict[str, Any], kind: str = METADATA_KIND) -> DocumentHead:
    """Parse the head from the fields before the extents.

    Args:
        kind: that the document must have.

    Raises:
        DocumentError: a field is missing or invalid.
    """
    check_kind(name, values, kind)
    fields = ObjectFields(name, values, hint=HINT_OPENABLE)
    for key in ("apiVersion", "kind"):
        fields.text(key)
    query = fields.object("query")
    return DocumentHead(
        resolved=_resolved(fields, query),
        block_metadata_type=_block_metadata_type(fields),
        volume_capacity_bytes=fields.integer_or_null("volumeCapacityBytes"),
    )


def query_of_file(name: str, kind: str | None) -> ResolvedQuery:
    """The query of a document that does not record it: the snapshot has the name of the file.

    Args:
        kind: ``delta`` or ``allocated``, from the user; None if not given.
    """
    ref = SnapshotRef(UNKNOWN_NAMESPACE, name.rpartition("/")[2] or name)
    snapshot = Snapshot(ref, "", "", SnapshotHandle(""), None, None, None, None)
    base = SnapshotHandle("unknown") if kind == "delta" else None
    return ResolvedQuery(Query(ref, base, max_results=0), snapshot)


def _resolved(fields: ObjectFields, saved: ObjectFields) -> ResolvedQuery:
    snapshot = _snapshot(fields, fields.object("snapshot"))
    base_fields = fields.object_or_null("base")
    verb = saved.text("kind")
    if verb not in ("delta", "allocated"):
        raise saved.wrong("kind", "neither delta nor allocated")
    if (verb == "delta") != (base_fields is not None):
        raise saved.wrong("kind", "but there is a base" if base_fields else "but base is null")
    # If the base's object was deleted, only its handle is known.
    base = _snapshot(fields, base_fields) if base_fields and "name" in base_fields else None
    base_handle = base.base_id if base else SnapshotHandle(base_fields.text("handle")) if base_fields else None
    query = Query(
        snapshot.ref,
        base_handle,
        saved.count("startingOffset"),
        saved.count("maxResults"),
        end_offset=saved.count("endOffset") if "endOffset" in saved else None,
    )
    return ResolvedQuery(query, snapshot, base)


def _snapshot(document: ObjectFields, fields: ObjectFields) -> Snapshot:
    return Snapshot(
        ref=SnapshotRef(fields.text_or_null("namespace") or "", fields.text("name")),
        content=fields.text("content"),
        driver=document.text("driver"),
        handle=SnapshotHandle(fields.text("handle")),
        claim=fields.text_or_null("persistentVolumeClaim"),
        volume_handle=fields.text_or_null("volumeHandle"),
        restore_size_bytes=fields.integer_or_null("restoreSizeBytes"),
        created=fields.time_or_null("creationTime"),
        change_id=fields.text("changeId") if "changeId" in fields else None,
    )


def _block_metadata_type(fields: ObjectFields) -> int | None:
    name = fields.text_or_null("blockMetadataType")
    if name is None or name in TYPE_NUMBERS:
        return None if name is None else TYPE_NUMBERS[name]
    unrecognized = _UNRECOGNIZED.fullmatch(name)
    if unrecognized is None:
        raise fields.wrong("blockMetadataType", "not a type of block metadata")
    return int(unrecognized[1])
