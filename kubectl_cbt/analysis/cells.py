"""A range of the volume as cells, each with the exact number of covered bytes, and what heat that is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.record import Int64Column

Levels = npt.NDArray[np.uint8]
"""Heat of each cell: 0 for exactly nothing, so that the least change is seen, then 1 to the number of levels."""


def cell_edges(start: int, end: int, cells: int) -> Int64Column:
    """Edges of ``cells`` cells over ``[start, end)`` as int64[cells + 1], bytes, in exact integers.

    Cells differ by at most one byte. With fewer bytes than cells some are empty.
    """
    whole, rest = divmod(end - start, cells)
    index = np.arange(cells + 1, dtype=np.int64)
    # start + (end - start) * index // cells, written so that the product cannot leave int64.
    return start + whole * index + rest * index // cells


def coverage(extents: Extents, edges: Int64Column) -> Int64Column:
    """Covered bytes of each cell as int64[len(edges) - 1]; their sum is the coverage of the whole viewport."""
    return np.diff(extents.covered_before(edges))


def heat_levels(covered: Int64Column, widths: Int64Column, levels: int) -> Levels:
    """The level of each cell: its covered share, rounded up to ``levels`` steps.

    Args:
        covered: int64[n], bytes of each cell; more than its width counts as all.
        widths: int64[n], bytes of each cell; a cell without bytes has level 0.
        levels: the level of a cell that is covered wholly, at most 255.
    """
    # The products below must stay in int64; what cells so large lose to it is not seen.
    shift = max((int(widths.max(initial=0)) * levels).bit_length() - 62, 0)
    full = np.maximum(widths >> shift, 1)
    part = np.minimum(covered >> shift, full)
    steps = -(-(part * levels) // full)
    return np.where((covered > 0) & (widths > 0), np.maximum(steps, 1), 0).astype(np.uint8)


class CellCounter:
    """Cells of a whole volume, filled batch by batch: a map of a stream that was never kept.

    Args:
        capacity_bytes: end of the last cell; what lies beyond is not counted.
        cells: how many, >= 1.
    """

    def __init__(self, capacity_bytes: int, cells: int) -> None:
        self.edges = cell_edges(0, max(capacity_bytes, 0), cells)
        self.covered = np.zeros(cells, dtype=np.int64)

    def add(self, offsets: Int64Column, sizes: Int64Column) -> None:
        """Count one batch; overlaps within it count once, overlaps with earlier ones at most fill the cell."""
        self.covered += coverage(Extents.repaired(offsets, sizes), self.edges)

    def levels(self, levels: int) -> Levels:
        """Heat of each cell."""
        return heat_levels(self.covered, np.diff(self.edges), levels)
