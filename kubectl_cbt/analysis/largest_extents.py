"""The largest extents of a stream, in order of size: a bounded number, of any number of extents."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.analysis.extent_filter import ExtentFilter
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.record import Int64Column

MOST = 100_000


class LargestExtents:
    """At most ``most`` extents that match a filter, largest first; those of equal size in order of offset.

    Args:
        extent_filter: None matches all.

    Attributes:
        matches: the number of all extents that match.
    """

    def __init__(self, extents: Extents, extent_filter: ExtentFilter | None, most: int = MOST) -> None:
        self._extents = extents
        self._filter = extent_filter
        self.matches = 0
        offsets, sizes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for chunk in extents.chunks:
            index = np.arange(len(chunk.offsets)) if extent_filter is None else extent_filter.passing(chunk)
            self.matches += len(index)
            kept = index[_largest(chunk.sizes[index], most)]
            offsets.append(chunk.offsets[kept])
            sizes.append(chunk.sizes[kept])
            if sum(map(len, sizes)) > 2 * most:
                offsets, sizes = ([column] for column in _ordered(np.concatenate(offsets), np.concatenate(sizes), most))
        self._offsets, self._sizes = _ordered(np.concatenate(offsets), np.concatenate(sizes), most)

    def __len__(self) -> int:
        return len(self._offsets)

    def is_of(self, extents: Extents, extent_filter: ExtentFilter | None) -> bool:
        """Whether this is the order of these extents with this filter."""
        return self._extents is extents and self._filter == extent_filter

    def rows(self, start: int, stop: int) -> tuple[Int64Column, Int64Column]:
        """Offsets and sizes of the extents ``start`` to ``stop`` (exclusive) in order of size."""
        return self._offsets[start:stop], self._sizes[start:stop]

    def line_at(self, position: int) -> int:
        """The number of the extent that contains a byte; -1 if it is not among these."""
        found = np.flatnonzero((self._offsets <= position) & (self._offsets + self._sizes > position))
        return int(found[0]) if len(found) else -1

    def lines_in(self, start: int, end: int) -> frozenset[int]:
        """The numbers of the extents with a byte in ``[start, end)``."""
        found = np.flatnonzero((self._offsets < end) & (self._offsets + self._sizes > start))
        return frozenset(found.tolist())


def _largest(sizes: Int64Column, most: int) -> Int64Column:
    """Positions of the largest sizes; of equal ones at the edge those with the lowest positions."""
    if len(sizes) <= most:
        return np.arange(len(sizes))
    least = np.partition(sizes, len(sizes) - most)[len(sizes) - most]
    above = np.flatnonzero(sizes > least)
    equal = np.flatnonzero(sizes == least)[: most - len(above)]
    return np.sort(np.concatenate((above, equal)))


def _ordered(offsets: Int64Column, sizes: Int64Column, most: int) -> tuple[Int64Column, Int64Column]:
    order = np.lexsort((offsets, -sizes))[:most]
    return offsets[order], sizes[order]
