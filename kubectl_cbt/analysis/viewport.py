"""The part of the volume on the screen: cells of equal size, in rows, exact at every zoom.

A viewport is made of whole cells counted from the start of the volume, so a cell's bounds do not depend on earlier
moves: panning moves the same cells, and only the volume's last cell may be shorter than the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kubectl_cbt.model.record import Int64Column

_STEPS_AN_OCTAVE = 16
"""The whole volume is shown in cells of m x 2^k bytes, 16 <= m < 32: at most 1/16 of the screen stays empty.

Cells of a few bytes are not of this form, and may leave more.
"""


@dataclass(frozen=True, slots=True)
class Viewport:
    """Cells from number ``first_cell`` on, ``columns`` in a row, ``rows`` rows.

    Attributes:
        capacity_bytes: end of the volume, > 0.
        first_cell: counted from the start of the volume.
    """

    capacity_bytes: int
    columns: int
    rows: int
    cell_bytes: int
    first_cell: int = 0

    @property
    def cells(self) -> int:
        """The number of cells that fit."""
        return self.columns * self.rows

    @property
    def shown_cells(self) -> int:
        """The number of cells that contain bytes of the volume."""
        return min(self.cells, self._volume_cells - self.first_cell)

    @property
    def start(self) -> int:
        """First byte."""
        return self.first_cell * self.cell_bytes

    @property
    def end(self) -> int:
        """One past the last byte."""
        return min(self.start + self.cells * self.cell_bytes, self.capacity_bytes)

    @property
    def is_whole(self) -> bool:
        """Whether the whole volume is visible."""
        return self.start == 0 and self.end == self.capacity_bytes

    @property
    def _volume_cells(self) -> int:
        return -(-self.capacity_bytes // self.cell_bytes)

    def edges(self) -> Int64Column:
        """Edges of the shown cells as int64[shown_cells + 1], bytes."""
        edges = np.arange(self.shown_cells + 1, dtype=np.int64)
        # The last one is not on the grid, and might not fit an int64 there.
        edges[:-1] = self.start + min(self.cell_bytes, self.capacity_bytes) * edges[:-1]
        edges[-1] = self.end
        return edges

    def index_of(self, position: int) -> int | None:
        """The index of the visible cell that contains a byte, from 0; None when it is not visible."""
        return position // self.cell_bytes - self.first_cell if self.start <= position < self.end else None

    def bounds(self, position: int) -> tuple[int, int]:
        """Half-open range of the cell that contains a byte, visible or not."""
        start = position // self.cell_bytes * self.cell_bytes
        return start, min(start + self.cell_bytes, self.capacity_bytes)

    def showing(self, position: int) -> Viewport:
        """Moved by the fewest rows that make ``position`` visible."""
        cell = position // self.cell_bytes
        rows_off = (cell - self.first_cell) // self.columns
        if rows_off < 0:
            return self._from(self.first_cell + rows_off * self.columns)
        if rows_off >= self.rows:
            return self._from(self.first_cell + (rows_off - self.rows + 1) * self.columns)
        return self

    def with_cells_of(self, cell_bytes: int, position: int) -> Viewport:
        """Cells of another size, with ``position`` at its present place on the screen."""
        index = self.showing(position).index_of(position) or 0
        return replace(self, cell_bytes=cell_bytes)._from(position // cell_bytes - index)

    def starting_in(self, cell_bytes: int, position: int) -> Viewport:
        """Cells of another size, ``position`` in the first of them, unless that leaves room beyond the volume."""
        return replace(self, cell_bytes=cell_bytes)._from(position // cell_bytes)

    def around(self, cell_bytes: int, start: int, end: int) -> Viewport:
        """Cells of another size, with the bytes ``[start, end)`` in the middle."""
        cells = -(-end // cell_bytes) - start // cell_bytes
        rows_before = max(self.cells - cells, 0) // 2 // self.columns
        return replace(self, cell_bytes=cell_bytes)._from(start // cell_bytes - rows_before * self.columns)

    def laid_out(self, columns: int, rows: int, position: int) -> Viewport:
        """For another size of the screen, with ``position`` visible."""
        return replace(self, columns=columns, rows=rows)._from(self.first_cell).showing(position)

    def _from(self, first_cell: int) -> Viewport:
        return replace(self, first_cell=max(min(first_cell, self._volume_cells - self.cells), 0))


def whole_volume(capacity_bytes: int, grain_bytes: int, columns: int, rows: int) -> Viewport:
    """The viewport of the whole volume, in the smallest cells that are round numbers and no finer than the grain.

    Args:
        grain_bytes: 0 when unknown.
    """
    smallest = -(-capacity_bytes // (columns * rows))
    unit = 1 << max((smallest // _STEPS_AN_OCTAVE).bit_length() - 1, 0)
    return Viewport(capacity_bytes, columns, rows, max(-(-smallest // unit) * unit, grain_bytes, 1))


class Zoom:
    """The cell sizes to step through: the grain, its doubles, and finally the size that shows the whole volume.

    Args:
        grain_bytes: 0 when unknown; the smallest cell is one byte then.

    Attributes:
        whole_cell_bytes: the largest size.
    """

    def __init__(self, viewport: Viewport, grain_bytes: int) -> None:
        self._window = viewport
        self._grain = max(grain_bytes, 1)
        self.whole_cell_bytes = whole_volume(
            viewport.capacity_bytes, grain_bytes, viewport.columns, viewport.rows
        ).cell_bytes

    def smaller(self) -> int:
        """The next smaller size; the present one when it is the smallest."""
        smaller = self._at_least(-(-self._window.cell_bytes // 2))
        return min(smaller, self._window.cell_bytes, self.whole_cell_bytes)

    def larger(self) -> int:
        """The next larger size, at most :attr:`whole_cell_bytes`."""
        return min(self._at_least(self._window.cell_bytes + 1), self.whole_cell_bytes)

    def of_range(self, size_bytes: int) -> int:
        """The smallest size at which a range fills at most half of the viewport."""
        return min(self._at_least(-(-2 * size_bytes // max(self._window.cells, 1))), self.whole_cell_bytes)

    def single_cell(self) -> int:
        """The size at which the viewport shows one present cell."""
        # One cell less than fit: the present cell may start in the middle of a smaller one.
        smaller = self._at_least(-(-self._window.cell_bytes // max(self._window.cells - 1, 1)))
        return min(smaller, self._window.cell_bytes)

    def _at_least(self, size_bytes: int) -> int:
        cell = self._grain
        while cell < size_bytes:
            cell *= 2
        return cell
