"""``-o wide``: the table with the message, end and gap of each extent."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.model.record import Batch, Int64Column
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.output.table import TableWriter
from kubectl_cbt.output.writer import OutputTarget, Write


class WideWriter(TableWriter):
    """Adds the number of the message, the end of the extent, and the unchanged bytes before it."""

    headings = ("MESSAGE", "OFFSET", "END", "SIZE", "GAP")

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        super().__init__(write, resolved, screen)
        self._last_end = resolved.query.starting_offset

    def _columns(self, batch: Batch) -> tuple[Int64Column, ...]:
        if not len(batch):
            return (batch.offsets,) * len(self.headings)
        gaps = batch.offsets - np.concatenate(([self._last_end], batch.ends[:-1]))
        self._last_end = int(batch.ends[-1])
        return batch.message_numbers, batch.offsets, batch.ends, batch.sizes, gaps
