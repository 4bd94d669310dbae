"""Sets of bytes, and the relations between the answers about snapshots of one volume that are true for any data.

A byte that differs between two snapshots must be in their delta, or a backup that copies the delta misses it. Without
the data it is unknown which bytes differ, but some answers imply others:

- newly allocated blocks appear in the delta:
  ``allocated(target) − allocated(base) ⊆ delta(base, target)``
- a change from a to c was made between a and b or between b and c: ``delta(a, c) ⊆ delta(a, b) ∪ delta(b, c)``
- a block that changed in exactly one of the two steps differs between a and c:
  ``delta(a, b) − delta(b, c) ⊆ delta(a, c)``, and the reverse
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
        """The bytes that extents cover, in any order."""
        starts, lengths = union(offsets, sizes)
        return cls(starts, starts + lengths)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def size_bytes(self) -> int:
        """The number of bytes in the set."""
        return int((self.ends - self.starts).sum())

    def __or__(self, other: ByteRanges) -> ByteRanges:
        starts = np.concatenate((self.starts, other.starts))
        ends = np.concatenate((self.ends, other.ends))
        return ByteRanges.of(starts, ends - starts)

    def __sub__(self, other: ByteRanges) -> ByteRanges:
        """The bytes of this set that are not in the other."""
        # Between two neighbouring bounds membership is constant: decide once for each such stretch.
        bounds = np.unique(np.concatenate((self.starts, self.ends, other.starts, other.ends)))
        stretches = bounds[:-1]
        kept = self._contains(stretches) & ~other._contains(stretches)
        return ByteRanges.of(stretches[kept], np.diff(bounds)[kept])

    def within(self, start: int, end: int) -> ByteRanges:
        """The bytes of the set in ``[start, end)``."""
        starts, ends = np.maximum(self.starts, start), np.minimum(self.ends, end)
        kept = ends > starts
        return ByteRanges(starts[kept], ends[kept])

    def first(self, most: int) -> list[tuple[int, int]]:
        """Start and end of the first few."""
        return list(zip(self.starts[:most].tolist(), self.ends[:most].tolist(), strict=True))

    def _contains(self, positions: Int64Column) -> np.typing.NDArray[np.bool_]:
        found = np.searchsorted(self.starts, positions, side="right")
        before = np.append(self.ends, 0)[found - 1]
        return np.asarray((found > 0) & (positions < before))


def not_in_delta(allocated_base: ByteRanges, allocated_target: ByteRanges, delta: ByteRanges) -> ByteRanges:
    """Bytes that were allocated since the base and are missing from the delta."""
    return allocated_target - allocated_base - delta


def unexplained_by_steps(first: ByteRanges, second: ByteRanges, whole: ByteRanges) -> ByteRanges:
    """Bytes in the delta over both steps that are in neither step."""
    return whole - (first | second)


def missing_from_combined(first: ByteRanges, second: ByteRanges, whole: ByteRanges) -> ByteRanges:
    """Bytes in exactly one of two steps that are missing from the delta over both."""
    return ((first - second) | (second - first)) - whole
