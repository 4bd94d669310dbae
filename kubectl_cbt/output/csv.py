"""``-o csv``: a header, and rows of two integers, which need no quotes."""

from __future__ import annotations

from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.writer import OutputTarget, Write, Writer, incomplete_note


class CsvWriter(Writer):
    """Rows of ``byteOffset,sizeBytes``."""

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._header = b"byteOffset,sizeBytes\n"
        self._rows = Rows("", ",", "\n")

    def batch(self, batch: Batch) -> None:
        for text in self._rows.texts(batch.offsets, batch.sizes):
            self._write(self._header + text)
            self._header = b""

    def end(self, outcome: Outcome, summary: Summary) -> None:
        self._write(self._header + incomplete_note(outcome))
