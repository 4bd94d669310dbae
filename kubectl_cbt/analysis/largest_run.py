"""The longest run of a stream, counted batch by batch."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.model.record import Int64Column


class LargestRun:
    """Extents that touch are one run, whatever the batches are.

    Attributes:
        size_bytes: the longest so far; 0 without extents.
    """

    def __init__(self) -> None:
        self.size_bytes = 0
        self._start = self._end = 0

    def add(self, offsets: Int64Column, ends: Int64Column) -> None:
        """Count a batch: int64[m] each, ascending. Extents without bytes, or that overlap, end a run at most."""
        if not len(offsets):
            return
        begins = np.flatnonzero(np.concatenate(([offsets[0] != self._end], offsets[1:] != ends[:-1])))
        starts = np.concatenate(([self._start], offsets[begins]))
        stops = np.concatenate((ends[begins - 1], ends[-1:]))
        if len(begins) and begins[0] == 0:
            stops[0] = self._end
        self.size_bytes = max(self.size_bytes, int((stops - starts).max()))
        self._start, self._end = int(starts[-1]), int(stops[-1])
