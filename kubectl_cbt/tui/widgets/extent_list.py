"""The list of extents, of any length: only the visible lines are ever made."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from kubectl_cbt.analysis.extent_filter import ExtentFilter, FilteredExtents
from kubectl_cbt.analysis.largest_extents import LargestExtents
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.extents import Extents, Run
from kubectl_cbt.tui.messages import in_background
from kubectl_cbt.tui.widgets.line_list import LineList
from kubectl_cbt.units import human_bytes, human_count

_BAR = "▇"
_PAGE_OVERLAP = 1


class ExtentList(LineList):
    """Lines of offset and size; the extent under the cursor is marked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"extents--current", "extents--within", "extents--bar", "extents--scroll"}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "previous extent", show=False),
        Binding("down,j", "move(1)", "next extent", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "go_to_line(0)", "first extent", show=False),
        Binding("end,G", "go_to_line(-1)", "last extent", show=False),
        Binding("enter", "activate", "zoom to the extent", show=False),
    ]

    @dataclass
    class ExtentSelected(Message):
        """The user moved to an extent."""

        byte_offset: int
        size_bytes: int

    class Sorted(Message):
        """The list is in another order."""

    @dataclass
    class ExtentActivated(Message):
        """The user pressed Enter on an extent."""

        byte_offset: int
        size_bytes: int

    def __init__(self) -> None:
        super().__init__()
        self.by_size = False
        self.is_sorting = False
        self._rows: Extents | FilteredExtents | LargestExtents | None = None
        self._largest: LargestExtents | None = None
        self._filtered: FilteredExtents | None = None
        self._note = ""
        self._within: Container[int] = range(0)
        self._offset_columns = 0
        self._matches = 0
        self._place = (0, 0), 0

    def show(
        self,
        extents: Extents,
        extent_filter: ExtentFilter | None,
        cell: tuple[int, int],
        cursor: int,
        note: str = "",
    ) -> None:
        """List extents, scrolled to the cursor.

        Args:
            extent_filter: lists the matching extents alone; None lists all.
            cell: half-open range of bytes whose extents are highlighted.
            cursor: a byte; the extent that contains it, else the next one, becomes the current one.
            note: added to the number of extents when more may follow.
        """
        self._note, self._place = note, (cell, cursor)
        if self.by_size and (self._largest is None or not self._largest.is_of(extents, extent_filter)):
            self._sort(extents, extent_filter)
        if self.by_size and self._largest is not None:
            self._show_by_size(self._largest)
        else:
            self._show_by_offset(self._matching(extents, extent_filter))
        self._scroll_to_current()
        self.refresh()

    def _show_by_offset(self, rows: Extents | FilteredExtents) -> None:
        cell, cursor = self._place
        self._rows = rows
        self.line_count = self._matches = len(rows)
        # The last offset is the widest.
        self._offset_columns = len(human_count(int(rows.rows(len(rows) - 1, len(rows))[0][0]))) if len(rows) else 0
        self.current = _line_at(rows, cursor)
        first, stop = _line_at(rows, cell[0]), rows.count_before(cell[1])
        self._within = range(first, stop) if first >= 0 else range(0)

    def _show_by_size(self, largest: LargestExtents) -> None:
        cell, cursor = self._place
        self._rows, self.line_count, self._matches = largest, len(largest), largest.matches
        offsets, _ = largest.rows(0, len(largest))
        self._offset_columns = len(human_count(int(offsets.max(initial=0))))
        line = largest.line_at(cursor)
        self.current = line if line >= 0 else min(max(self.current, 0), len(largest) - 1)
        self._within = largest.lines_in(*cell)

    def _sort(self, extents: Extents, extent_filter: ExtentFilter | None) -> None:
        """Sort in the background: it takes all extents. Until it is done the earlier order stays."""
        if self.is_sorting:
            return
        self.is_sorting = True

        def done(largest: LargestExtents) -> None:
            self.is_sorting = False
            self._largest = largest
            if self.by_size:
                self._show_by_size(largest)
                self._scroll_to_current()
                self.refresh()
                self.post_message(self.Sorted())

        def failed(error: CbtError) -> None:
            self.is_sorting = self.by_size = False

        in_background(self.screen, lambda: LargestExtents(extents, extent_filter), done, failed)

    @property
    def matches(self) -> int:
        """The number of extents that match the filter; of all without one."""
        return self._matches

    def match_beyond(self, extents: Extents, extent_filter: ExtentFilter, position: int, *, ahead: bool) -> Run | None:
        """The first match that begins at or after a byte, or the last one that begins before it."""
        rows = self._matching(extents, extent_filter)
        line = rows.count_before(position) - (0 if ahead else 1)
        if not 0 <= line < len(rows):
            return None
        offsets, sizes = rows.rows(line, line + 1)
        return Run(int(offsets[0]), int(offsets[0]) + int(sizes[0]))

    def _matching(self, extents: Extents, extent_filter: ExtentFilter | None) -> Extents | FilteredExtents:
        if extent_filter is None:
            return extents
        if self._filtered is None or not self._filtered.is_of(extents, extent_filter):
            is_earlier = self._filtered is not None and self._filtered.extent_filter == extent_filter
            self._filtered = FilteredExtents(extents, extent_filter, self._filtered if is_earlier else None)
        return self._filtered

    def action_move(self, by: int) -> None:
        """Move by extents."""
        self.action_go_to_line(max(self.current + by, 0))

    def action_page(self, by: int) -> None:
        """Move by screens."""
        self.action_move(by * max(self.content_size.height - _PAGE_OVERLAP, 1))

    def action_go_to_line(self, line: int) -> None:
        """Go to an extent by its number; -1 is the last."""
        if self._rows is None or not self.line_count:
            return
        self.current = self.line_count - 1 if line < 0 else min(line, self.line_count - 1)
        self._scroll_to_current()
        offsets, sizes = self._rows.rows(self.current, self.current + 1)
        self.post_message(self.ExtentSelected(int(offsets[0]), int(sizes[0])))
        self.refresh()

    def action_activate(self) -> None:
        """Zoom to the current extent."""
        if self._rows is not None and self.current >= 0:
            offsets, sizes = self._rows.rows(self.current, self.current + 1)
            self.post_message(self.ExtentActivated(int(offsets[0]), int(sizes[0])))

    def on_click(self, event: events.Click) -> None:
        """Go to the extent under the pointer."""
        line = self._top + event.y - self.gutter.top
        if 0 <= line < self.line_count:
            self.action_go_to_line(line)

    def render_line(self, y: int) -> Strip:
        width, base = self.content_size.width, self.rich_style
        line = self._top + y
        if not self._rows or not self.line_count:
            text = f"  none{self._note}" if y == 0 else ""
            return Strip([Segment(text.ljust(width), base)], width)
        if line >= self.line_count:
            return Strip.blank(width, base)
        offsets, sizes = self._rows.rows(line, line + 1)
        return Strip(self._segments(line, int(offsets[0]), int(sizes[0]), y)).adjust_cell_length(width, base)

    def _segments(self, line: int, offset: int, size: int, y: int) -> list[Segment]:
        style, mark = self.rich_style, " "
        if line in self._within:
            style += self.get_component_rich_style("extents--within", partial=True)
        if line == self.current:
            style += self.get_component_rich_style("extents--current", partial=True)
            mark = "▸"
        room = self.content_size.width - 2
        text = f"{mark} {human_count(offset):>{self._offset_columns}} {human_bytes(size):>10} "
        bar = _BAR * _bar_length(size, room - len(text))
        bar_style = style + self.get_component_rich_style("extents--bar", partial=True)
        if line == self.current:
            bar_style = style
        scroll_style = self.rich_style + self.get_component_rich_style("extents--scroll", partial=True)
        return [
            Segment(text, style),
            Segment(bar.ljust(max(room - len(text), 0)), bar_style),
            Segment(" " + self._scroll_glyph(y), scroll_style),
        ]

    @property
    def position_text(self) -> str:
        """The number of the current extent, and of all."""
        if not self.line_count:
            return ""
        cut = f", the largest {human_count(self.line_count)}" if self.line_count < self._matches else ""
        return f"{human_count(self.current + 1)} of {human_count(self._matches)}{cut}{self._note}"


def _bar_length(size: int, room: int) -> int:
    """One block for up to 64 KiB, and one more for each factor of four."""
    return max(min(1 + max(size.bit_length() - 16, 0) // 2, room), 0)


def _line_at(rows: Extents | FilteredExtents, position: int) -> int:
    """The extent that contains a byte; else the first one after it, or the last one; -1 without extents."""
    if not len(rows):
        return -1
    line = rows.count_before(position + 1)
    offsets, sizes = rows.rows(line - 1, line)
    is_inside = line > 0 and int(offsets[0]) + int(sizes[0]) > position
    return min(line - 1 if is_inside else line, len(rows) - 1)
