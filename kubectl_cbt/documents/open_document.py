"""Recognise and open a saved file by its first bytes, after decompressing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.documents.compression import decompressed
from kubectl_cbt.documents.document_stream import SavedStream
from kubectl_cbt.documents.first_bytes import FirstBytes
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.kinds import DocumentKind, Opening, kind_of
from kubectl_cbt.documents.reading_options import AS_RECORDED, FileFormat, ReadingOptions
from kubectl_cbt.documents.unsupported import BYTE_ORDER_MARK
from kubectl_cbt.errors import DocumentError


@dataclass(frozen=True, slots=True)
class RecognisedFile:
    """A file of which the first bytes were read."""

    kind: DocumentKind
    _text: JsonCursor
    _beginning: FirstBytes
    _source: RewindableInput

    def rewound(self) -> RewindableInput:
        """Its bytes from the beginning, for a kind that is not a document."""
        self._source.unread(self._text.data[self._text.position :])
        return self._source

    def open(self, options: ReadingOptions = AS_RECORDED) -> SavedStream:
        """As :func:`open_document`."""
        document = self.kind.open(Opening(self._text, self._beginning, options))
        operation = options.kind
        if document.head.has_kind:
            operation = document.head.resolved.query.operation
            if options.kind not in (None, operation):
                raise DocumentError(
                    f"{self._source.name} is of kind {operation}, not {options.kind}",
                    hint="omit --kind: the file records it",
                )
        return SavedStream(document, self._source, operation, options.capacity_bytes)


def recognise(
    file: BinaryIO, name: str, form: FileFormat | None = None, *, is_for_either: bool = False
) -> RecognisedFile:
    """Read the first bytes of a file, no more than it takes to recognise its kind.

    Args:
        file: any binary file, seekable or not, possibly still growing. The caller closes it.
        name: used in messages: ``delta.json``, ``standard input``.
        form: the format that it must have; None for any.
        is_for_either: it may have another format, if it is recognised as that.

    Raises:
        DocumentError: it cannot be read, or has another format.
    """
    source = decompressed(RewindableInput(file, name))
    text = JsonCursor(source)
    if text.peek() == BYTE_ORDER_MARK[:1] and text.starts_with(BYTE_ORDER_MARK):
        text.advance(text.position + len(BYTE_ORDER_MARK))
        text.peek()
    kind, beginning = kind_of(text, form, is_for_either=is_for_either)
    return RecognisedFile(kind, text, beginning, source)


def open_document(file: BinaryIO, name: str, options: ReadingOptions = AS_RECORDED) -> SavedStream:
    """Read the head of a document; its extents are read while iterating over the stream.

    Args:
        file, name: as for :func:`recognise`.
        options: what the format does not record, from the user.

    Raises:
        DocumentError: it is not a document. Errors further on are raised while iterating, after all extents before
            them.
    """
    return recognise(file, name, options.format).open(options)
