"""Files that are none of the documents, and what a person may have meant to open instead."""

from __future__ import annotations

from kubectl_cbt.errors import DocumentError
from kubectl_cbt.saved.text import HINT_OPENABLE, Text

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_SEEN_BYTES = 64

_PRINTED_BY_US = (
    "save it with -o json or -o ndjson instead: only these say what they are of, and whether they are complete"
)
_COMPRESSED = "decompress it first: a pipe will do, kubectl cbt open - reads one"
_UTF_16 = "save it as UTF-8: PowerShell's > writes UTF-16"

_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "compressed with gzip", _COMPRESSED),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", _COMPRESSED),
    (b"BZh", "compressed with bzip2", _COMPRESSED),
    (b"\xfd7zXZ\x00", "compressed with xz", _COMPRESSED),
    (b"PK\x03\x04", "a zip archive", _COMPRESSED),
    (b"\xff\xfe", "UTF-16", _UTF_16),
    (b"\xfe\xff", "UTF-16", _UTF_16),
    (b"byteOffset,sizeBytes", "CSV", _PRINTED_BY_US),
    (b"apiVersion:", "YAML", _PRINTED_BY_US),
    (b"---", "YAML", _PRINTED_BY_US),
    (b"OFFSET", "a table", _PRINTED_BY_US),
    (b"MESSAGE", "a table", _PRINTED_BY_US),
    (b"Record#", "a table of snapshot-metadata-lister", "save it with -o json instead"),
    (b"# incomplete:", "a table or CSV without extents", _PRINTED_BY_US),
    (b"volumesnapshot.snapshot.storage.k8s.io/", "a list of names", _PRINTED_BY_US),
    (b"Delta ", "a summary", _PRINTED_BY_US),
    (b"Allocated ", "a summary", _PRINTED_BY_US),
)


def foreign(text: Text) -> DocumentError:
    """What to say of a file whose first byte, where the text stands, does not begin a document."""
    while len(text.data) - text.position < _SEEN_BYTES:
        if not text.more():
            break
    start = text.data[text.position : text.position + _SEEN_BYTES]
    if not start:
        return DocumentError(f"{text.name} is empty", hint=HINT_OPENABLE)
    for sign, what, hint in _SIGNS:
        if start.startswith(sign):
            return DocumentError(f"{text.name} is {what}, which cannot be opened", hint=hint)
    return text.not_json()
