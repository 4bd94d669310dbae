"""Extents as columns: offsets and running totals.

With those two, "how many bytes are covered before x" is one binary search, so a map of any window at any zoom
is exact and nothing is binned in advance.
"""

from __future__ import annotations

import numpy as np

from kubectl_cbt.model.record import INT64_MAX, Int64Column, saturating_ends


class Extents:
    """Extents in order, without overlap; 16 bytes each.

    Args:
        offsets: int64[n], bytes, >= 0, strictly increasing.
        sizes: int64[n], bytes, > 0, ``offsets[i] + sizes[i] <= offsets[i + 1]`` (touching is legal).

    Raises:
        ValueError: when the columns break these rules. A driver's stream may; see :meth:`repaired`.
    """

    __slots__ = ("offsets", "totals")

    def __init__(self, offsets: Int64Column, sizes: Int64Column) -> None:
        if len(offsets) != len(sizes):
            raise ValueError(f"{len(offsets)} offsets, {len(sizes)} sizes")
        if len(sizes) and not _are_legal(offsets, sizes):
            raise ValueError("extents are not ascending, overlap, are empty, or leave the range of offsets")
        self.offsets = offsets
        self.totals = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))

    @classmethod
    def repaired(cls, offsets: Int64Column, sizes: Int64Column) -> Extents:
        """The same bytes of the volume from any columns: in any order, overlapping, empty, below 0 or without end.

        Legal columns are taken as they are, touching extents stay apart.
        """
        try:
            return cls(offsets, sizes)
        except ValueError:
            return cls(*_union(offsets, sizes))

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


def _are_legal(offsets: Int64Column, sizes: Int64Column) -> bool:
    # Saturated, so that an extent that wraps around int64 overlaps what lies behind it.
    ends = saturating_ends(offsets, sizes)
    return bool(
        offsets[0] >= 0
        and sizes.min() > 0
        and (offsets[1:] >= ends[:-1]).all()
        and offsets[-1] <= INT64_MAX - sizes[-1]
    )


def _union(offsets: Int64Column, sizes: Int64Column) -> tuple[Int64Column, Int64Column]:
    ends = saturating_ends(offsets, sizes)
    starts = np.maximum(offsets, 0)
    holds_bytes = ends > starts
    starts, ends = starts[holds_bytes], ends[holds_bytes]
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    begins_run = np.ones(len(starts), dtype=np.bool_)
    begins_run[1:] = starts[1:] > ends[:-1]
    run_starts = starts[begins_run]
    run_ends = ends[np.flatnonzero(np.append(begins_run[1:], True))] if len(ends) else ends
    return run_starts, run_ends - run_starts
