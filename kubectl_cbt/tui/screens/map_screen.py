"""The map of one stream, and of the snapshots around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from kubectl_cbt.analysis.extent_filter import ExtentFilter, FilteredExtents
from kubectl_cbt.analysis.grid import cell_codes
from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.extents import Extents, Run
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.resolved_query import Snapshot
from kubectl_cbt.output.encoding import as_json
from kubectl_cbt.tui import keys
from kubectl_cbt.tui.layers import BOTH, Layers, neighbour
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.messages import FrameReady
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.plain_text import PlainText, joined, set_subtitle, set_title
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.text_screen import TextScreen
from kubectl_cbt.tui.svg import picture_of
from kubectl_cbt.tui.text.axis_labels import scale_label
from kubectl_cbt.tui.text.cell_panel import cell_panel, no_extent_at_cursor, no_run_found
from kubectl_cbt.tui.text.header_line import header_line, map_name
from kubectl_cbt.tui.text.line_layout import key_line
from kubectl_cbt.tui.text.lower_bounds import so_far
from kubectl_cbt.tui.text.problem_report import incomplete_map_note, problem_report
from kubectl_cbt.tui.text.status_line import status_line
from kubectl_cbt.tui.text.vocabulary import vocabulary_of
from kubectl_cbt.tui.widgets.extent_list import ExtentList
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.minimap import Minimap
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.tui.widgets.statistics import Statistics
from kubectl_cbt.units import human_offset, parse_place

_WIDE_ENOUGH = 100
"""Columns from which on the panels stand beside the map unasked."""
_HIGH_ENOUGH = 20
"""Lines from which on the panel about the cell leaves room for the list below it."""
_NOTICE_SECONDS = 4.0
_TICK_SECONDS = 0.25


class MapScreen(CbtScreen[None]):
    """Owns where one is and what is shown; widgets draw it.

    Args:
        loader: of what was asked for; already started.
        backend: for the other layer and the neighbours; None when there is no cluster behind it.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.MAP_KEYS)
    KEYS = keys.MAP_KEYS
    MOUSE = keys.MAP_MOUSE

    def __init__(self, loader: Loader, backend: Backend | None) -> None:
        super().__init__()
        self.cursor = MapCursor(loader.opened.resolved.query.starting_offset)
        self.streams = Layers(loader, self._post_frame)
        self.extent_filter: ExtentFilter | None = None
        self._backend = backend
        self._filtered: FilteredExtents | None = None
        self._notice, self._notice_until = "", 0.0
        self._wants_side: bool | None = None
        self._shows_statistics = False
        self._wants_list = False
        self._ticking: Timer | None = None

    def _post_frame(self, loader: Loader) -> None:
        # A stream begins before the screen is there; what came until then is drawn first of all.
        if self.is_running:
            self.post_message(FrameReady(loader))

    def compose(self) -> ComposeResult:
        yield PlainText(id="header")
        yield PlainText(id="status")
        with Horizontal(id="body"):
            yield MapView()
            with Vertical(id="side"):
                yield PlainText(id="here")
                yield ExtentList()
            yield Statistics()
        yield Minimap()
        yield Prompt()
        yield PlainText(id="keys")

    def on_mount(self) -> None:
        """Begin to draw."""
        set_title(self.query_one("#here"), "here")
        self._map.focus()
        self._use_colors()
        self._ticking = self.set_interval(_TICK_SECONDS, self._tick, pause=True)
        self._arrange()
        self._draw()

    def on_unmount(self) -> None:
        """Streams end with their screen."""
        self._leave_streams()

    def _leave_streams(self) -> None:
        """End them; the ones that are incomplete are named once the terminal is restored."""
        for loader in self.streams.all:
            name = map_name(loader.opened.resolved, loader.opened.operation)
            self.cbt.note_incomplete_map(name, incomplete_map_note(loader.frame, name))
        self.streams.close()

    def on_resize(self) -> None:
        """Panels stand beside the map where there is room."""
        self._arrange()
        self._draw_texts()

    @property
    def _map(self) -> MapView:
        return self.query_one(MapView)

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
        """What the layer that is shown is compared with."""
        return self.streams.active.opened.resolved.base

    @property
    def _grain(self) -> int:
        return self.streams.frame.summary.grain_bytes

    def _arrange(self) -> None:
        side = self.size.width >= _WIDE_ENOUGH if self._wants_side is None else self._wants_side
        self.query_one("#side").display = side and not self._shows_statistics
        self._statistics.display = self._shows_statistics
        # On a low screen there is room for the cell or for the list.
        self.query_one("#here").display = not self._wants_list or self.size.height >= _HIGH_ENOUGH

    @on(MapView.RoomChanged)
    @on(FrameReady)
    def _something_new(self) -> None:
        self._draw()

    def _tick(self) -> None:
        """What changes by itself: times, and notices that have been read. Stops when nothing does any more."""
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
        self._map.use(colors)
        self.query_one(Minimap).use(colors)

    def colors_changed(self) -> None:
        self._use_colors()
        self._draw()

    def _draw(self) -> None:
        capacity = self.streams.frame.outcome.volume_capacity_bytes
        if capacity and self._map.content_size.width:
            viewport, room = self.cursor.viewport, self._map.room
            if viewport is None or (viewport.capacity_bytes, viewport.columns, viewport.rows) != (capacity, *room):
                self.cursor.lay_out(capacity, self._grain, *room)
        self._draw_map()
        self._draw_texts()

    def _draw_map(self) -> None:
        viewport = self.cursor.viewport
        set_title(self._map, self._map_title)
        if viewport is None:
            running = self.streams.frame.is_running
            self._map.say("waiting for the first extents" if running else "nothing came: there is no map to draw")
            return
        self._map.show(viewport, cell_codes(viewport, *self.streams.views()), self.cursor.position)
        set_subtitle(self._map, scale_label(viewport))

    @property
    def _map_title(self) -> str:
        """What is shown, and a filter that no list shows."""
        unseen = self.extent_filter is not None and not self._has_side
        return f"{self.streams.title} · list filtered: {self.extent_filter}" if unseen else self.streams.title

    def _draw_texts(self) -> None:
        active, width = self.streams.active, self.size.width
        title = header_line(self.streams.main.opened.resolved, active.opened.operation, active.frame, width)
        self.query_one("#header", PlainText).update(title)
        self.query_one("#keys", PlainText).update(key_line(keys.footer(self.KEYS, width)))
        self._draw_status()
        self._draw_place()
        if self._shows_statistics:
            self._statistics.show(self.streams.frame, self.streams.words)

    def _draw_status(self) -> None:
        told = self.streams.unfinished
        layer = "" if told is self.streams.active else vocabulary_of(told.opened.operation).title
        text = status_line(
            told.frame,
            self.size.width,
            self._notice,
            layer,
            idle_seconds=told.idle_seconds,
            can_resume=not told.resume_obstacle,
        )
        self.query_one("#status", PlainText).update(text)
        if self._ticking is not None and (self._notice or told.frame.is_running):
            self._ticking.resume()

    def _draw_place(self) -> None:
        """What depends on the cursor."""
        viewport = self.cursor.viewport
        if viewport is None:
            return
        known = self.streams.frame.known
        self.query_one(Minimap).show(self.streams.extents, known, viewport, self.cursor.position)
        if self._has_side:
            panel = self.query_one("#here", PlainText)
            cell, cursor, width = self.cursor.cell, self.cursor.position, panel.content_size.width
            base = self._base
            change_id = base.change_id or "" if base else ""
            lines = cell_panel(self.streams.extents, known, cell, cursor, self.streams.words, width, change_id)
            panel.update(joined(lines))
            self._list.show(self._rows(), cell, cursor, so_far(known))
            set_title(self._list, "extents" if self.extent_filter is None else f"extents {self.extent_filter}")
            set_subtitle(self._list, self._list.position)

    def _rows(self) -> Extents | FilteredExtents:
        extents = self.streams.extents
        if self.extent_filter is None:
            return extents
        if self._filtered is None or not self._filtered.is_of(extents, self.extent_filter):
            earlier = self._filtered if self._filtered and self._filtered.extent_filter == self.extent_filter else None
            self._filtered = FilteredExtents(extents, self.extent_filter, earlier)
        return self._filtered

    # Moving

    def _move(self, step: Callable[[], None]) -> None:
        before = self.cursor.viewport
        step()
        if self.cursor.viewport is before:
            self._map.point(self.cursor.position)
        else:
            self._draw_map()
        self._draw_place()

    def go_to(self, position: int) -> None:
        """Put the cursor on a byte."""
        self._move(lambda: self.cursor.go(position))

    def action_go_cells(self, cells: int) -> None:
        """Along the row, and on to the next."""
        self._move(lambda: self.cursor.go_cells(cells))

    def action_go_rows(self, rows: int) -> None:
        """Down or up."""
        self._move(lambda: self.cursor.go_rows(rows))

    def action_go_pages(self, pages: int) -> None:
        """Down or up by screens."""
        self._move(lambda: self.cursor.go_pages(pages))

    def action_go_in_row(self, column: int) -> None:
        """To the first or last cell of the row."""
        self._move(lambda: self.cursor.go_in_row(column))

    def action_go_to_start(self) -> None:
        """To the first byte."""
        self.go_to(0)

    def action_go_to_end(self) -> None:
        """To the last byte."""
        self.go_to(INT64_MAX)

    def action_next_run(self) -> None:
        """To the next run that begins in another cell: what lies in this one is in the list."""
        self._go_to_run(self.streams.extents.run_from(self.cursor.cell[1]), ahead=True)

    def action_previous_run(self) -> None:
        """To the start of the run before the cell, or of the one that reaches into it."""
        self._go_to_run(self.streams.extents.run_before(self.cursor.cell[0]), ahead=False)

    def _go_to_run(self, run: Run | None, *, ahead: bool) -> None:
        if run is None:
            edge = self.cursor.cell[1 if ahead else 0]
            self.notice(no_run_found(self.streams.words, self.streams.frame.known, edge, ahead=ahead))
        else:
            self.go_to(run.start)

    def action_go_to_offset(self) -> None:
        """Ask for an offset, and go there."""
        if self.cursor.viewport is None:
            return
        cursor, capacity = self.cursor.position, self.cursor.viewport.capacity_bytes
        self.query_one(Prompt).ask(
            "go to",
            lambda text: self.go_to(parse_place(text, capacity, cursor) if text.strip() else cursor),
            example="12Gi  0x3f000  45%  lba 2048  +1Gi",
        )

    def action_zoom_in(self) -> None:
        """Cells of half the size."""
        self._move(lambda: self.cursor.zoom(self._grain, self.cursor.position, closer=True))

    def action_zoom_out(self) -> None:
        """Cells of twice the size."""
        self._move(lambda: self.cursor.zoom(self._grain, self.cursor.position, closer=False))

    def action_zoom_to_cell(self) -> None:
        """The cell at the cursor fills the screen."""
        self._move(lambda: self.cursor.zoom_to_cell(self._grain))

    def action_zoom_whole(self) -> None:
        """All of the volume."""
        self._move(lambda: self.cursor.zoom_whole(self._grain))

    @on(MapView.CellClicked)
    def _pointed(self, event: MapView.CellClicked) -> None:
        self.go_to(event.position)

    @on(MapView.WheelScrolled)
    def _scrolled(self, event: MapView.WheelScrolled) -> None:
        self.cursor.go(event.position)
        self._move(lambda: self.cursor.zoom(self._grain, event.position, closer=event.closer))

    @on(ExtentList.ExtentSelected)
    def _walked(self, event: ExtentList.ExtentSelected) -> None:
        self.go_to(event.byte_offset)

    # Layers and neighbours

    def action_next_layer(self) -> None:
        """From delta to allocated to both; the second stream is opened when it is first wanted."""
        wanted, streams, backend = self.streams.next_layer(), self.streams, self._backend
        if wanted is None:
            self.notice("there is no delta here: this is the only layer")
        elif not streams.needs_stream(wanted):
            self._show_layer(wanted)
        elif backend is None:
            self.notice("a document holds one layer; what else the snapshot holds only a cluster can say")
        else:
            names = SnapshotNames(streams.main.opened.resolved.target.ref)

            def done(opened: OpenStream) -> None:
                streams.add_allocated(Loader(opened))
                self._show_layer(wanted)

            self.do(f"asking what {names} holds", lambda: backend.open(names), done, lambda made: made.close())

    def _show_layer(self, layer: str) -> None:
        self.streams.shown = layer
        self._use_colors()
        self._draw()

    def action_step(self, by: int) -> None:
        """The same question about the snapshots one older or newer."""
        resolved, backend = self.streams.main.opened.resolved, self._backend
        if backend is None:
            self.notice("a document has no neighbours; kubectl cbt browse shows the snapshots of a cluster")
            return
        if resolved.base is None and resolved.query.base is not None:
            self.notice("the base is known by its handle alone: it has no neighbours")
            return
        names = SnapshotNames(resolved.target.ref, resolved.base.ref if resolved.base else None)

        def work() -> Loader | str:
            found = neighbour(backend.entries(), names, by)
            return found if isinstance(found, str) else Loader(backend.open(found))

        self.do("looking for the neighbours", work, self._stepped, _close_unwanted)

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
        """The panels about the cursor, beside the map or not."""
        self._wants_side, self._shows_statistics, self._wants_list = not self._has_side, False, False
        self._rearrange(self._map)

    def action_statistics(self) -> None:
        """The figures of the whole stream."""
        self._shows_statistics = not self._shows_statistics
        self._rearrange(self._statistics if self._shows_statistics else self._map)

    def _rearrange(self, focused: Widget) -> None:
        self._arrange()
        # At once: Widget.focus() would wait for its turn, and take the keyboard from what was opened meanwhile.
        self.set_focus(focused)
        self.call_after_refresh(self._draw)

    @on(Statistics.PlaceChosen)
    def _chosen(self, event: Statistics.PlaceChosen) -> None:
        self.go_to(event.position)

    def action_switch_panel(self) -> None:
        """Between the map and what stands beside it."""
        beside = self._statistics if self._shows_statistics else self._list
        if self._map.has_focus and (self._has_side or self._shows_statistics):
            self._wants_list = True
            self._rearrange(beside)
        else:
            self.set_focus(self._map)

    def action_filter(self) -> None:
        """Ask which extents to list."""
        text = str(self.extent_filter) if self.extent_filter else ""
        self.query_one(Prompt).ask("filter", self._filter, text=text, example=">1Mi  <=64Ki  10Gi..20Gi  (empty: all)")

    def _filter(self, text: str) -> None:
        self.extent_filter = ExtentFilter.parse(text) if text.strip() else None
        if self.extent_filter is not None:
            self._show_list()
        self._draw_place()
        if self.extent_filter is not None and not len(self._rows()):
            self.notice(f"no extent passes the filter{so_far(self.streams.frame.known)}")
        self._draw_map()
        self.query_one(Prompt).return_focus_to(self._list if self.extent_filter and self._has_side else self._map)

    def _show_list(self) -> None:
        """Beside the map, in place of the statistics, with lines for extents."""
        self._wants_list = True
        if not self._has_side:
            self._wants_side, self._shows_statistics = True, False
        self._rearrange(self._list)

    def action_problems(self) -> None:
        """Everything that is wrong."""
        told = self.streams.unfinished
        lines = problem_report(told.frame, told.opened.resolved.base, can_resume=not told.resume_obstacle)
        self.app.push_screen(TextScreen("the stream", list(lines)))

    # Doing

    def action_next_palette(self) -> None:
        """Other colours."""
        self.cbt.next_palette()

    def action_copy(self) -> None:
        """The extent at the cursor, as a line of ``-o ndjson``, to the terminal's clipboard."""
        found = self._extent_at_cursor()
        if found is None:
            self.notice(no_extent_at_cursor(self.streams.frame.known, self.cursor.position, self.streams.words))
            return
        text = as_json({"byteOffset": found[0], "sizeBytes": found[1]}, indented=False).decode()
        self.app.copy_to_clipboard(text)
        self.notice(f"copied {text}")

    def _extent_at_cursor(self) -> tuple[int, int] | None:
        """Offset and size of the one that holds the cursor's byte, or else of the first in its cell."""
        extents, cursor = self.streams.extents, self.cursor.position
        rows = extents.overlapping(cursor, cursor + 1) or extents.overlapping(*self.cursor.cell)
        if not rows:
            return None
        offsets, sizes = extents.rows(rows.start, rows.start + 1)
        return int(offsets[0]), int(sizes[0])

    def action_export(self) -> None:
        """Ask what to write, and where."""
        if self.cursor.viewport is None:
            self.notice("there is nothing to export yet")
            return
        run = self.streams.extents.run_at(self.cursor.position, self.cursor.cell)
        screen = ExportScreen(self.streams.active, self.cursor.viewport, run, lambda: picture_of(self))
        self.app.push_screen(screen, lambda said: self.notice(said or ""))

    def action_stop(self) -> None:
        """End the stream that runs, and keep what came."""
        if self.streams.unfinished.frame.is_running:
            self.streams.unfinished.stop()
        else:
            self.notice("no stream is running")

    def action_resume(self) -> None:
        """Continue a stream that ended early where it stopped."""
        loader = self.streams.resumable
        if loader.resume_obstacle:
            self.notice(loader.resume_obstacle)
            return
        place = human_offset(loader.frame.outcome.next_offset)
        self.do(f"resuming the stream from {place}", loader.resume, lambda made: self._draw())

    def action_close(self) -> None:
        """Close a panel; else clear the filter; else zoom out; else go back to the previous screen."""
        viewport = self.cursor.viewport
        if self._shows_statistics:
            self.action_statistics()
        elif self._has_side and self._wants_side and self.size.width < _WIDE_ENOUGH:
            self._wants_side = None
            self._rearrange(self._map)
        elif self.extent_filter is not None:
            self._filter("")
        elif not self._map.has_focus:
            self.set_focus(self._map)
        elif viewport is not None and not viewport.is_whole:
            self.action_zoom_whole()
        else:
            self.cbt.go_back(self)


def _close_unwanted(made: Loader | str) -> None:
    if not isinstance(made, str):
        made.close()
