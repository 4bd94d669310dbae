"""The map and the keys that move its cursor and its viewport."""

from __future__ import annotations

from collections.abc import Callable

from textual import on

from kubectl_cbt.analysis.grid import mark_selected
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.extents import Run
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.output.encoding import as_json
from kubectl_cbt.tui.layers import Layers
from kubectl_cbt.tui.messages import in_background
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.plain_text import Content, plain, set_subtitle, set_title
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.tui.text.axis_labels import scale_label
from kubectl_cbt.tui.text.cell_panel import no_extent_at_cursor, no_run_found
from kubectl_cbt.tui.text.help_text import map_lines
from kubectl_cbt.tui.text.problem_report import places_of_violations
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.minimap import Minimap
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.units import parse_place


class MapNavigation(CbtScreen[None]):
    """A screen with a map: owns the position on the volume, and draws map and minimap.

    Attributes:
        cursor: viewport and cursor.
        streams: what is drawn.
        selection: the selected range, half-open, of whole cells; None for none.
        is_searching_start: whether the largest run is being searched, to start there.
    """

    def __init__(self, cursor: MapCursor, streams: Callable[[], Layers]) -> None:
        super().__init__()
        self.cursor = cursor
        # Not before: from here on, threads of the streams call the screen.
        self.streams = streams()
        self.selection: tuple[int, int] | None = None
        self.is_searching_start = False
        self._anchor: tuple[int, int] | None = None

    @property
    def _map(self) -> MapView:
        return self.query_one(MapView)

    @property
    def _grain(self) -> int:
        return self.streams.frame.summary.grain_bytes

    @property
    def map_title(self) -> str:
        """The title of the map."""
        return self.streams.title

    def help_lines(self) -> list[Content]:
        return [*map_lines(self.cbt.color_scheme(both_layers=True), self.cbt.scale), plain("")]

    # Drawing

    def draw_map(self) -> None:
        """Draw the cells of the viewport."""
        viewport = self.cursor.viewport
        set_title(self._map, self.map_title)
        if viewport is None:
            running = self.streams.frame.is_running
            self._map.show_note("waiting for the first extents" if running else "nothing received: no map to draw")
            return
        codes = self.streams.codes(viewport, self.cbt.scale)
        if self.selection is not None:
            mark_selected(codes, viewport, *self.selection)
        self._map.show(viewport, codes, self.cursor.position, places_of_violations(self.streams.frame))
        set_subtitle(self._map, scale_label(viewport))

    def draw_position(self) -> None:
        """Draw what depends on the cursor, outside the map."""
        viewport = self.cursor.viewport
        if viewport is not None:
            heat, _ = self.streams.views()
            self.query_one(Minimap).show(heat, viewport, self.cursor.position, self.cbt.scale)

    def _lay_out(self) -> None:
        """Fit the viewport to the size of the map and of the volume, once both are known."""
        capacity = self.streams.frame.outcome.volume_capacity_bytes
        if capacity and self._map.content_size.width:
            viewport, room = self.cursor.viewport, self._map.room
            if viewport is None or (viewport.capacity_bytes, viewport.columns, viewport.rows) != (capacity, *room):
                self.cursor.lay_out(capacity, self._grain, *room)

    def start_on_largest_run(self) -> None:
        """Move the cursor to the largest run once the first stream has ended, unless the user moved it before."""
        frame, extents = self.streams.frame, self.streams.extents
        if self.cursor.is_placed or self.cursor.viewport is None or frame.is_running or self.is_searching_start:
            return
        self.is_searching_start = True
        in_background(self, lambda: extents.largest_runs(1), self._start_on, self._start_failed)

    def _start_on(self, runs: list[Run]) -> None:
        self.is_searching_start = False
        if runs and not self.cursor.is_placed:
            self.go_to(runs[0].start)
        self.cursor.is_placed = True

    def _start_failed(self, error: CbtError) -> None:
        self._start_on([])

    # Moving

    def _move(self, step: Callable[[], object], *, is_jump: bool = False) -> None:
        """Move, and draw what changed.

        Args:
            is_jump: whether :meth:`action_back` returns to the place before.
        """
        before = self.cursor.viewport
        self.cursor.is_placed = True
        if is_jump:
            self.cursor.remember()
        step()
        if self._anchor is not None:
            self._select(self._anchor, self.cursor.cell)
        if self.cursor.viewport is before and self._anchor is None:
            self._map.move_cursor(self.cursor.position)
        else:
            self.draw_map()
        self.draw_position()

    def go_to(self, position: int) -> None:
        """Move the cursor to a byte."""
        self._move(lambda: self.cursor.go(position))

    def jump_to(self, position: int) -> None:
        """Move the cursor to a byte anywhere on the volume; Backspace returns."""
        self._move(lambda: self.cursor.go(position), is_jump=True)

    def action_back(self) -> None:
        """Return to the place and zoom before the last jump or zoom."""
        if self.cursor.viewport is None:
            return
        before = self.cursor.viewport, self.cursor.position
        self._move(lambda: self.cursor.back(self._grain))
        if before == (self.cursor.viewport, self.cursor.position):
            self.notice("there is no earlier place to go back to")

    def action_go_cells(self, cells: int) -> None:
        """Move by cells."""
        self._move(lambda: self.cursor.go_cells(cells))

    def action_go_rows(self, rows: int) -> None:
        """Move by rows."""
        self._move(lambda: self.cursor.go_rows(rows))

    def action_go_pages(self, pages: int) -> None:
        """Move by screens."""
        self._move(lambda: self.cursor.go_pages(pages))

    def action_go_in_row(self, column: int) -> None:
        """Move to the first or last cell of the row."""
        self._move(lambda: self.cursor.go_in_row(column))

    def action_go_to_start(self) -> None:
        """Move to the first byte."""
        self.jump_to(0)

    def action_go_to_end(self) -> None:
        """Move to the last byte."""
        self.jump_to(INT64_MAX)

    def action_next_run(self) -> None:
        """Move to the next run that begins in another cell; the list shows the runs of this cell."""
        self._go_to_run(self.run_beyond(self.cursor.cell[1], ahead=True), ahead=True)

    def action_previous_run(self) -> None:
        """Move to the start of the run before the cell, or of the one that extends into it."""
        self._go_to_run(self.run_beyond(self.cursor.cell[0], ahead=False), ahead=False)

    def run_beyond(self, position: int, *, ahead: bool) -> Run | None:
        """The run that begins at or after a byte; or the one that begins before it."""
        extents = self.streams.extents
        return extents.run_from(position) if ahead else extents.run_before(position)

    def _go_to_run(self, run: Run | None, *, ahead: bool) -> None:
        if run is None:
            edge = self.cursor.cell[1 if ahead else 0]
            self.notice(no_run_found(self.streams.words, self.streams.frame.known, edge, ahead=ahead))
        else:
            self.jump_to(run.start)

    def action_go_to_offset(self) -> None:
        """Prompt for an offset, and move there."""
        if self.cursor.viewport is None:
            return
        position, capacity = self.cursor.position, self.cursor.viewport.capacity_bytes
        self.query_one(Prompt).open(
            "go to",
            lambda text: self.jump_to(parse_place(text, capacity, position)) if text.strip() else None,
            example="12Gi  0x3f000  45%  lba 2048  +1Gi",
        )

    # Zooming

    def action_zoom_in(self) -> None:
        """Halve the size of the cells."""
        self._move(lambda: self.cursor.zoom(self._grain, self.cursor.position, closer=True), is_jump=True)

    def action_zoom_out(self) -> None:
        """Double the size of the cells."""
        self._move(lambda: self.cursor.zoom(self._grain, self.cursor.position, closer=False), is_jump=True)

    def action_zoom_to_cell(self) -> None:
        """Fill the screen with the cell under the cursor."""
        self._move(lambda: self.cursor.zoom_to_cell(self._grain), is_jump=True)

    def zoom_to_range(self, start: int, end: int) -> None:
        """Show the bytes ``[start, end)`` in the middle of the map; Backspace returns."""
        self._move(lambda: self.cursor.zoom_to_range(self._grain, start, end), is_jump=True)

    def action_zoom_whole(self) -> None:
        """Show the whole volume."""
        self._move(lambda: self.cursor.zoom_whole(self._grain), is_jump=True)

    # Selecting

    def action_select(self) -> None:
        """Start a selection at the cursor, or end it there; a selection that has ended is replaced."""
        if self.cursor.viewport is None:
            return
        if self._anchor is not None:
            self._anchor = None
            self.notice("range selected: e exports it, v shows its figures, Esc clears it")
            return
        self._anchor = self.cursor.cell
        self._select(self._anchor, self._anchor)
        self.draw_map()
        self.notice("selecting: move to extend the range, Space ends it")

    def clear_selection(self) -> None:
        """Select nothing."""
        self.selection = self._anchor = None
        self.draw_map()

    def _select(self, one: tuple[int, int], other: tuple[int, int]) -> None:
        self.selection = min(one[0], other[0]), max(one[1], other[1])

    @on(MapView.CellsDragged)
    def _cells_dragged(self, event: MapView.CellsDragged) -> None:
        if self.cursor.viewport is not None:
            self._anchor = None
            self.cursor.is_placed = True
            self.cursor.go(event.to)
            self._select(*map(self.cursor.viewport.bounds, (event.origin, event.to)))
            self.draw_map()
            self.draw_position()

    # Copying

    def action_copy(self) -> None:
        """Copy the extent at the cursor, as a line of ``-o ndjson``, to the terminal's clipboard."""
        found = self._extent_at_cursor()
        if found is None:
            self.notice(no_extent_at_cursor(self.streams.frame.known, self.cursor.position, self.streams.words))
            return
        text = as_json({"byteOffset": found[0], "sizeBytes": found[1]}, indented=False).decode()
        self.app.copy_to_clipboard(text)
        self.notice(f"copied {text}")

    def _extent_at_cursor(self) -> tuple[int, int] | None:
        """Offset and size of the extent that contains the cursor's byte, else of the first one in its cell."""
        extents, position = self.streams.extents, self.cursor.position
        rows = extents.overlapping(position, position + 1) or extents.overlapping(*self.cursor.cell)
        if not rows:
            return None
        offsets, sizes = extents.rows(rows.start, rows.start + 1)
        return int(offsets[0]), int(sizes[0])

    # The mouse

    @on(MapView.CellClicked)
    def _cell_clicked(self, event: MapView.CellClicked) -> None:
        self.go_to(event.position)

    @on(Minimap.PlaceClicked)
    def _place_clicked(self, event: Minimap.PlaceClicked) -> None:
        self.jump_to(event.position)

    @on(MapView.WheelScrolled)
    def _wheel_scrolled(self, event: MapView.WheelScrolled) -> None:
        self.cursor.go(event.position)
        self._move(lambda: self.cursor.zoom(self._grain, event.position, closer=event.closer), is_jump=True)
