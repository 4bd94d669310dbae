"""The bytes of a volume that a stream has described. Every drawing and sentence is made from this one value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.results import Outcome
from kubectl_cbt.model.stream_query import Query


@dataclass(frozen=True, slots=True)
class KnownRange:
    """The known range of one stream, half-open. Outside it a missing extent means nothing.

    Attributes:
        start: where the answer begins.
        end: how far the stream has come.
        capacity_bytes: end of the volume; 0 when unknown.
        is_complete: whether the stream came to its end, so that the range grows no more.
    """

    start: int
    end: int
    capacity_bytes: int
    is_complete: bool

    @classmethod
    def of(cls, query: Query, outcome: Outcome) -> KnownRange:
        """What a stream has described, so far or in the end."""
        start = query.starting_offset
        capacity = end = outcome.volume_capacity_bytes or 0
        if query.end_offset is not None:
            end = min(end, query.end_offset)
        if not outcome.complete:
            # After an extent out of order, the next one may be anywhere.
            end = start if outcome.is_out_of_order else outcome.next_offset
        return cls(start, end, capacity, outcome.complete)

    @property
    def is_whole(self) -> bool:
        """Whether figures of the stream are figures of the volume."""
        return self.is_complete and self.start == 0 and self.end >= self.capacity_bytes

    def contains(self, start: int, end: int) -> bool:
        """Whether every byte of ``[start, end)`` is known."""
        return end <= start or (self.start <= start and end <= self.end)

    def overlap_bytes(self, start: int, end: int) -> int:
        """The number of bytes of ``[start, end)`` that are known."""
        return max(min(end, self.end) - max(start, self.start), 0)

    def contains_cells(self, edges: Int64Column) -> npt.NDArray[np.bool_]:
        """For each cell between ``edges`` whether all of it is known: the rest of a cell may contain more extents."""
        known: npt.NDArray[np.bool_] = (edges[:-1] >= self.start) & (edges[1:] <= self.end)
        return known | (edges[1:] <= edges[:-1])


def fully_known(capacity_bytes: int) -> KnownRange:
    """The range of a complete stream over the whole volume."""
    return KnownRange(0, capacity_bytes, capacity_bytes, is_complete=True)
