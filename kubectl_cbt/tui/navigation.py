"""Where on the volume a person is: the window and the byte under the cursor, and how keys move both."""

from __future__ import annotations

from dataclasses import replace

from kubectl_cbt.analysis.viewport import Viewport, Zoom, whole_volume


class MapCursor:
    """Window and cursor; nothing here draws.

    Attributes:
        window: None until the volume's capacity is known.
        cursor: a byte of the volume, always on the screen.
    """

    def __init__(self, cursor: int = 0) -> None:
        self.window: Viewport | None = None
        self.cursor = cursor

    def lay_out(self, capacity_bytes: int, grain_bytes: int, columns: int, rows: int) -> None:
        """Fit into a screen of another size, or begin; the cursor keeps its byte."""
        whole = whole_volume(capacity_bytes, grain_bytes, columns, rows)
        window = self.window
        self.cursor = min(self.cursor, capacity_bytes - 1)
        if window is None or window.is_whole or window.cell_bytes >= whole.cell_bytes:
            self.window = whole
        else:
            # Another snapshot of the volume may have another size.
            self.window = replace(window, capacity_bytes=capacity_bytes).laid_out(columns, rows, self.cursor)

    @property
    def cell(self) -> tuple[int, int]:
        """Half-open range of the cell under the cursor."""
        return self.window.bounds(self.cursor) if self.window else (0, 0)

    def go(self, position: int) -> None:
        """Move the cursor to a byte, and the window with it if need be."""
        if self.window is None:
            return
        self.cursor = max(min(position, self.window.capacity_bytes - 1), 0)
        self.window = self.window.showing(self.cursor)

    def go_cells(self, cells: int) -> None:
        """Move the cursor by cells, to the start of one; not beyond the volume's ends."""
        if self.window is None:
            return
        size = self.window.cell_bytes
        cell = self.cursor // size + cells
        last = (self.window.capacity_bytes - 1) // size
        if 0 <= cell <= last:
            self.go(cell * size)
        elif abs(cells) == 1:
            return
        else:
            # A row or a page beyond an end: as far as there is a row, in the same column.
            step = self.window.columns if cells > 0 else -self.window.columns
            steps = 0
            while 0 <= self.cursor // size + steps + step <= last:
                steps += step
            self.go((self.cursor // size + steps) * size)

    def go_rows(self, rows: int) -> None:
        """Move the cursor by rows of cells."""
        if self.window is not None:
            self.go_cells(rows * self.window.columns)

    def go_pages(self, pages: int) -> None:
        """Move the cursor by screens."""
        if self.window is not None:
            self.go_rows(pages * self.window.rows)

    def go_in_row(self, column: int) -> None:
        """Move the cursor along its row: 0 is the first cell, -1 the last."""
        window = self.window
        if window is None:
            return
        index = window.index_of(self.cursor) or 0
        first = index - index % window.columns
        wanted = first if column == 0 else min(first + window.columns, window.shown_cells) - 1
        self.go(window.start + wanted * window.cell_bytes)

    def zoom(self, grain_bytes: int, position: int, *, nearer: bool) -> None:
        """One step nearer or farther, around a byte of the screen."""
        if self.window is not None:
            zoom = Zoom(self.window, grain_bytes)
            cell_bytes = zoom.nearer() if nearer else zoom.farther()
            if cell_bytes >= zoom.whole_cell_bytes:
                self.zoom_whole(grain_bytes)
            else:
                self.window = self.window.with_cells_of(cell_bytes, position).showing(self.cursor)

    def zoom_into_cell(self, grain_bytes: int) -> None:
        """So near that the cell under the cursor fills the screen."""
        if self.window is not None:
            start, end = self.cell
            cell_bytes = Zoom(self.window, grain_bytes).into_a_cell()
            self.window = self.window.starting_in(cell_bytes, start).showing(end - 1).showing(self.cursor)

    def zoom_whole(self, grain_bytes: int) -> None:
        """Show all of the volume."""
        window = self.window
        if window is not None:
            self.window = whole_volume(window.capacity_bytes, grain_bytes, window.columns, window.rows)
