"""The timeline of a volume: what changed from each of its snapshots to the next."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import BindingType

from kubectl_cbt.analysis.heat_scale import SCALES
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.volume_history import HistoryPair
from kubectl_cbt.tui import keys
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.screen_picture import picture_of
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.screens.timeline_view import NO_PAIR, TimelineView
from kubectl_cbt.tui.timeline_export import TimelineExport
from kubectl_cbt.tui.widgets.timeline import Timeline


class TimelineScreen(TimelineView):
    """The keys of a timeline, and what is opened from it."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.TIMELINE_KEYS)
    KEYS = keys.TIMELINE_KEYS
    MOUSE = keys.TIMELINE_MOUSE

    # Moving

    @property
    def _pairs(self) -> list[HistoryPair]:
        return [row.pair for row in self.streams.history.rows]

    def _go_to(self, number: int) -> None:
        self.current = max(min(number, len(self._pairs) - 1), 0)
        self.draw()

    def action_move(self, by: int) -> None:
        """Move the cursor by pairs."""
        self._go_to(self.current + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by screens."""
        self._go_to(self.current + by * max(self.timeline.page_bands - 1, 1))

    def action_oldest(self) -> None:
        """Move to the oldest pair."""
        self._go_to(0)

    def action_newest(self) -> None:
        """Move to the newest pair."""
        self._go_to(len(self._pairs))

    def action_go_columns(self, by: int) -> None:
        """Move the cursor by columns."""
        if self.view_columns is not None:
            self.is_placed = True
            self.shown.go_columns(by, self.view_columns)
            self.draw()

    def action_go_in_row(self, column: int) -> None:
        """Move to the first or last visible column."""
        if self.view_columns is not None:
            self.is_placed = True
            self.shown.go(int(self.view_columns.starts[column]))
            self.draw()

    # Zooming

    def _zoom(self, *, closer: bool) -> None:
        if self.view_columns is not None:
            self.is_placed = True
            self.shown.zoom(len(self.view_columns), closer=closer)
            self.draw()

    def action_zoom_in(self) -> None:
        """Show half of the range."""
        self._zoom(closer=True)

    def action_zoom_out(self) -> None:
        """Show twice the range."""
        self._zoom(closer=False)

    def action_zoom_to_cell(self) -> None:
        """Show the column under the cursor alone."""
        columns = self.view_columns
        if columns is not None:
            self.is_placed = True
            at = columns.at(self.shown.position)
            self.shown.show(int(columns.starts[at]), int(columns.ends[at]), len(columns))
            self.draw()

    def action_zoom_whole(self) -> None:
        """Show the whole volume."""
        self.shown.show_whole()
        self.draw()

    # View

    def action_union(self) -> None:
        """Show or hide what changed in any pair."""
        self.shows_union = not self.shows_union
        self.draw()

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
            self.notice(NO_PAIR)

    def action_mark(self) -> None:
        """Mark or unmark the pair under the cursor; of three marks the first is removed."""
        if not self._pairs:
            self.notice(NO_PAIR)
            return
        others = [number for number in self.marked if number != self.current]
        added = [] if len(others) < len(self.marked) else [self.current]
        self.marked = tuple(sorted([*others[-1:], *added] if added else others))
        self.draw()

    def action_open_marked(self) -> None:
        """Open the delta from the base of the older marked pair to the target of the newer one."""
        if len(self.marked) < 2:
            self.notice("mark two pairs with Space: m opens what changed from the first to the last")
            return
        older, newer = (self._pairs[number] for number in self.marked)
        self._open(SnapshotNames(newer.target.ref, older.base.ref))

    def _open(self, names: SnapshotNames) -> None:
        backend, shown = self.backend, self.shown
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
        if self.streams.history.is_complete:
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
            self.draw()
        elif not self.shown.is_whole:
            self.action_zoom_whole()
        else:
            self.cbt.go_back(self)

    # The mouse

    @on(Timeline.PlaceClicked)
    def _place_clicked(self, event: Timeline.PlaceClicked) -> None:
        if event.column is not None and self.view_columns is not None:
            self.is_placed = True
            self.shown.go(int(self.view_columns.starts[event.column]))
        self._go_to(event.band)
        if event.opens:
            self.action_open()

    @on(Timeline.WheelScrolled)
    def _wheel_scrolled(self, event: Timeline.WheelScrolled) -> None:
        self.action_move(event.bands)
