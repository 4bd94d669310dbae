"""The registry of kinds of files for ``open``: each kind recognises itself by its first bytes and opens itself.

A kind that cannot be opened raises an error with what it is and what to do instead. To add one, add a row; if two kinds
recognise a file, the first one is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kubectl_cbt.documents import unsupported
from kubectl_cbt.documents.document_stream import Document
from kubectl_cbt.documents.first_bytes import RECORDING_SIGN, WINDOW_BYTES, FirstBytes
from kubectl_cbt.documents.foreign.csv_list import CSV_HEADER, CsvList
from kubectl_cbt.documents.foreign.ddrescue_map import DdrescueMap, is_ddrescue_map
from kubectl_cbt.documents.foreign.ebs_blocks import EbsBlocks, is_ebs_blocks
from kubectl_cbt.documents.foreign.filefrag import FilefragList
from kubectl_cbt.documents.foreign.nbdinfo_map import (
    NbdinfoJson,
    NbdinfoText,
    is_nbdinfo_json,
    is_nbdinfo_text,
    is_nbdinfo_totals,
)
from kubectl_cbt.documents.foreign.qemu_map import QemuMap
from kubectl_cbt.documents.foreign.ranges import RangesList
from kubectl_cbt.documents.foreign.rbd_diff import RbdDiffJson, RbdDiffTable
from kubectl_cbt.documents.foreign.thin_xml import ThinXml, is_other_xml, is_thin_xml
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.lister_document import MESSAGE_KEYS, ListerDocument
from kubectl_cbt.documents.own_document import VersionedDocument
from kubectl_cbt.documents.reading_options import FileFormat, ReadingOptions
from kubectl_cbt.documents.verification_document import VerificationDocument
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.api_version import API_GROUP, VERIFICATION_KIND

_YAML_SIGNS = tuple(f"{before}apiVersion: {API_GROUP}".encode() for before in ("", "---\n"))
_NUMBER = rb"(?:0[xX][0-9a-fA-F]+|[0-9]+)"
_TWO_NUMBERS = re.compile(rb"(?:#.*\n\s*)*" + _NUMBER + rb"[ \t]+" + _NUMBER + rb"[ \t]*\r?\n")
_RBD_TABLE = re.compile(rb"Offset[ \t]+Length[ \t]+Type[ \t]*\r?\n")
_EXTENTS_FOUND = re.compile(rb"[^\n]*: [0-9]+ extents? found(?:, perfection would be [0-9]+ extents?)?\r?\n")
_OURS_ALONE = frozenset({"query", "snapshot", "extents", "violations", "resumes", "complete"})


class Opening(NamedTuple):
    """A file that is being opened.

    Attributes:
        text: at its first byte that is not white space.
        options: from the user.
    """

    text: JsonCursor
    beginning: FirstBytes
    options: ReadingOptions


class DocumentKind(NamedTuple):
    """One kind of file.

    Attributes:
        recognises: decides by the first bytes; more may follow.
        open: returns a document, or raises a DocumentError with what to do instead.
        format: its name for ``--from-format``; None for a kind that cannot be opened.
        is_array: whether it is a JSON array, which may be empty.
    """

    name: str
    recognises: Callable[[FirstBytes], bool]
    open: Callable[[Opening], Document]
    format: FileFormat | None = None
    is_array: bool = False


def kind_of(
    text: JsonCursor, form: FileFormat | None, *, is_for_either: bool = False
) -> tuple[DocumentKind, FirstBytes]:
    """The kind of a text and its first bytes; reads no more than needed to decide.

    Args:
        form: the format that it must have; None for any.
        is_for_either: it may have another format, if it is recognised as that.

    Raises:
        DocumentError: it has another format.
    """
    if is_for_either:
        kind, beginning = _recognised(text)
        is_ranges = form is RANGES.format and kind in (TWO_NUMBERS, OTHER)
        return (RANGES if is_ranges else kind), beginning
    if form is RANGES.format:
        beginning = FirstBytes(text.data[text.position : text.position + WINDOW_BYTES])
        kind = UTF_16 if _is_utf16(beginning) else RANGES
    else:
        kind, beginning = _recognised(text)
    if form is None:
        return kind, beginning
    if not beginning.data:
        raise unsupported.empty(text.name, form)
    if beginning.opens_array(b"]"):
        kind = next((kind for kind in KINDS if kind.is_array and kind.format is form), kind)
    if form is not kind.format and kind is not UTF_16:
        raise DocumentError(
            f"{text.name} is {kind.name}, not of the format {form}",
            hint="omit --from-format: the format is recognized by the content",
        )
    return kind, beginning


def _recognised(text: JsonCursor) -> tuple[DocumentKind, FirstBytes]:
    while True:
        beginning = FirstBytes(text.data[text.position : text.position + WINDOW_BYTES])
        for kind in KINDS:
            if kind.recognises(beginning):
                return kind, beginning
        if len(beginning.data) >= WINDOW_BYTES or not text.more():
            return OTHER, beginning


def _is_ours(beginning: FirstBytes) -> bool:
    if not beginning.starts(b"{"):
        return False
    keys = beginning.keys
    # An incomplete apiVersion has no value here.
    return keys.get("apiVersion", "").startswith(API_GROUP) or not _OURS_ALONE.isdisjoint(keys)


def _is_verification(beginning: FirstBytes) -> bool:
    return _is_ours(beginning) and beginning.keys.get("kind") == VERIFICATION_KIND


def _is_messages(beginning: FirstBytes) -> bool:
    keys = beginning.keys
    first = next(iter(keys), "")
    # Two of a message's keys are also keys of our documents: its extents or its end are needed to decide.
    decided = "_" in first or "blockMetadata" in keys or beginning.is_whole
    return beginning.opens_array(b"]") or (first in MESSAGE_KEYS and decided)


def _refused(name: str, hint: str, *signs: bytes) -> DocumentKind:
    return DocumentKind(name, _starting(*signs), _refusal(name, hint))


def _refusal(name: str, hint: str) -> Callable[[Opening], Document]:
    def refuse(opening: Opening) -> Document:
        raise DocumentError(f"{opening.text.name} is {name}, which cannot be opened", hint=hint)

    return refuse


def _with_keys(*keys: str) -> Callable[[FirstBytes], bool]:
    return lambda beginning: beginning.starts(b"{") and beginning.keys.keys() >= set(keys)


def _objects_with_keys(*keys: str) -> Callable[[FirstBytes], bool]:
    return lambda beginning: beginning.opens_array(b"{") and beginning.keys.keys() >= set(keys)


def _starting(*signs: bytes) -> Callable[[FirstBytes], bool]:
    return lambda beginning: beginning.starts(*signs)


def _compressed(name: str, program: str, sign: bytes) -> DocumentKind:
    def refuse(opening: Opening) -> Document:
        raise unsupported.compressed(opening.text.name, name, program)

    return DocumentKind(name, _starting(sign), refuse)


def _kubernetes_json(opening: Opening) -> Document:
    raise unsupported.kubernetes_object(opening.text.name, *unsupported.names_in_json(opening.text))


def _kubernetes_yaml(opening: Opening) -> Document:
    text = opening.text
    while len(text.data) - text.position < WINDOW_BYTES and text.more():
        pass
    beginning = FirstBytes(text.data[text.position : text.position + WINDOW_BYTES])
    raise unsupported.kubernetes_object(text.name, beginning.yaml_kind, beginning.yaml_names)


def _is_kubernetes_yaml(beginning: FirstBytes) -> bool:
    keys = beginning.yaml_keys
    is_object = "apiVersion" in keys and (bool(beginning.yaml_kind) or "items" in keys)
    return is_object and API_GROUP.encode() not in beginning.data[:200]


def _is_kubeconfig(beginning: FirstBytes) -> bool:
    named = {"clusters", "contexts", "current-context", "users"}
    return len(named & (beginning.yaml_keys | beginning.keys.keys())) > 1


def _is_kubernetes_json(beginning: FirstBytes) -> bool:
    return beginning.starts(b"{") and all(beginning.keys.get(key) for key in ("apiVersion", "kind"))


def _refuse_kubeconfig(opening: Opening) -> Document:
    name = opening.text.name
    raise DocumentError(f"{name} is a kubeconfig, not saved extents", hint=unsupported.KUBECONFIG)


def _refuse_array(opening: Opening) -> Document:
    raise unsupported.json_array(opening.text)


def _refuse_headless(opening: Opening) -> Document:
    raise DocumentError(
        f"{opening.text.name} has extents of kubectl cbt -o ndjson, but not the first line, which contains the query",
        hint="keep the first and the last line of such a document",
    )


def _is_utf16(beginning: FirstBytes) -> bool:
    data = beginning.data
    return beginning.starts(b"\xff\xfe", b"\xfe\xff", b"\x00{", b"\x00[") or (
        data[:1] in (b"{", b"[") and data[1:2] == b"\0"
    )


def _refuse_totals(opening: Opening) -> Document:
    raise DocumentError(
        f"{opening.text.name} has the totals of nbdinfo --map --totals, not the extents", hint=unsupported.TOTALS
    )


def _refuse_two_numbers(opening: Opening) -> Document:
    raise DocumentError(
        f"{opening.text.name} has two numbers per line, which may be an offset and a length, or a start and an end",
        hint=unsupported.TWO_NUMBERS,
    )


def _other(opening: Opening) -> Document:
    if opening.beginning.starts(b"{"):
        raise unsupported.json_object(opening.text)
    if opening.beginning.starts(b"["):
        raise unsupported.json_array(opening.text)
    raise unsupported.unknown(opening.text)


def _not_a_document(opening: Opening) -> Document:
    raise DocumentError(f"{opening.text.name} is a recording: its messages are replayed, not parsed")


RECORDING = DocumentKind(
    "a recording of kubectl cbt --record", _starting(RECORDING_SIGN), _not_a_document, FileFormat.RECORDING
)
"""Opened by the caller: replaying messages takes the code that streams them, which documents do not import."""

RANGES = DocumentKind(
    "lines of OFFSET LENGTH",
    lambda beginning: False,
    lambda opening: RangesList(opening.text, opening.options),
    FileFormat.RANGES,
)
"""Only if the user names it: two numbers may mean anything."""

UTF_16 = DocumentKind("UTF-16", _is_utf16, _refusal("UTF-16", unsupported.UTF_16))

TWO_NUMBERS = DocumentKind(
    "text with two numbers per line",
    lambda beginning: bool(_TWO_NUMBERS.match(beginning.data)),
    _refuse_two_numbers,
)

OTHER = DocumentKind("of an unknown kind", lambda beginning: True, _other)

KINDS: tuple[DocumentKind, ...] = (
    DocumentKind(
        "a document of kubectl cbt verify -o json",
        _is_verification,
        lambda opening: VerificationDocument(opening.text),
        FileFormat.VERIFICATION,
    ),
    DocumentKind(
        "a document of kubectl cbt -o json or -o ndjson",
        _is_ours,
        lambda opening: VersionedDocument(opening.text),
        FileFormat.DOCUMENT,
    ),
    DocumentKind(
        "messages of snapshot-metadata-lister or grpcurl",
        _is_messages,
        lambda opening: ListerDocument(opening.text, opening.options.kind),
        FileFormat.LISTER,
    ),
    RECORDING,
    _compressed("compressed with zstd", "zstd -dc", b"\x28\xb5\x2f\xfd"),
    _compressed("compressed with lz4", "lz4 -dc", b"\x04\x22\x4d\x18"),
    _compressed("a zip archive", "unzip -p", b"PK\x03\x04"),
    UTF_16,
    DocumentKind(
        "the output of qemu-img map --output=json",
        _objects_with_keys("start", "length", "data"),
        lambda opening: QemuMap(opening.text, opening.options),
        FileFormat.QEMU_MAP,
        is_array=True,
    ),
    DocumentKind(
        "the output of rbd diff --format json",
        _objects_with_keys("offset", "length", "exists"),
        lambda opening: RbdDiffJson(opening.text, opening.options),
        FileFormat.RBD_DIFF,
        is_array=True,
    ),
    DocumentKind(
        "the output of rbd diff",
        lambda beginning: bool(_RBD_TABLE.match(beginning.data)),
        lambda opening: RbdDiffTable(opening.text, opening.options),
        FileFormat.RBD_DIFF,
    ),
    DocumentKind(
        "the output of nbdinfo --map --json",
        is_nbdinfo_json,
        lambda opening: NbdinfoJson(opening.text, opening.options, opening.beginning),
        FileFormat.NBDINFO,
        is_array=True,
    ),
    DocumentKind(
        "the output of nbdinfo --map",
        is_nbdinfo_text,
        lambda opening: NbdinfoText(opening.text, opening.options, opening.beginning),
        FileFormat.NBDINFO,
    ),
    DocumentKind("the output of nbdinfo --map --totals", is_nbdinfo_totals, _refuse_totals),
    DocumentKind(
        "the output of aws ebs list-changed-blocks or list-snapshot-blocks",
        is_ebs_blocks,
        lambda opening: EbsBlocks(opening.text, opening.options),
        FileFormat.EBS,
    ),
    DocumentKind(
        "the output of filefrag -v",
        _starting(b"Filesystem type is:", b"File size of "),
        lambda opening: FilefragList(opening.text, opening.options),
        FileFormat.FILEFRAG,
    ),
    DocumentKind(
        "the number of extents that filefrag prints without -v",
        lambda beginning: bool(_EXTENTS_FOUND.match(beginning.data)),
        _refusal("the number of extents that filefrag prints without -v", "list the extents: filefrag -v FILE"),
    ),
    DocumentKind(
        "the output of thin_delta or thin_dump",
        lambda beginning: is_thin_xml(beginning.data),
        lambda opening: ThinXml(opening.text, opening.options),
        FileFormat.THIN,
    ),
    DocumentKind(
        "a map file of ddrescue",
        lambda beginning: is_ddrescue_map(beginning.data),
        lambda opening: DdrescueMap(opening.text, opening.options),
        FileFormat.DDRESCUE,
    ),
    DocumentKind(
        "CSV",
        _starting(CSV_HEADER),
        lambda opening: CsvList(opening.text, opening.options),
        FileFormat.CSV,
    ),
    _refused(
        "a table of qemu-img map", "save it with --output=json instead", b"Offset          Length          Mapped to"
    ),
    _refused("XML of rbd diff", "save it with --format json instead", b"<extents>"),
    _refused("text of thin_dump", "save it with --format xml instead", b"begin superblock:"),
    _refused("text with colors", "save it without colors: nbdinfo --map URI, without --color", b"\x1b["),
    _refused("the output of rbd export-diff", unsupported.RBD_EXPORT, b"rbd diff v1\n", b"rbd diff v2\n"),
    DocumentKind("a kubeconfig", _is_kubeconfig, _refuse_kubeconfig),
    DocumentKind("a Kubernetes object in YAML", _is_kubernetes_yaml, _kubernetes_yaml),
    DocumentKind("a Kubernetes object in JSON", _is_kubernetes_json, _kubernetes_json),
    DocumentKind("extents without a head", _with_keys("byteOffset", "sizeBytes"), _refuse_headless),
    _refused("YAML of kubectl cbt", unsupported.PRINTED_BY_US, *_YAML_SIGNS),
    _refused("a table", unsupported.PRINTED_BY_US, b"OFFSET ", b"MESSAGE "),
    _refused("a table of snapshot-metadata-lister", "save it with -o json instead", b"Record#"),
    _refused("a table or CSV without extents", unsupported.PRINTED_BY_US, b"# incomplete:"),
    _refused("a list of names", unsupported.PRINTED_BY_US, b"volumesnapshot.snapshot.storage.k8s.io/"),
    _refused("a summary", unsupported.PRINTED_BY_US, b"Delta ", b"Allocated "),
    TWO_NUMBERS,
    DocumentKind(
        "XML or HTML",
        lambda beginning: is_other_xml(beginning.data),
        _refusal("XML or HTML", unsupported.HINT_OPENABLE),
    ),
    _refused("an image in qcow2 format", unsupported.DISK_IMAGE, b"QFI\xfb"),
    _refused("a disk image in VMDK format", unsupported.DISK_IMAGE, b"KDMV", b"# Disk DescriptorFile"),
    _refused("a disk image in VHDX format", unsupported.DISK_IMAGE, b"vhdxfile"),
    _refused("a disk encrypted with LUKS", unsupported.DISK_IMAGE, b"LUKS\xba\xbe"),
    _refused("an XFS file system", unsupported.DISK_IMAGE, b"XFSB"),
    DocumentKind(
        "an array of other values", lambda beginning: beginning.opens_array(*unsupported.SCALARS), _refuse_array
    ),
)
"""The kinds of files, in order of recognition."""
