"""``-o table`` and ``-o wide``: aligned columns of exact bytes, for reading and for awk."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.model.record import Batch, Int64Column, saturating_ends
from kubectl_cbt.model.results import Asked, Outcome, Summary
from kubectl_cbt.output.writer import Screen, Write, incomplete_note, rows

_GAP = "   "


class TableWriter:
    """Offset and size."""

    headings: tuple[str, ...] = ("OFFSET", "SIZE")

    def __init__(self, write: Write, asked: Asked, screen: Screen) -> None:
        self._write = write
        self._template = ""

    def batch(self, batch: Batch) -> None:
        heading = "" if self._template else self._heading(batch.record.volume_capacity_bytes)
        self._write(heading + rows(self._template, *self._columns(batch)))

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if outcome.complete and not self._template:
            # kubectl prints no empty table either.
            return
        self._write(incomplete_note(outcome))

    def _columns(self, batch: Batch) -> tuple[Int64Column, ...]:
        return batch.offsets, batch.sizes

    def _heading(self, capacity_bytes: int) -> str:
        """The heading line. Every number of a sound stream is at most the capacity, so its width is known now."""
        width = max(len(str(capacity_bytes)), *map(len, self.headings))
        self._template = _GAP.join(f"%{width}d" for _ in self.headings) + "\n"
        return _GAP.join(heading.rjust(width) for heading in self.headings) + "\n"


class WideWriter(TableWriter):
    """Also the message it came in, its end, and the unchanged bytes in front of it."""

    headings = ("MESSAGE", "OFFSET", "END", "SIZE", "GAP")

    def __init__(self, write: Write, asked: Asked, screen: Screen) -> None:
        super().__init__(write, asked, screen)
        self._last_end = asked.question.starting_offset

    def _columns(self, batch: Batch) -> tuple[Int64Column, ...]:
        if not len(batch):
            return (batch.offsets,) * len(self.headings)
        ends = saturating_ends(batch.offsets, batch.sizes)
        gaps = batch.offsets - np.concatenate(([self._last_end], ends[:-1]))
        self._last_end = int(ends[-1])
        return np.full(len(batch), batch.record.number), batch.offsets, ends, batch.sizes, gaps
