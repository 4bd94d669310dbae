"""``-o table``: aligned columns of exact bytes, for reading and for awk."""

from __future__ import annotations

from kubectl_cbt.model.record import Batch, Int64Column
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.writer import OutputTarget, Write, Writer, incomplete_note

_GAP = "   "


class TableWriter(Writer):
    """Rows of offset and size."""

    is_text = True
    headings: tuple[str, ...] = ("OFFSET", "SIZE")

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._rows: Rows | None = None

    def batch(self, batch: Batch) -> None:
        heading = b""
        if self._rows is None:
            # In a valid stream no number exceeds the capacity, so the width is known from the start.
            width = max(len(str(batch.records.capacities[0])), *map(len, self.headings))
            heading = (_GAP.join(text.rjust(width) for text in self.headings) + "\n").encode()
            self._rows = Rows("", *[_GAP] * (len(self.headings) - 1), "\n", width=width)
        for text in self._rows.texts(*self._columns(batch)):
            self._write(heading + text)
            heading = b""

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if outcome.complete and self._rows is None:
            # kubectl does not print empty tables either.
            return
        self._write(incomplete_note(outcome))

    def _columns(self, batch: Batch) -> tuple[Int64Column, ...]:
        return batch.offsets, batch.sizes
