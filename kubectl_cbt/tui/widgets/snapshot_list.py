"""The list of snapshots, by volume under headings or sorted by a column, with a cursor."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.tui.snapshot_columns import Columns
from kubectl_cbt.tui.snapshot_rows import ListedRows, Order, SnapshotRows, Sorting, heading
from kubectl_cbt.tui.widgets.line_list import LineList

_SCROLLBAR = 2


class SnapshotList(LineList):
    """Titles, and below them the matching snapshots. The screen handles the keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "snapshots--titles",
        "snapshots--heading",
        "snapshots--current",
        "snapshots--marked",
        "snapshots--quiet",
    }

    @dataclass
    class CursorMoved(Message):
        """A click moved the cursor."""

    @dataclass
    class Activated(Message):
        """The snapshot under the cursor was double-clicked."""

    @dataclass
    class TitleClicked(Message):
        """The title of a column was clicked."""

        order: Order

    def __init__(self) -> None:
        super().__init__(id="snapshots")
        self._listing = SnapshotRows(())
        self._lines = ListedRows()
        self._columns = Columns.of(self._listing, 0)
        self._marked: frozenset[SnapshotRef] = frozenset()
        self._base = Style()
        self._styles: dict[str, Style] = {}

    def show(self, listing: SnapshotRows, lines: ListedRows, sorting: Sorting) -> None:
        """Show these; the cursor stays on its snapshot if that is among them, and moves to the first one otherwise."""
        self._replace(listing, lines, sorting)
        self._scroll_to_current()
        self.refresh()

    def update(self, listing: SnapshotRows, lines: ListedRows) -> None:
        """Show another listing of the same snapshots; cursor and scroll position stay.

        The cursor's line keeps its place on the screen, or the first visible snapshot does when the cursor is not
        visible. If the snapshot under the cursor no longer exists, the cursor moves to the next one.
        """
        row, number = self.current - self._top, self.number
        anchor = self.entry if 0 <= row < self.page_lines else self._first_visible
        at = self._line_of(anchor) - self._top if anchor else 0
        before = self.entry
        self._replace(listing, lines, self._columns.sorting)
        if self._line_of(before) < 0 and lines.places:
            self.current = lines.places[max(min(number, len(lines.places) - 1), 0)]
        moved = self._line_of(anchor)
        self._set_top(moved - at if moved >= 0 else self._top)
        self.refresh()

    @property
    def _first_visible(self) -> SnapshotEntry | None:
        visible = self._lines.numbers[self._top : self._top + self.page_lines]
        return next((self._listing.entries[number] for number in visible if number >= 0), None)

    def _line_of(self, entry: SnapshotEntry | None) -> int:
        """The line of a snapshot, also of another listing; -1 if it is not shown."""
        number = self._listing.number_of(entry) if entry else -1
        line = self._lines.line_of(number)
        return line if number >= 0 and line >= 0 and self._lines.numbers[line] == number else -1

    def _replace(self, listing: SnapshotRows, lines: ListedRows, sorting: Sorting) -> None:
        before = self.entry
        number = self._lines.numbers[self.current] if before else -1
        if listing is not self._listing:
            number = listing.number_of(before) if before else -1
        if listing is not self._listing or sorting != self._columns.sorting:
            self._listing = listing
            self._lay_out(sorting)
        self._lines, self.line_count = lines, len(lines.numbers)
        self.current = lines.line_of(number)

    def mark(self, refs: frozenset[SnapshotRef]) -> None:
        """Replace the marks."""
        self._marked = refs
        self.refresh()

    @property
    def page_lines(self) -> int:
        """The number of visible lines, below the titles."""
        return max(self.content_size.height - 1, 1)

    @property
    def shown(self) -> int:
        """The number of snapshots that match the filter."""
        return len(self._lines.places)

    @property
    def number(self) -> int:
        """The number of the current snapshot among the matching ones, from 0; -1 if there is none."""
        return bisect_left(self._lines.places, self.current) if self.current >= 0 else -1

    @property
    def entry(self) -> SnapshotEntry | None:
        """The snapshot under the cursor."""
        return self._listing.entries[self._lines.numbers[self.current]] if self.current >= 0 else None

    def move(self, by: int) -> None:
        """Move the cursor by snapshots, within the list."""
        if self.current >= 0:
            self.current = self._lines.places[max(min(self.number + by, self.shown - 1), 0)]
            self._scroll_to_current()
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the snapshot under the pointer, and activate it on the second click of a double click.

        A click on a title sorts.
        """
        row = event.y - self.gutter.top - 1
        if row == -1:
            order = self._columns.order_at(event.x - self.gutter.left)
            if order is not None:
                self.post_message(self.TitleClicked(order))
            return
        line = self._top + row
        if not 0 <= row < self.page_lines or line >= self.line_count or self._lines.numbers[line] < 0:
            return
        is_second = event.chain == 2 and line == self.current
        self.current = line
        self.refresh()
        self.post_message(self.Activated() if is_second else self.CursorMoved())

    def _scroll_to_current(self) -> None:
        """Scroll as little as possible; the heading above the first snapshot of a volume stays visible with it."""
        first = self.current
        if first > 0 and self._lines.numbers[first - 1] < 0:
            first -= 1
        self._set_top(max(min(self._top, first), self.current - self.page_lines + 1))

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out(self._columns.sorting)

    def _lay_out(self, sorting: Sorting) -> None:
        self._columns = Columns.of(self._listing, max(self.content_size.width - _SCROLLBAR, 0), sorting)

    def render_lines(self, crop: Region) -> list[Strip]:
        # Computed once for all lines: a lookup in the style sheet is slow.
        self._styles = {name: self.get_component_rich_style(name, partial=True) for name in self.COMPONENT_CLASSES}
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width, base = self.content_size.width, self._base
        if y == 0:
            parts = [Segment(self._columns.titles(), self._style("titles"))]
        elif self._top + y - 1 < self.line_count:
            parts = self._line(self._top + y - 1)
        else:
            return Strip.blank(width, base)
        # A line that is too long is cut before the scroll bar.
        strip = Strip(parts).adjust_cell_length(max(width - _SCROLLBAR, 0), parts[-1].style)
        bar = self._scroll_glyph(y - 1) if y else " "
        return Strip([*strip, Segment(f" {bar}", self._style("quiet"))]).adjust_cell_length(width, base)

    def _line(self, line: int) -> list[Segment]:
        number = self._lines.numbers[line]
        if number < 0:
            volume, driver = heading(self._listing.entries[~number])
            return [Segment(volume, self._style("heading")), Segment(f"   {driver}", self._style("quiet"))]
        entry = self._listing.entries[number]
        is_current, is_marked = line == self.current, entry.ref in self._marked
        style = self._base if entry.usable else self._style("quiet")
        style = style + self._added("marked") if is_marked else style
        style = style + self._added("current") if is_current else style
        # The cursor is also a character: a highlighted line is invisible without colors.
        mark = ("▸" if is_current else " ") + ("●" if is_marked else " ")
        return [Segment(self._columns.line(entry, mark), style)]

    def _style(self, name: str) -> Style:
        return self._base + self._added(name)

    def _added(self, name: str) -> Style:
        return self._styles[f"snapshots--{name}"]
