"""The way in: any of the documents, told apart by how it begins."""

from __future__ import annotations

from typing import BinaryIO

from kubectl_cbt.errors import DocumentError
from kubectl_cbt.saved.foreign import BYTE_ORDER_MARK, foreign
from kubectl_cbt.saved.lister import ListerDocument
from kubectl_cbt.saved.source import Source
from kubectl_cbt.saved.stream import SavedStream
from kubectl_cbt.saved.text import Text
from kubectl_cbt.saved.versioned import VersionedDocument


def open_document(file: BinaryIO, name: str, kind: str | None = None) -> SavedStream:
    """Read the head of a document; its extents are read while the stream is iterated over.

    Args:
        file: any binary file, seekable or not, still growing or not. It stays open, and the caller's to close.
        name: how messages call it: ``delta.json``, ``standard input``.
        kind: ``delta`` or ``allocated``, what a lister document is said to be, which does not say it itself.

    Raises:
        DocumentError: when it is none of the documents. What is wrong further in is raised while iterating, behind
            all extents in front of it.
    """
    source = Source(file, name)
    text = Text(source)
    first = text.peek()
    if first == BYTE_ORDER_MARK[:1] and text.starts_with(BYTE_ORDER_MARK):
        text.advance(text.position + len(BYTE_ORDER_MARK))
        first = text.peek()
    if first == b"[":
        return SavedStream(ListerDocument(text, kind), source, kind)
    if first != b"{":
        raise foreign(text)
    document = VersionedDocument(text)
    verb = document.head.asked.question.verb
    if kind not in (None, verb):
        raise DocumentError(
            f"{name} says itself that it is of kind {verb}, not {kind}",
            hint="leave the kind out: only a document of snapshot-metadata-lister does not say it",
        )
    return SavedStream(document, source, verb)
