"""The position on the volume: the viewport and the byte under the cursor, and how keys move both."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from kubectl_cbt.analysis.viewport import Viewport, Zoom, whole_volume

_REMEMBERED = 100


class MapCursor:
    """Viewport and cursor; draws nothing.

    Attributes:
        viewport: None until the volume's capacity is known.
        position: the byte under the cursor, always visible.
        is_placed: whether the user, or a starting offset, chose the position or the zoom.
    """

    def __init__(self, position: int = 0) -> None:
        self.viewport: Viewport | None = None
        self.position = position
        self.is_placed = position > 0
        self._first_range: tuple[int, int] | None = None
        self._before: deque[tuple[int, int, int]] = deque(maxlen=_REMEMBERED)

    @classmethod
    def of_range(cls, position: int, start: int, end: int) -> MapCursor:
        """A cursor on a byte of a range, which the first viewport shows."""
        cursor = cls(position)
        cursor.is_placed, cursor._first_range = True, (start, end)
        return cursor

    def lay_out(self, capacity_bytes: int, grain_bytes: int, columns: int, rows: int) -> None:
        """Fit the viewport to a screen of another size; the first call creates it. The cursor keeps its byte."""
        whole = whole_volume(capacity_bytes, grain_bytes, columns, rows)
        viewport = self.viewport
        self.position = min(self.position, capacity_bytes - 1)
        if viewport is None and self._first_range is not None:
            position, self.viewport = self.position, whole
            self.zoom_to_range(grain_bytes, *self._first_range)
            self.go(position)
        elif viewport is None or viewport.is_whole or viewport.cell_bytes >= whole.cell_bytes:
            self.viewport = whole
        else:
            # Another snapshot of the volume may have another size.
            self.viewport = replace(viewport, capacity_bytes=capacity_bytes).laid_out(columns, rows, self.position)

    @property
    def cell(self) -> tuple[int, int]:
        """Half-open range of the cell under the cursor."""
        return self.viewport.bounds(self.position) if self.viewport else (0, 0)

    def remember(self) -> None:
        """Remember position and zoom, for :meth:`back`."""
        if self.viewport is not None:
            self._before.append((self.position, self.viewport.first_cell, self.viewport.cell_bytes))

    def back(self, grain_bytes: int) -> bool:
        """Return to the position and zoom remembered last; False when there is none."""
        while self._before and self.viewport is not None:
            position, first_cell, cell_bytes = self._before.pop()
            before = self.position, self.viewport
            whole = Zoom(self.viewport, grain_bytes).whole_cell_bytes
            if cell_bytes >= whole:
                self.zoom_whole(grain_bytes)
            else:
                self.viewport = self.viewport.starting_in(cell_bytes, first_cell * cell_bytes)
            self.go(position)
            if before != (self.position, self.viewport):
                return True
        return False

    def go(self, position: int) -> None:
        """Move the cursor to a byte, and the viewport if necessary."""
        if self.viewport is None:
            return
        self.position = max(min(position, self.viewport.capacity_bytes - 1), 0)
        self.viewport = self.viewport.showing(self.position)

    def go_cells(self, cells: int) -> None:
        """Move the cursor by cells, to the start of a cell, within the volume."""
        if self.viewport is None:
            return
        size = self.viewport.cell_bytes
        cell = self.position // size + cells
        last = (self.viewport.capacity_bytes - 1) // size
        if 0 <= cell <= last:
            self.go(cell * size)
        elif abs(cells) == 1:
            return
        else:
            # A row or a page too far: move to the last row that has this column.
            step = self.viewport.columns if cells > 0 else -self.viewport.columns
            steps = 0
            while 0 <= self.position // size + steps + step <= last:
                steps += step
            self.go((self.position // size + steps) * size)

    def go_rows(self, rows: int) -> None:
        """Move the cursor by rows of cells."""
        if self.viewport is not None:
            self.go_cells(rows * self.viewport.columns)

    def go_pages(self, pages: int) -> None:
        """Move the cursor by screens."""
        if self.viewport is not None:
            self.go_rows(pages * self.viewport.rows)

    def go_in_row(self, column: int) -> None:
        """Move the cursor along its row: 0 is the first cell, -1 the last."""
        viewport = self.viewport
        if viewport is None:
            return
        index = viewport.index_of(self.position) or 0
        first = index - index % viewport.columns
        wanted = first if column == 0 else min(first + viewport.columns, viewport.shown_cells) - 1
        self.go(viewport.start + wanted * viewport.cell_bytes)

    def zoom(self, grain_bytes: int, position: int, *, closer: bool) -> None:
        """Zoom one step in or out, around a visible byte."""
        if self.viewport is not None:
            zoom = Zoom(self.viewport, grain_bytes)
            cell_bytes = zoom.smaller() if closer else zoom.larger()
            if cell_bytes >= zoom.whole_cell_bytes:
                self.zoom_whole(grain_bytes)
            else:
                self.viewport = self.viewport.with_cells_of(cell_bytes, position).showing(self.position)

    def zoom_to_cell(self, grain_bytes: int) -> None:
        """Fill the screen with the cell under the cursor."""
        if self.viewport is not None:
            start, end = self.cell
            cell_bytes = Zoom(self.viewport, grain_bytes).single_cell()
            self.viewport = self.viewport.starting_in(cell_bytes, start).showing(end - 1).showing(self.position)

    def zoom_to_range(self, grain_bytes: int, start: int, end: int) -> None:
        """Show the bytes ``[start, end)`` in the middle of the screen, with the cursor on the first."""
        if self.viewport is None:
            return
        zoom = Zoom(self.viewport, grain_bytes)
        cell_bytes = zoom.of_range(end - start)
        if cell_bytes >= zoom.whole_cell_bytes:
            self.zoom_whole(grain_bytes)
        else:
            self.viewport = self.viewport.around(cell_bytes, start, end)
        self.go(start)

    def zoom_whole(self, grain_bytes: int) -> None:
        """Show the whole volume."""
        viewport = self.viewport
        if viewport is not None:
            self.viewport = whole_volume(viewport.capacity_bytes, grain_bytes, viewport.columns, viewport.rows)
