"""A window of the volume as cells of equal size, each with the exact number of covered bytes."""

from __future__ import annotations

import numpy as np

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
    """Covered bytes of each cell as int64[len(edges) - 1]; their sum is the coverage of the whole window."""
    return np.diff(extents.covered_before(edges))


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

    def fractions(self) -> list[float]:
        """Covered share of each cell, 0.0 to 1.0; 0.0 for a cell without bytes."""
        widths = np.maximum(np.diff(self.edges), 1)
        return [float(fraction) for fraction in np.minimum(self.covered / widths, 1.0)]
