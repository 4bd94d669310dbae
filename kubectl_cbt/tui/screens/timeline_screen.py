"""The timeline of a volume: what changed from each of its snapshots to the next."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer

from kubectl_cbt.analysis.heat_scale import SCALES
from kubectl_cbt.analysis.volume_columns import Columns, sums_in_columns
from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.stream_figures import MeteredQuery
from kubectl_cbt.model.volume_history import HistoryPair, VolumeHistory
from kubectl_cbt.output.drawing.timeline import TimelineCursor
from kubectl_cbt.output.drawing.timeline_bands import (
    OTHER_NAMES,
    Band,
    allocated_band,
    delta_band,
    fastest_change,
    union_band,
)
from kubectl_cbt.output.drawing.timeline_layout import TimelineLayout
from kubectl_cbt.output.snapshot_cells import name_of
from kubectl_cbt.tui import keys
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.plain_text import Content, PlainText, joined, plain, set_subtitle, set_title
from kubectl_cbt.tui.screen_picture import picture_of
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.text.timeline_text import (
    UNION_NOTE,
    column_line,
    pair_lines,
    range_label,
    timeline_header,
    timeline_help,
    timeline_status,
    timeline_title,
)
from kubectl_cbt.tui.timeline_export import TimelineExport
from kubectl_cbt.tui.timeline_streams import TimelineStreams
from kubectl_cbt.tui.visible_range import VisibleRange
from kubectl_cbt.tui.widgets.key_bar import KeyBar
from kubectl_cbt.tui.widgets.timeline import Timeline, TimelineContent

_NOTICE_SECONDS = 4.0
_HIGH_LINES = 20
"""From this height on there is room for all about the pair."""
_NO_PAIR = "there is no pair of snapshots"


class StreamMeasured(Message):
    """A stream has newer figures; of several that are queued only the last is handled."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StreamMeasured)


class TimelineScreen(CbtScreen[None]):
    """A band for each pair of snapshots, which fills while its stream arrives.

    Args:
        history: the snapshots; its rows are measured by the screen.
        backend: opens the streams.
        position: the byte to start on; None for where most changed.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.TIMELINE_KEYS)
    KEYS = keys.TIMELINE_KEYS
    MOUSE = keys.TIMELINE_MOUSE

    def __init__(self, history: VolumeHistory, backend: Backend, position: int | None = None) -> None:
        super().__init__()
        self._history = history
        self._backend = backend
        self._streams: TimelineStreams | None = None
        self.shown = VisibleRange(position or 0)
        self.current = max(len(history.snapshots) - 2, 0)
        self.marked: tuple[int, ...] = ()
        self.shows_union = False
        self._is_placed = position is not None
        self._columns: Columns | None = None
        self._notice = ""
        self._notice_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield PlainText(id="header")
        yield PlainText(id="status")
        yield Timeline()
        yield PlainText(id="pair")
        yield KeyBar()

    def on_mount(self) -> None:
        """Start to measure."""
        self._streams = TimelineStreams(self._backend, self.cbt.limits, self._history, self._post_measured)
        self._timeline.focus()
        self._timeline.use_colors(self.cbt.color_scheme(both_layers=True))
        self._streams.start()
        self._draw()

    def on_unmount(self) -> None:
        """End the streams with the screen."""
        self.streams.stop()

    def on_resize(self) -> None:
        """Fit the texts to the width."""
        self._draw()

    @property
    def streams(self) -> TimelineStreams:
        """What is measured; there once the screen is mounted."""
        assert self._streams is not None  # noqa: S101  # made when it is mounted
        return self._streams

    @property
    def is_updating(self) -> bool:
        return super().is_updating or self._streams is None or self._streams.is_running

    @property
    def _timeline(self) -> Timeline:
        return self.query_one(Timeline)

    def _post_measured(self, query: MeteredQuery) -> None:
        self.post_message(StreamMeasured())

    @on(StreamMeasured)
    @on(Timeline.RoomChanged)
    def _measured(self) -> None:
        self._draw()

    # Drawing

    def notice(self, text: str) -> None:
        self._notice = text
        if self._notice_timer is not None:
            self._notice_timer.stop()
        self._notice_timer = self.set_timer(_NOTICE_SECONDS, self._end_notice) if text else None
        self._draw()

    def _end_notice(self) -> None:
        if not self.is_busy:
            self.notice("")

    def help_lines(self) -> list[Content]:
        return [*timeline_help(self.cbt.color_scheme(both_layers=True)), plain("")]

    def colors_changed(self) -> None:
        self._timeline.use_colors(self.cbt.color_scheme(both_layers=True))
        self._draw()

    def _draw(self) -> None:
        if self._streams is None or not self._timeline.content_size.width:
            return
        history = self.streams.history
        edges = self.streams.edges
        if edges is not None:
            self.shown.use_capacity(int(edges[-1]))
        names = [name_of(row.pair.target) for row in history.rows]
        layout = TimelineLayout.of([*names, *OTHER_NAMES], self._timeline.content_size.width)
        columns = self._columns = self.streams.columns(self.shown.start, self.shown.end, layout.cells)
        if columns is not None and not self._is_placed and history.is_complete:
            self._start_where_most_changed(history, columns)
        fastest = fastest_change(history.rows)

        def band(number: int) -> Band:
            row = history.rows[number]
            return delta_band(row, self.streams.cells(row.pair.query, columns), fastest)

        column = columns.at(self.shown.position) if columns is not None else 0
        cursor = TimelineCursor(self.current, column, frozenset(self.marked))
        others = self._others(history, columns)
        content = TimelineContent(len(history.rows), band, others, layout, columns, cursor, self.cbt.scale)
        self._timeline.show(content)
        self._draw_texts(history)

    def _others(self, history: VolumeHistory, columns: Columns | None) -> list[Band]:
        """The bands below the pairs."""
        others: list[Band] = []
        if self.shows_union:
            others.append(union_band(*self.streams.union(columns)))
        if history.allocated is not None:
            others.append(allocated_band(history.allocated, self.streams.cells(self.streams.queries[-1], columns)))
        return others

    def _start_where_most_changed(self, history: VolumeHistory, columns: Columns) -> None:
        """Move the cursor to the column with the most changes in all pairs."""
        cells = [self.streams.cells(row.pair.query, columns) for row in history.rows]
        covered = [sums_in_columns(one, columns).covered for one in cells]
        if covered:
            self.shown.position = int(columns.starts[np.sum(covered, axis=0).argmax()])
        self._is_placed = True

    def _draw_texts(self, history: VolumeHistory) -> None:
        width = self.size.width
        self.query_one("#header", PlainText).update(timeline_header(history, self._backend.context, width))
        marked = [history.rows[number].pair for number in self.marked]
        note = self.streams.note or (UNION_NOTE if self.shows_union else "")
        status = timeline_status(history, self._notice, note, marked, width)
        self.query_one("#status", PlainText).update(status)
        self.query_one(KeyBar).show(self.key_groups, width)
        set_title(self._timeline, timeline_title(history.pairing))
        set_subtitle(self._timeline, range_label(self._columns, is_whole=self.shown.is_whole))
        is_low = self.size.height < _HIGH_LINES
        panel = self.query_one("#pair", PlainText)
        panel.set_class(is_low, "-low")
        set_title(panel, f"pair {self.current + 1} of {len(history.rows)}" if history.rows else "pair")
        lines = self._pair_lines(history, width - (0 if is_low else 2))
        # A low screen has room for the pair, or what is wrong with it, and for the column.
        panel.update(joined([lines[0], lines[-1]] if is_low else lines))

    def _pair_lines(self, history: VolumeHistory, width: int) -> list[Content]:
        if not history.rows:
            return [plain(f" {_NO_PAIR}")]
        row = history.rows[self.current]
        allocated = history.allocated.covered_bytes if history.allocated and history.allocated.is_complete else None
        lines = pair_lines(row, allocated, width)
        if self._columns is not None:
            column = self._columns.only(self._columns.at(self.shown.position))
            cells = [self.streams.cells(row.pair.query, self._columns) for row in history.rows]
            lines.append(column_line(column, [sums_in_columns(one, column) for one in cells], self.current, width))
        return lines

    # Moving

    @property
    def _pairs(self) -> list[HistoryPair]:
        return [row.pair for row in self.streams.history.rows]

    def _go_to(self, number: int) -> None:
        self.current = max(min(number, len(self._pairs) - 1), 0)
        self._draw()

    def action_move(self, by: int) -> None:
        """Move the cursor by pairs."""
        self._go_to(self.current + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by screens."""
        self._go_to(self.current + by * max(self._timeline.page_bands - 1, 1))

    def action_oldest(self) -> None:
        """Move to the oldest pair."""
        self._go_to(0)

    def action_newest(self) -> None:
        """Move to the newest pair."""
        self._go_to(len(self._pairs))

    def action_go_columns(self, by: int) -> None:
        """Move the cursor by columns."""
        if self._columns is not None:
            self._is_placed = True
            self.shown.go_columns(by, self._columns)
            self._draw()

    def action_go_in_row(self, column: int) -> None:
        """Move to the first or last visible column."""
        if self._columns is not None:
            self._is_placed = True
            self.shown.go(int(self._columns.starts[column]))
            self._draw()

    # Zooming

    def _zoom(self, *, closer: bool) -> None:
        if self._columns is not None:
            self._is_placed = True
            self.shown.zoom(len(self._columns), closer=closer)
            self._draw()

    def action_zoom_in(self) -> None:
        """Show half of the range."""
        self._zoom(closer=True)

    def action_zoom_out(self) -> None:
        """Show twice the range."""
        self._zoom(closer=False)

    def action_zoom_to_cell(self) -> None:
        """Show the column under the cursor alone."""
        columns = self._columns
        if columns is not None:
            self._is_placed = True
            at = columns.at(self.shown.position)
            self.shown.show(int(columns.starts[at]), int(columns.ends[at]), len(columns))
            self._draw()

    def action_zoom_whole(self) -> None:
        """Show the whole volume."""
        self.shown.show_whole()
        self._draw()

    # View

    def action_union(self) -> None:
        """Show or hide what changed in any pair."""
        self.shows_union = not self.shows_union
        self._draw()

    def action_next_scale(self) -> None:
        """Draw heat on the next scale."""
        self.cbt.use_scale(SCALES[(SCALES.index(self.cbt.scale) + 1) % len(SCALES)])
        self.notice(f"{self.cbt.scale.name} scale: {self.cbt.scale.about}")

    def action_next_palette(self) -> None:
        """Draw heat in the next palette."""
        self.cbt.next_palette()

    # Opening maps

    def action_open(self) -> None:
        """Open the map of the pair under the cursor, at its column."""
        if self._pairs:
            self._open(self._pairs[self.current].names)
        else:
            self.notice(_NO_PAIR)

    def action_mark(self) -> None:
        """Mark or unmark the pair under the cursor; of three marks the first is removed."""
        if not self._pairs:
            self.notice(_NO_PAIR)
            return
        others = [number for number in self.marked if number != self.current]
        added = [] if len(others) < len(self.marked) else [self.current]
        self.marked = tuple(sorted([*others[-1:], *added] if added else others))
        self._draw()

    def action_open_marked(self) -> None:
        """Open the delta from the base of the older marked pair to the target of the newer one."""
        if len(self.marked) < 2:
            self.notice("mark two pairs with Space: m opens what changed from the first to the last")
            return
        older, newer = (self._pairs[number] for number in self.marked)
        self._open(SnapshotNames(newer.target.ref, older.base.ref))

    def _open(self, names: SnapshotNames) -> None:
        backend, shown = self._backend, self.shown
        cursor = MapCursor.of_range(shown.position, shown.start, shown.end) if shown.capacity else MapCursor()

        def done(opened: OpenStream) -> None:
            loader = Loader(opened)
            loader.start()
            self.app.push_screen(MapScreen(loader, backend, cursor))

        self.do(f"opening {names} …", lambda: backend.open(names), done, OpenStream.close)

    # Streams

    def action_stop(self) -> None:
        """Stop the streams and keep what was received."""
        if self.streams.is_running:
            self.streams.stop()
        else:
            self.notice("no stream is running")

    def action_resume(self) -> None:
        """Query again what was stopped or failed."""
        if self.streams.is_complete:
            self.notice("all streams are complete")
        else:
            self.streams.start()
            self.notice("")

    def action_export(self) -> None:
        """Open the export dialog."""
        export = TimelineExport(self.streams.history, picture_of(self))
        self.app.push_screen(ExportScreen(export), lambda result: self.notice(result or ""))

    def action_close(self) -> None:
        """Clear the marks or zoom out, whichever is first; then go back."""
        if self.marked:
            self.marked = ()
            self._draw()
        elif not self.shown.is_whole:
            self.action_zoom_whole()
        else:
            self.cbt.go_back(self)

    # The mouse

    @on(Timeline.PlaceClicked)
    def _place_clicked(self, event: Timeline.PlaceClicked) -> None:
        if event.column is not None and self._columns is not None:
            self._is_placed = True
            self.shown.go(int(self._columns.starts[event.column]))
        self._go_to(event.band)
        if event.opens:
            self.action_open()

    @on(Timeline.WheelScrolled)
    def _wheel_scrolled(self, event: Timeline.WheelScrolled) -> None:
        self.action_move(event.bands)
