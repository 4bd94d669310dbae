"""The way in: any of the documents, recognised by how it begins."""

from __future__ import annotations

from typing import BinaryIO

from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.documents.document_stream import SavedStream
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.kinds import Opening, recognised
from kubectl_cbt.documents.unsupported import BYTE_ORDER_MARK
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.query import Operation


def open_document(file: BinaryIO, name: str, kind: Operation | None = None) -> SavedStream:
    """Read the head of a document; its extents are read while the stream is iterated over.

    Args:
        file: any binary file, seekable or not, still growing or not. It stays open, and the caller's to close.
        name: how messages call it: ``delta.json``, ``standard input``.
        kind: ``delta`` or ``allocated``, what a lister document is said to be, which does not say it itself.

    Raises:
        DocumentError: when it is none of the documents. What is wrong further in is raised while iterating, behind
            all extents in front of it.
    """
    source = RewindableInput(file, name)
    text = JsonCursor(source)
    if text.peek() == BYTE_ORDER_MARK[:1] and text.starts_with(BYTE_ORDER_MARK):
        text.advance(text.position + len(BYTE_ORDER_MARK))
        text.peek()
    found, beginning = recognised(text)
    document = found.open(Opening(text, beginning, kind))
    if not document.head.says_kind:
        return SavedStream(document, source, kind)
    verb = document.head.resolved.query.operation
    if kind not in (None, verb):
        raise DocumentError(
            f"{name} says that it is of kind {verb}, not {kind}",
            hint="leave out --kind: only messages without a head need it",
        )
    return SavedStream(document, source, verb)
