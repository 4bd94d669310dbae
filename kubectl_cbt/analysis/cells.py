"""A range of the volume as cells, each with the exact number of covered bytes."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.analysis.heat_scale import HeatScale, Levels
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.record import Int64Column


def cell_edges(start: int, end: int, cells: int) -> Int64Column:
    """Edges of ``cells`` cells over ``[start, end)`` as int64[cells + 1], bytes, in exact integers.

    Cells differ by at most one byte. With fewer bytes than cells some are empty.
    """
    whole, rest = divmod(end - start, cells)
    index = np.arange(cells + 1, dtype=np.int64)
    # start + (end - start) * index // cells, written so that the product cannot leave int64.
    return start + whole * index + rest * index // cells


def coverage(extents: Extents, edges: Int64Column) -> Int64Column:
    """Covered bytes of each cell as int64[len(edges) - 1]; their sum is the coverage of the whole range."""
    return np.diff(extents.covered_before(edges))


class CellCounter:
    """Cells counted batch by batch: a map of a stream that is not kept in memory.

    Args:
        edges: int64[cells + 1], bytes, ascending; bytes outside them are not counted.

    Attributes:
        covered: int64[cells], covered bytes of each cell, at most its width.
    """

    def __init__(self, edges: Int64Column) -> None:
        self.edges = edges
        self.covered = np.zeros(len(edges) - 1, dtype=np.int64)

    @classmethod
    def of_volume(cls, capacity_bytes: int, cells: int) -> CellCounter:
        """``cells`` cells, >= 1, of a whole volume; they are empty if its capacity is not above 0."""
        return cls(cell_edges(0, max(capacity_bytes, 0), cells))

    def add(self, offsets: Int64Column, sizes: Int64Column) -> None:
        """Count one batch; overlaps within it count once, overlaps with earlier ones at most fill the cell."""
        found = coverage(Extents.repaired(offsets, sizes), self.edges)
        self.covered = np.minimum(self.covered + found, np.diff(self.edges))

    def levels(self, scale: HeatScale, levels: int) -> Levels:
        """Heat of each cell."""
        return scale.levels(self.covered, np.diff(self.edges), levels)
