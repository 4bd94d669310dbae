"""Extents as columns: offsets and running totals.

With those two, "how many bytes are covered before x" is one binary search, so a map of any window at any zoom
is exact and nothing is binned in advance.
"""

from __future__ import annotations

import numpy as np

from kubectl_cbt.model.record import Int64Column


class Extents:
    """Extents in order, without overlap; 16 bytes each.

    Args:
        offsets: int64[n], bytes, strictly increasing.
        sizes: int64[n], bytes, > 0, ``offsets[i] + sizes[i] <= offsets[i + 1]`` (touching is legal).

    Raises:
        ValueError: when the columns break these rules. A driver's stream may; see :meth:`repaired`.
    """

    __slots__ = ("offsets", "totals")

    def __init__(self, offsets: Int64Column, sizes: Int64Column) -> None:
        if len(offsets) != len(sizes):
            raise ValueError(f"{len(offsets)} offsets, {len(sizes)} sizes")
        if len(sizes) and (sizes.min() <= 0 or bool((offsets[1:] < offsets[:-1] + sizes[:-1]).any())):
            raise ValueError("extents are not ascending, overlap, or are empty")
        self.offsets = offsets
        self.totals = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))

    @classmethod
    def repaired(cls, offsets: Int64Column, sizes: Int64Column) -> Extents:
        """The same bytes from columns in any order, with any overlap: empty extents dropped, overlaps merged.

        Legal columns are taken as they are, touching extents stay apart.
        """
        try:
            return cls(offsets, sizes)
        except ValueError:
            return cls(*_union(offsets[sizes > 0], sizes[sizes > 0]))

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def sizes(self) -> Int64Column:
        """int64[n], bytes."""
        return np.diff(self.totals)

    @property
    def covered_bytes(self) -> int:
        """Bytes in all extents."""
        return int(self.totals[-1])

    def covered_before(self, positions: Int64Column) -> Int64Column:
        """Bytes covered in ``[0, x)`` for each ``x`` of ``positions`` (int64[k], any order) as int64[k]."""
        if not len(self.offsets):
            return np.zeros(len(positions), dtype=np.int64)
        # The extent that contains x, or the last one that begins before it.
        index = np.maximum(np.searchsorted(self.offsets, positions, side="right") - 1, 0)
        inside = np.clip(positions - self.offsets[index], 0, self.totals[index + 1] - self.totals[index])
        return np.asarray(self.totals[index] + inside, dtype=np.int64)


def _union(offsets: Int64Column, sizes: Int64Column) -> tuple[Int64Column, Int64Column]:
    order = np.argsort(offsets, kind="stable")
    starts = offsets[order]
    ends = np.maximum.accumulate(starts + sizes[order])
    begins_run = np.concatenate(([True], starts[1:] > ends[:-1]))
    run_starts = starts[begins_run]
    run_ends = ends[np.concatenate((begins_run[1:], [True]))]
    return run_starts, run_ends - run_starts
