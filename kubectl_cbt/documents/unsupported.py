"""Errors for files that cannot be opened: what each is, and what to do instead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

import orjson

from kubectl_cbt.documents.jsonstream.json_cursor import HINT_OPENABLE, JsonCursor
from kubectl_cbt.documents.object_fields import shown
from kubectl_cbt.documents.reading_options import FileFormat
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.units import as_argument

__all__ = ["HINT_OPENABLE"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SCALARS = (b"n", b"t", b"f", b'"', b"-", b"[", *(b"%d" % digit for digit in range(10)))
"""First bytes of JSON values that are not objects."""

PRINTED_BY_US = "save it with -o json or -o ndjson instead: only these record the query, and whether they are complete"
UTF_16 = "save it as UTF-8: PowerShell's > writes UTF-16, | Out-File -Encoding utf8 does not"
NUL_BYTES = "the file is UTF-16, which must be saved as UTF-8, or it was not written to its end"
TWO_NUMBERS = "if each line is OFFSET LENGTH, add --from-format ranges, and --unit 512 if they count sectors"
TOTALS = "save the extents: nbdinfo --map URI"
RBD_EXPORT = "save the list of extents: rbd diff --from-snap BASE POOL/IMAGE@TARGET --format json"
DISK_IMAGE = "only lists of extents can be opened, not the data itself"
KUBECONFIG = "use it with a command that queries the cluster: kubectl cbt snapshots --kubeconfig FILE"

_EMPTY = {
    FileFormat.RANGES: "the program that wrote it may have failed; for a list without extents, write a comment: # none",
    FileFormat.RBD_DIFF: "if nothing has changed, rbd diff prints nothing, but with --format json it prints []",
}
_MOST_KEYS = 6
_SIGNATURES = ((b"\x55\xaa", 510), (b"EFI PART", 512), (b"\x53\xef", 1080), (b"CD001", 32769))
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_KIND = re.compile(r"[A-Za-z]{1,63}")


def empty(name: str, form: FileFormat) -> DocumentError:
    """The error for a file without content, which has no format."""
    return DocumentError(f"{name} is empty", hint=_EMPTY.get(form, HINT_OPENABLE))


def compressed(name: str, what: str, program: str) -> DocumentError:
    """The error for a compressed file."""
    # The command that reads the file may have another one, and may read this one by name only.
    command = f"... | {program} | ..." if name == "standard input" else f"{program} {shlex.quote(name)} > FILE"
    return DocumentError(f"{name} is {what}, which cannot be opened", hint=f"decompress it first: {command}")


def kubernetes_object(name: str, kind: str, names: Mapping[str, str]) -> DocumentError:
    """The error for a Kubernetes object, which a query may be about.

    Args:
        names: ``name`` and ``namespace``, if known; untrusted.
    """
    kind = kind if _KIND.fullmatch(kind) else ""
    known = {key: value for key, value in names.items() if _NAME.fullmatch(value)}
    called = f" {known['name']}" if "name" in known else ""
    where = f" -n {as_argument(known['namespace'])}" if "namespace" in known else ""
    what = f"the {kind}{called}" if kind and called else f"a {kind}" if kind else "a list of Kubernetes objects"
    if kind == "VolumeSnapshot":
        hint = f"query it instead: kubectl cbt allocated {as_argument(known.get('name', 'NAME'))}" + where
    elif kind == "PersistentVolumeClaim":
        hint = "list its snapshots, then query one: kubectl cbt snapshots" + where
    else:
        hint = "list the snapshots that can be queried: kubectl cbt snapshots -A"
    return DocumentError(f"{name} is {what} of Kubernetes, not saved extents", hint=hint)


def names_in_json(text: JsonCursor) -> tuple[str, Mapping[str, str]]:
    """The kind of a Kubernetes object, and its ``name`` and ``namespace``; empty if they cannot be read."""
    try:
        value = text.parsed()
    except DocumentError:
        return "", {}
    metadata = value.get("metadata")
    found = metadata if isinstance(metadata, dict) else {}
    names = {key: found[key] for key in ("name", "namespace") if isinstance(found.get(key), str)}
    return str(value.get("kind", "")), names


def json_array(text: JsonCursor) -> DocumentError:
    """The error for a JSON array whose first element is not a message, or text that begins like one."""
    text.part = "its first value"
    text.expect(b"[")
    what = f"a JSON array that begins with {shown(text.parsed())}, not an array of messages"
    return DocumentError(f"{text.name} is {what}", hint=HINT_OPENABLE)


def json_object(text: JsonCursor) -> DocumentError:
    """The error for an unknown JSON object, or text that begins like one."""
    text.part = "its first object"
    value = text.parsed()
    keys = ", ".join(shown(key) for key in list(value)[:_MOST_KEYS])
    more = ", …" if len(value) > _MOST_KEYS else ""
    what = f"a JSON object with the keys {keys}{more}" if value else "an empty JSON object"
    return DocumentError(f"{text.name} is {what}, not a document that can be opened", hint=HINT_OPENABLE)


def unknown(text: JsonCursor) -> DocumentError:
    """The error for an unknown file; reads nothing more."""
    data = text.data[text.position :]
    if not data:
        what = "is empty"
    elif _is_disk(data):
        return DocumentError(f"{text.name} is a disk image, which cannot be opened", hint=DISK_IMAGE)
    elif b"\0" in data or not _is_text(data):
        what = "is binary data of an unknown kind, which cannot be opened"
    elif (value := _scalar(data)) is not None:
        what = f"is the JSON value {value}, not a document"
    else:
        what = "is text of an unknown kind, which cannot be opened"
    return DocumentError(f"{text.name} {what}", hint=HINT_OPENABLE)


def _is_disk(data: bytes) -> bool:
    return any(data[at : at + len(sign)] == sign for sign, at in _SIGNATURES) or (
        len(data) >= 512 and not data[:512].strip(b"\0")
    )


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        # A character may be cut at the end of what was read.
        return error.start > len(data) - 4
    return True


def _scalar(data: bytes) -> str | None:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return shown(value)
