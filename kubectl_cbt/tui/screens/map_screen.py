"""The map of one stream, with its panels, its layers and the snapshots before and after it."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from kubectl_cbt.analysis.extent_filter import ExtentFilter
from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.resolved_query import Snapshot
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.tui import keys
from kubectl_cbt.tui.layers import BOTH, Layers, neighbour
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.messages import FrameReady
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.plain_text import PlainText, joined, set_subtitle, set_title
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.map_navigation import MapNavigation
from kubectl_cbt.tui.screens.text_screen import TextScreen
from kubectl_cbt.tui.svg import picture_of
from kubectl_cbt.tui.text.cell_panel import cell_panel
from kubectl_cbt.tui.text.header_line import header_line, map_name
from kubectl_cbt.tui.text.line_layout import key_line
from kubectl_cbt.tui.text.lower_bounds import so_far
from kubectl_cbt.tui.text.problem_report import incomplete_map_note, problem_report
from kubectl_cbt.tui.text.status_line import status_line
from kubectl_cbt.tui.widgets.extent_list import ExtentList
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.minimap import Minimap
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.tui.widgets.statistics import Statistics
from kubectl_cbt.units import human_offset

_WIDE_COLUMNS = 100
"""From this width on the panels are shown beside the map by default."""
_HIGH_LINES = 20
"""From this height on the panel about the cell leaves room for the list below it."""
_NOTICE_SECONDS = 4.0
_TICK_SECONDS = 0.25


class MapScreen(MapNavigation):
    """The map, its panels, and the actions on its streams.

    Args:
        loader: of the stream to show first; already started.
        backend: opens the other layer and other snapshots; None for a document.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.MAP_KEYS)
    KEYS = keys.MAP_KEYS
    MOUSE = keys.MAP_MOUSE

    def __init__(self, loader: Loader, backend: Backend | None) -> None:
        super().__init__(MapCursor(loader.opened.resolved.query.starting_offset), Layers(loader, self._post_frame))
        self.extent_filter: ExtentFilter | None = None
        self._backend = backend
        self._notice, self._notice_until = "", 0.0
        self._wants_side: bool | None = None
        self._shows_statistics = False
        self._wants_list = False
        self._ticking: Timer | None = None

    def _post_frame(self, loader: Loader) -> None:
        # A stream begins before the screen is mounted; frames from before are drawn when it is.
        if self.is_running:
            self.post_message(FrameReady(loader))

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
        yield PlainText(id="keys")

    def on_mount(self) -> None:
        """Draw for the first time."""
        set_title(self.query_one("#cell"), "cursor")
        self._map.focus()
        self._use_colors()
        self._ticking = self.set_interval(_TICK_SECONDS, self._tick, pause=True)
        self._arrange()
        self._draw()

    def on_unmount(self) -> None:
        """End the streams with their screen."""
        self._leave_streams()

    def _leave_streams(self) -> None:
        """End the streams; the command names the incomplete ones once the terminal is restored."""
        for loader in self.streams.all:
            name = map_name(loader.opened.resolved, loader.opened.operation)
            self.cbt.note_incomplete_map(name, incomplete_map_note(loader.frame, name))
        self.streams.close()

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
    def _has_side(self) -> bool:
        return bool(self.query_one("#side").display)

    @property
    def _base(self) -> Snapshot | None:
        """The base snapshot of the shown layer."""
        return self.streams.active.opened.resolved.base

    def _arrange(self) -> None:
        side = self.size.width >= _WIDE_COLUMNS if self._wants_side is None else self._wants_side
        self.query_one("#side").display = side and not self._shows_statistics
        self._statistics.display = self._shows_statistics
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
        return self.is_busy or self._statistics.is_searching or self.streams.unfinished.frame.is_running

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

    def _draw(self) -> None:
        self._lay_out()
        self.draw_map()
        self._draw_texts()

    @property
    def map_title(self) -> str:
        """What is shown, and a filter whose list is hidden."""
        is_hidden = self.extent_filter is not None and not self._has_side
        return f"{self.streams.title} · list filtered: {self.extent_filter}" if is_hidden else self.streams.title

    def _draw_texts(self) -> None:
        active, width = self.streams.active, self.size.width
        title = header_line(self.streams.main.opened.resolved, active.opened.operation, active.frame, width)
        self.query_one("#header", PlainText).update(title)
        self.query_one("#keys", PlainText).update(key_line(keys.footer(self.KEYS, width)))
        self._draw_status()
        self.draw_position()
        if self._shows_statistics:
            self._statistics.show(self.streams.frame, self.streams.words)

    def _draw_status(self) -> None:
        loader = self.streams.unfinished
        layer = "" if loader is self.streams.active else vocabulary_of(loader.opened.operation).title
        text = status_line(
            loader.frame,
            self.size.width,
            self._notice,
            layer,
            idle_seconds=loader.idle_seconds,
            can_resume=not loader.resume_obstacle,
        )
        self.query_one("#status", PlainText).update(text)
        if self._ticking is not None and (self._notice or loader.frame.is_running):
            self._ticking.resume()

    def draw_position(self) -> None:
        super().draw_position()
        if self.cursor.viewport is None or not self._has_side:
            return
        known, extents = self.streams.frame.known, self.streams.extents
        panel = self.query_one("#cell", PlainText)
        cell, position, width = self.cursor.cell, self.cursor.position, panel.content_size.width
        change_id = (self._base.change_id if self._base else None) or ""
        panel.update(joined(cell_panel(extents, known, cell, position, self.streams.words, width, change_id)))
        self._list.show(extents, self.extent_filter, cell, position, so_far(known))
        set_title(self._list, "extents" if self.extent_filter is None else f"extents {self.extent_filter}")
        set_subtitle(self._list, self._list.position_text)

    @on(ExtentList.ExtentSelected)
    def _extent_selected(self, event: ExtentList.ExtentSelected) -> None:
        self.go_to(event.byte_offset)

    # Layers and other snapshots

    def action_next_layer(self) -> None:
        """Switch from delta to allocated to both; the second stream is opened when it is first needed."""
        layer, streams, backend = self.streams.next_layer(), self.streams, self._backend
        if layer is None:
            self.notice("this is not a delta: there is only one layer")
        elif not streams.needs_stream(layer):
            self._show_layer(layer)
        elif backend is None:
            self.notice("saved documents have one layer; connect to a cluster to see allocated blocks")
        else:
            names = SnapshotNames(streams.main.opened.resolved.target.ref)

            def done(opened: OpenStream) -> None:
                streams.add_allocated(Loader(opened))
                self._show_layer(layer)

            self.do(f"querying allocated blocks of {names} …", lambda: backend.open(names), done, OpenStream.close)

    def _show_layer(self, layer: str) -> None:
        self.streams.shown = layer
        self._use_colors()
        self._draw()

    def action_step(self, by: int) -> None:
        """Show the same operation on older or newer snapshots."""
        resolved, backend = self.streams.main.opened.resolved, self._backend
        if backend is None:
            self.notice("a document has no other snapshots; kubectl cbt browse shows those of a cluster")
            return
        if resolved.base is None and resolved.query.base is not None:
            self.notice("the base was given by its handle: its neighbors are unknown")
            return
        names = SnapshotNames(resolved.target.ref, resolved.base.ref if resolved.base else None)

        def work() -> Loader | str:
            found = neighbour(backend.entries(), names, by)
            return found if isinstance(found, str) else Loader(backend.open(found))

        self.do("looking for the neighboring snapshots …", work, self._stepped, _close_unused)

    def _stepped(self, made: Loader | str) -> None:
        if isinstance(made, str):
            self.notice(made)
            return
        self._leave_streams()
        self.streams = Layers(made, self._post_frame)
        made.start()
        self._use_colors()
        self._draw()

    # Panels

    def action_details(self) -> None:
        """Show or hide the panels beside the map."""
        self._wants_side, self._shows_statistics, self._wants_list = not self._has_side, False, False
        self._rearrange(self._map)

    def action_statistics(self) -> None:
        """Show or hide the statistics."""
        self._shows_statistics = not self._shows_statistics
        self._rearrange(self._statistics if self._shows_statistics else self._map)

    def _rearrange(self, focused: Widget) -> None:
        self._arrange()
        # At once: Widget.focus() runs later, and would take the keyboard from a screen that was opened meanwhile.
        self.set_focus(focused)
        self.call_after_refresh(self._draw)

    @on(Statistics.PlaceChosen)
    def _place_chosen(self, event: Statistics.PlaceChosen) -> None:
        self.go_to(event.position)

    def action_switch_panel(self) -> None:
        """Switch the keyboard between the map and the panel beside it."""
        beside = self._statistics if self._shows_statistics else self._list
        if self._map.has_focus and (self._has_side or self._shows_statistics):
            self._wants_list = True
            self._rearrange(beside)
        else:
            self.set_focus(self._map)

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

    def _show_list(self) -> None:
        """Show the list beside the map, in place of the statistics."""
        self._wants_list = True
        if not self._has_side:
            self._wants_side, self._shows_statistics = True, False
        self._rearrange(self._list)

    def action_problems(self) -> None:
        """Show everything that is wrong with the stream."""
        loader = self.streams.unfinished
        lines = problem_report(loader.frame, loader.opened.resolved.base, can_resume=not loader.resume_obstacle)
        self.app.push_screen(TextScreen("stream", list(lines)))

    # Actions

    def action_next_palette(self) -> None:
        """Draw heat in the next palette."""
        self.cbt.next_palette()

    def action_export(self) -> None:
        """Open the export dialog."""
        if self.cursor.viewport is None:
            self.notice("there is nothing to export yet")
            return
        run = self.streams.extents.run_at(self.cursor.position, self.cursor.cell)
        screen = ExportScreen(self.streams.active, self.cursor.viewport, run, lambda: picture_of(self))
        self.app.push_screen(screen, lambda result: self.notice(result or ""))

    def action_stop(self) -> None:
        """Stop the running stream and keep what was received."""
        if self.streams.unfinished.frame.is_running:
            self.streams.unfinished.stop()
        else:
            self.notice("no stream is running")

    def action_resume(self) -> None:
        """Continue a stream that ended early from where it stopped."""
        loader = self.streams.resumable
        if loader.resume_obstacle:
            self.notice(loader.resume_obstacle)
            return
        place = human_offset(loader.frame.outcome.next_offset)
        self.do(f"resuming the stream from {place} …", loader.resume, lambda made: self._draw())

    def action_close(self) -> None:
        """Close a panel; else clear the filter; else zoom out; else go back to the previous screen."""
        viewport = self.cursor.viewport
        if self._shows_statistics:
            self.action_statistics()
        elif self._has_side and self._wants_side and self.size.width < _WIDE_COLUMNS:
            self._wants_side = None
            self._rearrange(self._map)
        elif self.extent_filter is not None:
            self._filter_by("")
        elif not self._map.has_focus:
            self.set_focus(self._map)
        elif viewport is not None and not viewport.is_whole:
            self.action_zoom_whole()
        else:
            self.cbt.go_back(self)


def _close_unused(made: Loader | str) -> None:
    if not isinstance(made, str):
        made.close()
