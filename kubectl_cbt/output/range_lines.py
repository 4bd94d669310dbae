"""``-o ranges``: lines of offset and length in bytes, for scripts.

Readers of such lines take ``#`` for a comment. So the last line of an incomplete stream starts with a word: it is not a
range for any of them.
"""

from __future__ import annotations

from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.writer import OutputTarget, Write, Writer
from kubectl_cbt.units import one_line


class RangesWriter(Writer):
    """Rows of ``OFFSET LENGTH``, as the driver sent them; nothing else in a complete stream."""

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._rows = Rows("", " ", "\n")

    def batch(self, batch: Batch) -> None:
        for text in self._rows.texts(batch.offsets, batch.sizes):
            self._write(text)

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if outcome.failure:
            self._write(f"incomplete: {one_line(outcome.failure.message)}\n".encode())
