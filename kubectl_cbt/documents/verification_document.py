"""The document of ``verify -o json``: the ranges that are missing from an answer, as extents."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from kubectl_cbt.documents.document_tail import (
    VERIFICATION_TAIL_KEYS,
    DocumentEnding,
    read_verification_ending,
)
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.own_document import VersionedDocument
from kubectl_cbt.model.api_version import VERIFICATION_KIND
from kubectl_cbt.model.stream_query import Operation


class VerificationDocument(VersionedDocument):
    """Its extents are neither a delta nor allocated blocks.

    Args:
        text: at its first ``{``.
    """

    KIND: ClassVar[str] = VERIFICATION_KIND
    EXTENTS: ClassVar[str] = "missing"
    TAIL: ClassVar[tuple[str, ...]] = VERIFICATION_TAIL_KEYS

    def __init__(self, text: JsonCursor) -> None:
        super().__init__(text)
        self.head = replace(self.head, has_kind=False, resolved=replace(self.head.resolved, shows_missing=True))
        answer = "delta" if self.head.resolved.query.operation is Operation.DELTA else "allocated extents"
        self.note = f"these are the ranges that are missing from the {answer}"

    def _read_ending(self) -> DocumentEnding:
        return read_verification_ending(self._text.name, self._values)
