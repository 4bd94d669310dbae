"""The extents as a list of any length: only the lines on the screen are ever made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.tui.widgets.line_list import LineList
from kubectl_cbt.units import human_bytes, human_count

_BAR = "▇"
_PAGE_OVERLAP = 1


class ExtentRows(Protocol):
    """Extents by their number: all of them, or those that match a filter."""

    def __len__(self) -> int:
        """How many."""
        ...

    def rows(self, start: int, stop: int) -> tuple[Int64Column, Int64Column]:
        """Offsets and sizes of some."""
        ...

    def count_before(self, position: int) -> int:
        """How many begin before a byte."""
        ...


class ExtentList(LineList):
    """Lines of offset and size; the one at the cursor is marked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"extents--current", "extents--within", "extents--bar", "extents--scroll"}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "walk(-1)", "previous extent", show=False),
        Binding("down,j", "walk(1)", "next extent", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "walk_to(0)", "first extent", show=False),
        Binding("end,G", "walk_to(-1)", "last extent", show=False),
    ]

    @dataclass
    class ExtentSelected(Message):
        """A person went to an extent."""

        byte_offset: int
        size_bytes: int

    def __init__(self) -> None:
        super().__init__()
        self._rows: ExtentRows | None = None
        self._part = ""
        self._within = range(0)
        self._offset_columns = 0

    @property
    def line_count(self) -> int:
        """How many extents."""
        return len(self._rows) if self._rows else 0

    def show(self, rows: ExtentRows, cell: tuple[int, int], cursor: int, part: str = "") -> None:
        """List ``rows``, at the cursor.

        Args:
            part: what is added to the count of rows that are not all there are.
            cell: half-open range of bytes whose extents are set off.
            cursor: the extent that holds this byte, or else the next one, is the current one.
        """
        self._rows, self._part = rows, part
        # Of the last one: it is the widest.
        self._offset_columns = len(human_count(int(rows.rows(len(rows) - 1, len(rows))[0][0]))) if len(rows) else 0
        self.current = self._row_at(cursor)
        first, stop = self._row_at(cell[0]), rows.count_before(cell[1])
        self._within = range(first, stop) if first >= 0 else range(0)
        self._scroll_to_current()
        self.refresh()

    def _row_at(self, position: int) -> int:
        """The extent that holds a byte; else the first behind it, or the last there is; -1 without any."""
        if not self._rows or not len(self._rows):
            return -1
        row = self._rows.count_before(position + 1)
        offsets, sizes = self._rows.rows(row - 1, row)
        holds = row > 0 and int(offsets[0]) + int(sizes[0]) > position
        return min(row - 1 if holds else row, len(self._rows) - 1)

    def action_walk(self, by: int) -> None:
        """Go some extents on."""
        self.action_walk_to(max(self.current + by, 0))

    def action_page(self, by: int) -> None:
        """Go a page on."""
        self.action_walk(by * max(self.content_size.height - _PAGE_OVERLAP, 1))

    def action_walk_to(self, row: int) -> None:
        """Go to an extent by its number; -1 is the last."""
        count = len(self._rows) if self._rows else 0
        if self._rows is None or not count:
            return
        self.current = count - 1 if row < 0 else min(row, count - 1)
        self._scroll_to_current()
        offsets, sizes = self._rows.rows(self.current, self.current + 1)
        self.post_message(self.ExtentSelected(int(offsets[0]), int(sizes[0])))
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Go to the extent under the pointer."""
        row = self._top + event.y - self.gutter.top
        if self._rows and 0 <= row < len(self._rows):
            self.action_walk_to(row)

    def render_line(self, y: int) -> Strip:
        width, base = self.content_size.width, self.rich_style
        row = self._top + y
        if not self._rows or not len(self._rows):
            text = f"  none{self._part}" if y == 0 else ""
            return Strip([Segment(text.ljust(width), base)], width)
        if row >= len(self._rows):
            return Strip.blank(width, base)
        offsets, sizes = self._rows.rows(row, row + 1)
        return Strip(self._line(row, int(offsets[0]), int(sizes[0]), y)).adjust_cell_length(width, base)

    def _line(self, row: int, offset: int, size: int, y: int) -> list[Segment]:
        style, mark = self.rich_style, " "
        if row in self._within:
            style += self.get_component_rich_style("extents--within", partial=True)
        if row == self.current:
            style += self.get_component_rich_style("extents--current", partial=True)
            mark = "▸"
        room = self.content_size.width - 2
        text = f"{mark} {human_count(offset):>{self._offset_columns}} {human_bytes(size):>10} "
        bar = _BAR * _bar_length(size, room - len(text))
        bar_style = style + self.get_component_rich_style("extents--bar", partial=True)
        if row == self.current:
            bar_style = style
        scroll_style = self.rich_style + self.get_component_rich_style("extents--scroll", partial=True)
        return [
            Segment(text, style),
            Segment(bar.ljust(max(room - len(text), 0)), bar_style),
            Segment(" " + self._scroll_glyph(y), scroll_style),
        ]

    @property
    def position(self) -> str:
        """How many, and which of them is the current one."""
        count = len(self._rows) if self._rows else 0
        return f"{human_count(self.current + 1)} of {human_count(count)}{self._part}" if count else ""


def _bar_length(size: int, room: int) -> int:
    """One block for up to 64 KiB, and one more for each factor of four."""
    return max(min(1 + max(size.bit_length() - 16, 0) // 2, room), 0)
