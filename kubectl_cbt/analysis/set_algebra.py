"""Sets of bytes, and what has to hold between the answers about snapshots of one volume, whatever the data.

A byte that differs between two snapshots has to be in their delta: a backup that copies the delta would miss it. Which
bytes differ nobody knows without the data, but some answers give others away:

- what is allocated in the target and was not in the base has come since:
  ``allocated(target) − allocated(base) ⊆ delta(base, target)``
- what changed from a to c changed on the way there or on the way on: ``delta(a, c) ⊆ delta(a, b) ∪ delta(b, c)``
- what changed in one of the two only is not as it was:
  ``delta(a, b) − delta(b, c) ⊆ delta(a, c)``, and the other way round
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kubectl_cbt.model.extents import union
from kubectl_cbt.model.record import Int64Column


@dataclass(frozen=True, slots=True, eq=False)
class ByteRanges:
    """A set of bytes.

    Attributes:
        starts: int64[n], strictly increasing.
        ends: int64[n], exclusive; no range touches the next.
    """

    starts: Int64Column
    ends: Int64Column

    @classmethod
    def of(cls, offsets: Int64Column, sizes: Int64Column) -> ByteRanges:
        """What extents cover, in whatever order they came."""
        starts, lengths = union(offsets, sizes)
        return cls(starts, starts + lengths)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""
        return int((self.ends - self.starts).sum())

    def __or__(self, other: ByteRanges) -> ByteRanges:
        starts = np.concatenate((self.starts, other.starts))
        ends = np.concatenate((self.ends, other.ends))
        return ByteRanges.of(starts, ends - starts)

    def __sub__(self, other: ByteRanges) -> ByteRanges:
        """What is in this set and not in the other."""
        # Between two neighbouring bounds of either set nothing changes: decide once for each such stretch.
        bounds = np.unique(np.concatenate((self.starts, self.ends, other.starts, other.ends)))
        stretches = bounds[:-1]
        kept = self._holds(stretches) & ~other._holds(stretches)
        return ByteRanges.of(stretches[kept], np.diff(bounds)[kept])

    def within(self, start: int, end: int) -> ByteRanges:
        """The part of ``[start, end)``."""
        starts, ends = np.maximum(self.starts, start), np.minimum(self.ends, end)
        kept = ends > starts
        return ByteRanges(starts[kept], ends[kept])

    def first(self, most: int) -> list[tuple[int, int]]:
        """Start and end of the first few."""
        return list(zip(self.starts[:most].tolist(), self.ends[:most].tolist(), strict=True))

    def _holds(self, positions: Int64Column) -> np.typing.NDArray[np.bool_]:
        found = np.searchsorted(self.starts, positions, side="right")
        before = np.append(self.ends, 0)[found - 1]
        return np.asarray((found > 0) & (positions < before))


def not_in_delta(allocated_base: ByteRanges, allocated_target: ByteRanges, delta: ByteRanges) -> ByteRanges:
    """Bytes that came into the volume since the base, and that the delta does not tell of."""
    return allocated_target - allocated_base - delta


def unexplained_by_steps(first: ByteRanges, second: ByteRanges, whole: ByteRanges) -> ByteRanges:
    """Bytes that a delta over both steps tells of, and neither step does."""
    return whole - (first | second)


def missing_from_combined(first: ByteRanges, second: ByteRanges, whole: ByteRanges) -> ByteRanges:
    """Bytes that one of two steps alone tells of, and that the delta over both does not."""
    return ((first - second) | (second - first)) - whole
