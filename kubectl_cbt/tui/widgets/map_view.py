"""The map: the viewport as cells, with the offset of each row beside it and the cursor's column above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from kubectl_cbt.analysis.heat_scale import Levels
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.output.drawing.painting import ACROSS, DOWN, ColorScheme, Painter
from kubectl_cbt.output.drawing.row_labels import LABEL_COLUMNS, row_labels

GUTTER = LABEL_COLUMNS + 3
"""Columns before the cells: the row's label, and a mark."""
RULER = 1
"""Lines above the cells."""

_COLUMN_MARK, _ROW_MARK = "▼", "▸"

_BIG_COLUMNS, _BIG_LINES = 100, 40
"""From this size on, lines through the cursor help to find it."""

_KEPT_ROWS = 512
"""The rows of several screens: those that scroll away and come back are not drawn again."""

_RowKey = tuple[Painter, Segment, bytes, tuple[tuple[int, int], ...], int | None]
"""Everything that a row is drawn from: colors, label with its style, codes of the cells, marks, crosshair."""


class MapView(Widget, can_focus=True):
    """Draws the codes of ``analysis/grid.py``.

    Attributes:
        viewport: None until there is something to show.
        cursor: the byte under the cursor.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"map--gutter", "map--cursor-row", "map--cursor-column"}

    class RoomChanged(Message):
        """The widget has another size, or cells of another shape."""

        def __init__(self, view: MapView) -> None:
            super().__init__()
            self.view = view

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, MapView.RoomChanged)

    @dataclass
    class CellClicked(Message):
        """A click on a cell.

        Attributes:
            position: the first byte of the cell.
        """

        position: int

    @dataclass
    class CellsDragged(Message):
        """The pointer was moved over cells with the button pressed.

        Attributes:
            origin: the first byte of the cell where the button was pressed.
            to: the first byte of the cell under the pointer.
        """

        origin: int
        to: int

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, MapView.CellsDragged)

    @dataclass
    class WheelScrolled(Message):
        """The wheel was turned over a cell.

        Attributes:
            position: the first byte of the cell.
            closer: whether to zoom in.
        """

        position: int
        closer: bool

    def __init__(self) -> None:
        super().__init__()
        self.viewport: Viewport | None = None
        self.cursor = 0
        self._note = ""
        self._codes: Levels = np.empty((0, 0), dtype=np.uint8)
        self._painter = Painter(ColorScheme(None))
        self._strips: LRUCache[_RowKey, Strip] = LRUCache(_KEPT_ROWS)
        self._base = Style()
        self._styles: dict[str, Style] = {}
        self._labels: list[str] = []
        self._marked: frozenset[tuple[int, int]] = frozenset()
        self._pressed_on: int | None = None
        self._is_dragged = False

    @property
    def room(self) -> Size:
        """Columns and rows of cells that fit, at least one each."""
        width, height = self.content_size
        return Size(max(width - GUTTER, 1), max(height - RULER, 1) * self._painter.halves)

    def use_colors(self, colors: ColorScheme) -> None:
        """Draw in other colors, or without any."""
        self._painter = Painter(colors)
        self.refresh()

    def show(self, viewport: Viewport, codes: Levels, cursor: int, marks: Iterable[int] = ()) -> None:
        """Draw these cells; only rows that changed are drawn again.

        Args:
            codes: uint8[viewport.cells].
            marks: bytes whose cells are marked, because an extent there breaks a rule.
        """
        places = [place for place in map(viewport.index_of, marks) if place is not None]
        marked = frozenset((index // viewport.columns, index % viewport.columns) for index in places)
        if marked != self._marked:
            self._marked = marked
            self.refresh()
        halves = self._painter.halves
        before, self._codes = self._codes, codes.reshape(viewport.rows, viewport.columns)
        if self.viewport != viewport:
            self._labels = row_labels(viewport, halves * viewport.columns * viewport.cell_bytes)
            self.viewport, self.cursor = viewport, cursor
            self.refresh()
        else:
            differs = (self._codes != before).any(axis=1).reshape(-1, halves).any(axis=1)
            self._refresh_rows(np.flatnonzero(differs).tolist())
            self.move_cursor(cursor)

    def show_note(self, note: str) -> None:
        """Draw a line of text while there is no map."""
        self.viewport, self._note = None, note
        self.refresh()

    def move_cursor(self, cursor: int) -> None:
        """Move the cursor."""
        columns = [self._crosshair_column]
        rows = [self._place(self.cursor), self._place(cursor)]
        self.cursor = cursor
        self._refresh_rows([place[1] for place in rows if place])
        columns.append(self._crosshair_column)
        if columns[0] != columns[1]:
            height = self.content_size.height
            self.refresh(*(Region(GUTTER + column, 0, 1, height) for column in columns if column is not None))
        self.refresh(Region(0, 0, self.content_size.width, RULER))

    def _refresh_rows(self, rows: list[int]) -> None:
        width = self.content_size.width
        regions = [Region(0, RULER + row, width, 1) for row in rows]
        if regions:
            self.refresh(*regions)

    def _place(self, position: int) -> tuple[int, int, int] | None:
        """Column, row of characters, and half of that row, of a visible byte."""
        index = self.viewport.index_of(position) if self.viewport else None
        if index is None or self.viewport is None:
            return None
        row, column = divmod(index, self.viewport.columns)
        return column, *divmod(row, self._painter.halves)

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.RoomChanged(self))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag, maybe."""
        self._pressed_on, self._is_dragged = self._position_at(event.x, event.y), False
        if self._pressed_on is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Select from the cell where the button was pressed to the one under the pointer."""
        to = self._position_at(event.x, event.y)
        if self._pressed_on is not None and to is not None and (to != self._pressed_on or self._is_dragged):
            self._is_dragged = True
            self.post_message(self.CellsDragged(self._pressed_on, to))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End dragging."""
        self._pressed_on = None
        self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the cell under the pointer, unless the pointer was dragged there."""
        position = self._position_at(event.x, event.y)
        if position is not None and not self._is_dragged:
            self.post_message(self.CellClicked(position))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        self._scrolled(event, closer=True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        self._scrolled(event, closer=False)

    def _scrolled(self, event: events.MouseEvent, *, closer: bool) -> None:
        event.stop()
        position = self._position_at(event.x, event.y)
        self.post_message(self.WheelScrolled(self.cursor if position is None else position, closer))

    def _position_at(self, x: int, y: int) -> int | None:
        """The first byte of the cell at a place of the widget; of two cells in a character, the upper one's."""
        column, row = x - self.gutter.left - GUTTER, y - self.gutter.top - RULER
        if self.viewport is None or not 0 <= column < self.viewport.columns or row < 0:
            return None
        index = row * self._painter.halves * self.viewport.columns + column
        if index >= self.viewport.shown_cells:
            return None
        return self.viewport.start + index * self.viewport.cell_bytes

    def render_lines(self, crop: Region) -> list[Strip]:
        # Looked up once for all lines: a look-up in the style sheet is slow.
        self._base = self.rich_style
        self._styles = {
            name: self._base + self.get_component_rich_style(name, partial=True) for name in self.COMPONENT_CLASSES
        }
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        # Textual cuts each line to the width of the widget, or fills it up.
        place, row = self._place(self.cursor), y - RULER
        if self.viewport is None:
            return Strip([Segment(f"  {self._note}", self._base)] if y == RULER else [])
        if y < RULER:
            return Strip(self._ruler(place))
        if row >= self.viewport.rows // self._painter.halves:
            return Strip([])
        if place and place[1] == row:
            return Strip([self._label(row, is_current=True), *self._cells_with_cursor(row, place)])
        return self._row(row)

    def _row(self, row: int) -> Strip:
        """A row without the cursor."""
        label, codes = self._label(row, is_current=False), self._codes_of(row)
        marks, crossed = self._marks_of(row), self._crosshair_column
        key = self._painter, label, codes.tobytes(), marks, crossed
        strip = self._strips.get(key)
        if strip is None:
            signs = self._signs(codes, marks)
            if crossed is not None and not codes[:, crossed].any():
                signs.setdefault(crossed, self._painter.crosshair(DOWN))
            strip = self._strips[key] = Strip([label, *self._painter.row(codes, signs)])
        return strip

    @property
    def _crosshair_column(self) -> int | None:
        """The cursor's column, where the screen is big enough for lines through the cursor."""
        width, height = self.content_size
        place = self._place(self.cursor) if width >= _BIG_COLUMNS and height >= _BIG_LINES else None
        return place[0] if place else None

    def _marks_of(self, row: int) -> tuple[tuple[int, int], ...]:
        """Column and half of the marked cells of a row of characters."""
        if not self._marked:
            return ()
        halves = self._painter.halves
        return tuple(sorted((column, cells % halves) for cells, column in self._marked if cells // halves == row))

    def _ruler(self, place: tuple[int, int, int] | None) -> list[Segment]:
        if place is None:
            return []
        return [
            Segment(" " * (GUTTER + place[0]), self._base),
            Segment(_COLUMN_MARK, self._styles["map--cursor-column"]),
        ]

    def _label(self, row: int, *, is_current: bool) -> Segment:
        """The offset of the row's first byte; empty beyond the end of the volume."""
        text = self._labels[row] if row < len(self._labels) else ""
        style = self._styles["map--cursor-row" if is_current else "map--gutter"]
        return Segment(f"{text:>{LABEL_COLUMNS}} {_ROW_MARK if is_current else ' '} ", style)

    def _codes_of(self, row: int) -> Levels:
        halves = self._painter.halves
        return self._codes[row * halves : (row + 1) * halves]

    def _cells_with_cursor(self, row: int, place: tuple[int, int, int]) -> list[Segment]:
        codes = self._codes_of(row)
        column, _, half = place
        cursor = self._painter.cursor((int(codes[0, column]), int(codes[-1, column])), half)
        signs = self._signs(codes, self._marks_of(row))
        if self._crosshair_column is not None:
            line = self._painter.crosshair(ACROSS)
            signs = dict.fromkeys(np.flatnonzero(~codes.any(axis=0)).tolist(), line) | signs
        return self._painter.row(codes, {**signs, column: cursor})

    def _signs(self, codes: Levels, marks: Sequence[tuple[int, int]]) -> dict[int, Segment]:
        """The characters of marked cells, by column."""
        return {
            column: self._painter.mark((int(codes[0, column]), int(codes[-1, column])), half) for column, half in marks
        }
