"""``-o json``: the document, written while the stream arrives. It is valid JSON even if the stream fails."""

from __future__ import annotations

from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.array_document import ArrayDocument
from kubectl_cbt.output.document import head, tail
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.writer import OutputTarget, Write, Writer


class JsonWriter(Writer):
    """One object, with one line per extent."""

    needs_summary = True
    needs_operation = True

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._document = ArrayDocument(write, "extents")
        self._resolved = resolved
        self._rows = Rows('    {"byteOffset":', ',"sizeBytes":', "},\n")

    def batch(self, batch: Batch) -> None:
        if not self._document.is_begun:
            self._document.begin(head(self._resolved, batch))
        if len(batch):
            self._document.rows(self._rows.texts(batch.offsets, batch.sizes))

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if not self._document.is_begun:
            self._document.begin(head(self._resolved, None, outcome))
        self._document.end(tail(outcome, summary))
