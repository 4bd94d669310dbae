"""A screen with a timeline: owns what is measured and where the cursor is, and draws both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.timer import Timer

from kubectl_cbt.analysis.volume_columns import KeptCells, VolumeColumns, column_figures, sums_in_columns
from kubectl_cbt.model.backend import Backend
from kubectl_cbt.model.stream_figures import MeteredQuery
from kubectl_cbt.model.volume_history import VolumeHistory
from kubectl_cbt.output.drawing.timeline_bands import (
    OTHER_NAMES,
    Band,
    allocated_band,
    delta_band,
    fastest_change,
    union_band,
)
from kubectl_cbt.output.drawing.timeline_layout import TimelineLayout
from kubectl_cbt.output.drawing.timeline_picture import TimelineCursor
from kubectl_cbt.output.history.history_words import pairing_title
from kubectl_cbt.output.snapshot_cells import name_of
from kubectl_cbt.tui.plain_text import Content, PlainText, joined, plain, set_subtitle, set_title
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.tui.text.timeline_text import (
    Parts,
    column_line,
    pair_lines,
    progress_parts,
    range_label,
    timeline_header,
    timeline_help,
    timeline_status,
)
from kubectl_cbt.tui.timeline_streams import TimelineStreams
from kubectl_cbt.tui.visible_range import VisibleRange
from kubectl_cbt.tui.widgets.key_bar import KeyBar
from kubectl_cbt.tui.widgets.timeline import Timeline, TimelineContent

_NOTICE_SECONDS = 4.0
_HIGH_LINES = 20
"""From this height on there is room for all about the pair."""
NO_PAIR = "there is no pair of snapshots"


class StreamMeasured(Message):
    """A stream has newer figures; of several that are queued only the last is handled."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StreamMeasured)


class TimelineView(CbtScreen[None]):
    """A band for each pair of snapshots, which fills while its stream arrives.

    Args:
        history: the snapshots; its rows are measured by the screen.
        backend: opens the streams.
        position: the byte to start on; None for where most changed.
    """

    def __init__(self, history: VolumeHistory, backend: Backend, position: int | None = None) -> None:
        super().__init__()
        self._history = history
        self.backend = backend
        self._streams: TimelineStreams | None = None
        self.shown = VisibleRange(position or 0)
        self.current = max(len(history.snapshots) - 2, 0)
        self.marked: tuple[int, ...] = ()
        self.shows_union = False
        self.is_placed = position is not None
        self.view_columns: VolumeColumns | None = None
        self._cells: Sequence[KeptCells | None] = ()
        self._drawn: VolumeHistory | None = None
        self._names: list[str] = []
        self._fastest = 0
        self._progress: Parts = []
        self._header_width = 0
        self._known_bands: dict[int, Band] = {}
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
        self._streams = TimelineStreams(self.backend, self.cbt.limits, self._history, self._post_measured)
        self.timeline.focus()
        self.timeline.use_colors(self.cbt.color_scheme(both_layers=True))
        self._streams.start()
        self.draw()

    def on_unmount(self) -> None:
        """End the streams with the screen."""
        self.streams.stop()

    def on_resize(self) -> None:
        """Fit the texts to the width."""
        self.draw()

    @property
    def streams(self) -> TimelineStreams:
        """What is measured; there once the screen is mounted."""
        assert self._streams is not None  # noqa: S101  # made when it is mounted
        return self._streams

    @property
    def is_updating(self) -> bool:
        return super().is_updating or self._streams is None or self._streams.is_running

    @property
    def timeline(self) -> Timeline:
        """The bands."""
        return self.query_one(Timeline)

    def _post_measured(self, query: MeteredQuery) -> None:
        self.post_message(StreamMeasured())

    @on(StreamMeasured)
    @on(Timeline.RoomChanged)
    def _measured(self) -> None:
        self.draw()

    # Drawing

    def notice(self, text: str) -> None:
        self._notice = text
        if self._notice_timer is not None:
            self._notice_timer.stop()
        self._notice_timer = self.set_timer(_NOTICE_SECONDS, self._end_notice) if text else None
        self.draw()

    def _end_notice(self) -> None:
        if not self.is_busy:
            self.notice("")

    def help_lines(self) -> list[Content]:
        return [*timeline_help(self.cbt.color_scheme(both_layers=True)), plain("")]

    def colors_changed(self) -> None:
        self.timeline.use_colors(self.cbt.color_scheme(both_layers=True))
        self.draw()

    def draw(self) -> None:
        """Draw everything; what did not change is not drawn again."""
        if self._streams is None or not self.timeline.content_size.width:
            return
        self.streams.update()
        history, edges = self.streams.history, self.streams.edges
        if history is not self._drawn:
            self._drawn = history
            self._names = [*(name_of(row.pair.target) for row in history.rows), *OTHER_NAMES]
            self._fastest = fastest_change(history.rows)
            self._progress = progress_parts(history)
            self._header_width = 0
            self._known_bands = {}
        if edges is not None:
            self.shown.use_capacity(int(edges[-1]))
        layout = TimelineLayout.of(self._names, self.timeline.content_size.width)
        columns = self.view_columns = self.streams.columns(self.shown.start, self.shown.end, layout.cells)
        if columns is not None and not self.is_placed and history.is_complete:
            self._start_where_most_changed(history, columns)
        cells = self._cells = self.streams.cells(columns)
        column = columns.at(self.shown.position) if columns is not None else 0
        cursor = TimelineCursor(self.current, column, frozenset(self.marked))
        others = self._others(history, cells)
        content = TimelineContent(len(history.rows), self._band, others, layout, columns, cursor, self.cbt.scale)
        self.timeline.show(content)
        self._draw_texts(history)

    def _band(self, number: int) -> Band:
        """The band of a pair; the same object until it changes."""
        cells, known = self._cells[number], self._known_bands.get(number)
        if known is None or known.cells is not cells:
            known = self._known_bands[number] = delta_band(self.streams.history.rows[number], cells, self._fastest)
        return known

    def _others(self, history: VolumeHistory, cells: Sequence[KeptCells | None]) -> list[Band]:
        """The bands below the pairs."""
        found = []
        if self.shows_union:
            found.append(union_band(self.streams.union, self.streams.union_cells(self.view_columns)))
        if history.allocated is not None:
            found.append(allocated_band(history.allocated, cells[-1]))
        return found

    def _start_where_most_changed(self, history: VolumeHistory, columns: VolumeColumns) -> None:
        """Move the cursor to the column with the most changes in all pairs."""
        cells = self.streams.cells(columns)[: len(history.rows)]
        covered = [sums_in_columns(one, columns).covered for one in cells]
        if covered:
            self.shown.position = int(columns.starts[np.sum(covered, axis=0).argmax()])
        self.is_placed = True

    def _draw_texts(self, history: VolumeHistory) -> None:
        width = self.size.width
        if width != self._header_width:
            self._header_width = width
            self.query_one("#header", PlainText).update(timeline_header(history, self.backend.context, width))
        marked = [history.rows[number].pair for number in self.marked]
        status = timeline_status(
            self._progress, self._notice, self.streams.note, marked, width, shows_union=self.shows_union
        )
        self.query_one("#status", PlainText).update(status)
        self.query_one(KeyBar).show(self.key_groups, width)
        set_title(self.timeline, pairing_title(history.pairing))
        set_subtitle(self.timeline, range_label(self.view_columns, is_whole=self.shown.is_whole))
        is_low = self.size.height < _HIGH_LINES
        panel = self.query_one("#pair", PlainText)
        panel.set_class(is_low, "-low")
        set_title(panel, f"pair {self.current + 1} of {len(history.rows)}" if history.rows else "pair")
        lines = self._pair_lines(history, width - (0 if is_low else 2))
        # A low screen has room for the pair, or what is wrong with it, and for the column.
        panel.update(joined([lines[0], lines[-1]] if is_low else lines))

    def _pair_lines(self, history: VolumeHistory, width: int) -> list[Content]:
        if not history.rows:
            return [plain(f" {NO_PAIR}")]
        row = history.rows[self.current]
        allocated = history.allocated.covered_bytes if history.allocated and history.allocated.is_complete else None
        lines = pair_lines(row, allocated, width)
        if self.view_columns is not None:
            columns, at = self.view_columns, self.view_columns.at(self.shown.position)
            figures = column_figures(self._cells[: len(history.rows)], columns, at)
            start, end = int(columns.starts[at]), int(columns.ends[at])
            lines.append(column_line(start, end, figures, self.current, width))
        return lines
