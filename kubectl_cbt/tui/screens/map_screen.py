"""The map of one stream, with its panels."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from kubectl_cbt.analysis.extent_filter import ExtentFilter
from kubectl_cbt.analysis.heat_scale import SCALES
from kubectl_cbt.model.backend import Backend
from kubectl_cbt.model.extents import Run
from kubectl_cbt.model.resolved_query import Snapshot
from kubectl_cbt.output.lower_bounds import so_far
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.tui import keys
from kubectl_cbt.tui.export_source import ranges_of_map
from kubectl_cbt.tui.layers import BOTH
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.messages import FrameReady
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.plain_text import Content, PlainText, joined, plain, set_subtitle, set_title
from kubectl_cbt.tui.screen_picture import picture_of
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.map_streams import MapStreams
from kubectl_cbt.tui.screens.text_screen import TextScreen
from kubectl_cbt.tui.settings import ALWAYS, AUTO, NEVER, Settings
from kubectl_cbt.tui.text.cell_panel import cell_panel, range_figures
from kubectl_cbt.tui.text.header_line import header_line
from kubectl_cbt.tui.text.problem_report import Line, problem_report
from kubectl_cbt.tui.text.status_line import status_line
from kubectl_cbt.tui.widgets.extent_list import ExtentList
from kubectl_cbt.tui.widgets.key_bar import KeyBar
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.minimap import Minimap
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.tui.widgets.statistics import Statistics
from kubectl_cbt.units import human_count

_WIDE_COLUMNS = 100
"""From this width on the panels are shown beside the map by default."""
_WIDEST_COLUMNS = 200
"""From this width on statistics and list are shown side by side."""
_HIGH_LINES = 20
"""From this height on the panel about the cell leaves room for the list below it."""
_NOTICE_SECONDS = 4.0
_TICK_SECONDS = 0.25


class MapScreen(MapStreams):
    """The map and its panels.

    Args:
        loader: of the stream to show first; already started.
        backend: opens the other layer and other snapshots; None for a document.
        cursor: where to start; None for the first byte that was queried.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.MAP_KEYS)
    KEYS: ClassVar[tuple[keys.KeyGroup, ...]] = keys.MAP_KEYS
    MOUSE = keys.MAP_MOUSE
    LISTED: ClassVar[str] = "extents"

    def __init__(self, loader: Loader, backend: Backend | None, cursor: MapCursor | None = None) -> None:
        super().__init__(loader, backend, cursor)
        self.extent_filter: ExtentFilter | None = None
        self._notice, self._notice_until = "", 0.0
        self._wants_side: bool | None = None
        self._shows_statistics = False
        self._wants_list = False
        self._ticking: Timer | None = None

    def compose(self) -> ComposeResult:
        yield PlainText(id="header")
        yield PlainText(id="status")
        with Horizontal(id="body"):
            yield MapView()
            with Vertical(id="side"):
                yield PlainText(id="cell")
                yield ExtentList()
            yield Statistics()
        yield Minimap()
        yield Prompt()
        yield KeyBar()

    def on_mount(self) -> None:
        """Draw for the first time."""
        set_title(self.query_one("#cell"), "cursor")
        details = self.cbt.settings.details
        self._wants_side = None if details == AUTO else details == ALWAYS
        self._shows_statistics = self.cbt.settings.statistics
        self._use_colors()
        self._ticking = self.set_interval(_TICK_SECONDS, self._tick, pause=True)
        self._arrange()
        self.set_focus(self._map if self._map.display else self._beside)
        self._draw()

    def with_panels(self, settings: Settings) -> Settings:
        details = AUTO if self._wants_side is None else ALWAYS if self._wants_side else NEVER
        return replace(settings, details=details, statistics=self._shows_statistics)

    def on_resize(self) -> None:
        """Show the panels where they fit."""
        self._arrange()
        self._draw_texts()

    @property
    def _list(self) -> ExtentList:
        return self.query_one(ExtentList)

    @property
    def _statistics(self) -> Statistics:
        return self.query_one(Statistics)

    @property
    def _beside(self) -> Widget:
        """The panel that the keyboard can switch to."""
        return self._statistics if self._shows_statistics else self._list

    @property
    def _has_side(self) -> bool:
        return bool(self.query_one("#side").display)

    @property
    def _base(self) -> Snapshot | None:
        """The base snapshot of the shown layer."""
        return self.streams.active.opened.resolved.base

    def _arrange(self) -> None:
        is_narrow, is_widest = self.size.width < _WIDE_COLUMNS, self.size.width >= _WIDEST_COLUMNS
        side = not is_narrow if self._wants_side is None else self._wants_side
        shows_statistics = self._shows_statistics or (is_widest and side)
        self.query_one("#side").display = side and (is_widest or not self._shows_statistics)
        self._statistics.display = shows_statistics
        # Beside a panel a narrow map would be too small to read: the panel takes its place.
        self._map.display = not (is_narrow and (self._has_side or shows_statistics))
        self.set_class(not self._map.display, "-without-map")
        # A low screen has room for the cell or for the list.
        self.query_one("#cell").display = not self._wants_list or self.size.height >= _HIGH_LINES

    @on(MapView.RoomChanged)
    @on(FrameReady)
    def _redraw(self) -> None:
        self._draw()

    def _tick(self) -> None:
        """Draw what changes with time: durations, and notices that expire. Pauses itself when nothing does."""
        if self._notice and time.monotonic() > self._notice_until and not self.is_busy:
            self._notice = ""
        elif self.streams.unfinished.frame.is_running:
            self.streams.unfinished.catch_up()
        elif not self._notice and self._ticking is not None:
            self._ticking.pause()
            return
        self._draw_status()

    @property
    def is_updating(self) -> bool:
        is_searching = self.is_searching_start or self._statistics.is_searching or self._list.is_sorting
        return self.is_busy or is_searching or self.streams.unfinished.frame.is_running

    def notice(self, text: str) -> None:
        self._notice, self._notice_until = text, time.monotonic() + _NOTICE_SECONDS
        self._draw_status()

    # Drawing

    def _use_colors(self) -> None:
        colors = self.cbt.color_scheme(both_layers=self.streams.shown == BOTH)
        self._map.use_colors(colors)
        self.query_one(Minimap).use_colors(colors)

    def colors_changed(self) -> None:
        self._use_colors()
        self._draw()

    def streams_changed(self) -> None:
        self.colors_changed()

    def _draw(self) -> None:
        self._lay_out()
        self.draw_map()
        self._draw_texts()
        self.start_on_largest_run()

    @property
    def map_title(self) -> str:
        """What is shown, and a filter whose list is hidden."""
        is_hidden = self.extent_filter is not None and not self._has_side
        return f"{self.streams.title} · list filtered: {self.extent_filter}" if is_hidden else self.streams.title

    def _draw_texts(self) -> None:
        self.query_one("#header", PlainText).update(self.header())
        self.query_one(KeyBar).show(self.key_groups, self.size.width)
        self._draw_status()
        self.draw_position()
        if self._statistics.display:
            self._statistics.show(self.streams.frame, self.streams.words, self.first_statistics())

    def header(self) -> Content:
        """The first line."""
        active = self.streams.active
        allocated = self.streams.allocated_frame if active is self.streams.main else None
        resolved, operation = self.streams.main.opened.resolved, active.opened.operation
        return header_line(resolved, operation, active.frame, self.size.width, allocated, self.context)

    def first_statistics(self) -> list[Content]:
        """Lines before those of the statistics panel."""
        return []

    def cell_lines(self, cell: tuple[int, int]) -> list[Content]:
        """Further lines of the panel about a cell."""
        return []

    def _draw_status(self) -> None:
        loader = self.streams.unfinished
        self.query_one("#status", PlainText).update(self.status(loader))
        if self._ticking is not None and (self._notice or loader.frame.is_running):
            self._ticking.resume()

    def status(self, loader: Loader) -> Content:
        """The second line, about a loader."""
        layer = "" if loader is self.streams.active else vocabulary_of(loader.opened.operation).title
        return status_line(
            loader.frame,
            self.size.width,
            self._notice,
            layer,
            idle_seconds=loader.idle_seconds,
            can_resume=not loader.resume_obstacle,
        )

    def draw_position(self) -> None:
        super().draw_position()
        if self.cursor.viewport is None or not self._has_side:
            return
        known, extents = self.streams.frame.known, self.streams.extents
        panel = self.query_one("#cell", PlainText)
        cell, position, width = self.cursor.cell, self.cursor.position, panel.content_size.width
        change_id = (self._base.change_id if self._base else None) or ""
        _, allocated = self.streams.views()
        words = self.streams.words
        lines = cell_panel(extents, known, cell, position, words, width, change_id, allocated, self.cell_lines(cell))
        panel.update(joined(lines))
        self._list.show(extents, self.extent_filter, cell, position, so_far(known))
        self._title_list()

    def _title_list(self) -> None:
        matching = "" if self.extent_filter is None else f" {self.extent_filter}"
        if self.extent_filter is not None:
            matching += f" · {human_count(self._list.matches)} of {human_count(len(self.streams.extents))} match"
        set_title(self._list, f"{self.LISTED}{' by size' if self._list.by_size else ''}{matching}")
        set_subtitle(self._list, self._list.position_text)

    @on(ExtentList.ExtentSelected)
    def _extent_selected(self, event: ExtentList.ExtentSelected) -> None:
        self.go_to(event.byte_offset)

    @on(ExtentList.ExtentActivated)
    def _extent_activated(self, event: ExtentList.ExtentActivated) -> None:
        self.zoom_to_range(event.byte_offset, event.byte_offset + event.size_bytes)

    @on(ExtentList.Sorted)
    def _sorted(self) -> None:
        self._title_list()

    def action_sort(self) -> None:
        """Sort the list by size, or by offset again."""
        self._list.by_size = not self._list.by_size
        self._show_list()
        self.notice("extents by size, largest first" if self._list.by_size else "extents by offset")

    # Panels

    def action_details(self) -> None:
        """Show or hide the panels beside the map."""
        self._wants_side, self._shows_statistics, self._wants_list = not self._has_side, False, False
        self._arrange()
        self._rearrange(self._map if self._map.display else self._list)

    def action_statistics(self) -> None:
        """Show or hide the statistics."""
        self._shows_statistics = not self._shows_statistics
        self._arrange()
        shown = self._statistics if self._shows_statistics else self._map if self._map.display else self._list
        self._rearrange(shown)

    def _rearrange(self, focused: Widget) -> None:
        self._arrange()
        # At once: Widget.focus() runs later, and would take the keyboard from a screen that was opened meanwhile.
        self.set_focus(focused)
        self.call_after_refresh(self._draw)

    @on(Statistics.PlaceChosen)
    def _place_chosen(self, event: Statistics.PlaceChosen) -> None:
        self.jump_to(event.position)

    def action_switch_panel(self) -> None:
        """Switch the keyboard between the map and the panel beside it."""
        if self._map.has_focus and (self._has_side or self._shows_statistics):
            self._wants_list = True
            self._rearrange(self._beside)
        elif self._map.display:
            self.set_focus(self._map)
        else:
            self._close_panel()

    def _close_panel(self) -> None:
        """Show the map again, where a panel has taken its place."""
        self._wants_side, self._shows_statistics = None, False
        self._arrange()
        self._rearrange(self._map)

    def action_filter(self) -> None:
        """Prompt for a filter of the list."""
        text = str(self.extent_filter) if self.extent_filter else ""
        example = ">1Mi  <=64Ki  10Gi..20Gi  (empty: all)"
        self.query_one(Prompt).open("filter", self._filter_by, text=text, example=example)

    def _filter_by(self, text: str) -> None:
        self.extent_filter = ExtentFilter.parse(text) if text.strip() else None
        if self.extent_filter is not None:
            self._show_list()
        self.draw_position()
        if self.extent_filter is not None and not self._list.line_count:
            self.notice(f"no extent matches the filter{so_far(self.streams.frame.known)}")
        self.draw_map()
        self.query_one(Prompt).return_focus_to(self._list if self.extent_filter and self._has_side else self._map)

    def run_beyond(self, position: int, *, ahead: bool) -> Run | None:
        """With a filter, the next or previous extent that matches it."""
        if self.extent_filter is None:
            return super().run_beyond(position, ahead=ahead)
        return self._list.match_beyond(self.streams.extents, self.extent_filter, position, ahead=ahead)

    def _show_list(self) -> None:
        """Show the list beside the map, in place of the statistics."""
        self._wants_list = True
        if not self._has_side:
            self._wants_side, self._shows_statistics = True, False
        self._rearrange(self._list)

    def action_problems(self) -> None:
        """Show everything that is wrong with the stream."""
        loader = self.streams.unfinished
        report = problem_report(loader.frame, loader.opened.resolved.base, can_resume=not loader.resume_obstacle)
        lines: list[Line] = list(report)
        if self.selection is not None:
            figures = range_figures(self.streams.extents, self.streams.frame.known, self.selection, self.streams.words)
            lines = [*((text, None) for text in (*figures, plain(""), plain("Stream", "bold"))), *lines]
        places = {number: offset for number, (_, offset) in enumerate(lines) if offset is not None}
        screen = TextScreen("selected range" if self.selection else "stream", [text for text, _ in lines], places)
        self.app.push_screen(screen, lambda place: None if place is None else self.jump_to(place))

    # Actions

    def action_next_palette(self) -> None:
        """Draw heat in the next palette."""
        self.cbt.next_palette()

    def action_next_scale(self) -> None:
        """Draw heat on the next scale."""
        self.cbt.use_scale(SCALES[(SCALES.index(self.cbt.scale) + 1) % len(SCALES)])
        self.notice(f"{self.cbt.scale.name} scale: {self.cbt.scale.about}")

    def action_export(self) -> None:
        """Open the export dialog."""
        if self.cursor.viewport is None:
            self.notice("there is nothing to export yet")
            return
        run = self.streams.extents.run_at(self.cursor.position, self.cursor.cell)
        ranges = ranges_of_map(self.cursor.viewport, run, self.selection)
        export = self.streams.export(ranges, picture_of(self))
        self.app.push_screen(ExportScreen(export), lambda result: self.notice(result or ""))

    def action_close(self) -> None:
        """Clear the selection, close a panel, clear the filter or zoom out, whichever is first; then go back."""
        viewport = self.cursor.viewport
        if self.selection is not None:
            self.clear_selection()
        elif self._shows_statistics:
            self.action_statistics()
        elif not self._map.display:
            self._close_panel()
        elif self.extent_filter is not None:
            self._filter_by("")
        elif not self._map.has_focus:
            self.set_focus(self._map)
        elif viewport is not None and not viewport.is_whole:
            self.action_zoom_whole()
        else:
            self.cbt.go_back(self)
