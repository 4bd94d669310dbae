"""The timeline: a band for each pair of snapshots, which scroll; below them, what is about all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from kubectl_cbt.analysis.heat_scale import LOG, HeatScale
from kubectl_cbt.analysis.volume_columns import VolumeColumns
from kubectl_cbt.output.drawing.painting import ColorScheme, Painter
from kubectl_cbt.output.drawing.timeline_bands import Band
from kubectl_cbt.output.drawing.timeline_layout import TimelineLayout, band_height
from kubectl_cbt.output.drawing.timeline_picture import BandCodes, Line, TimelineCursor, TimelinePicture, TimelineStyles

_TITLES = _AXIS = 1
_KEPT_BANDS = 256
"""Those of several screens: a band that scrolls away and comes back is not drawn again."""
_LEGEND_FROM = 9
"""Lines from which there is a legend."""


_BandKey = tuple[Band, bytes, TimelineLayout, Painter, TimelineStyles, tuple[int, bool, bool, int]]
"""Everything that a band is drawn from: texts, codes, columns, colors; cursor, mark and height."""


@dataclass(frozen=True, slots=True, eq=False)
class TimelineContent:
    """What the widget shows.

    Attributes:
        pairs: number of the pairs; the oldest is on top.
        band: returns the band of a pair; only visible ones are drawn.
        others: below them, always visible.
        layout: of the columns of characters.
        columns: None before the capacity of the volume is known.
    """

    pairs: int
    band: Callable[[int], Band]
    others: Sequence[Band]
    layout: TimelineLayout
    columns: VolumeColumns | None
    cursor: TimelineCursor
    scale: HeatScale = LOG


class Timeline(Widget, can_focus=True):
    """Draws a timeline; the band under the cursor is always visible."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"timeline--quiet", "timeline--current", "timeline--problem"}

    class RoomChanged(Message):
        """The widget has another size."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Timeline.RoomChanged)

    @dataclass
    class PlaceClicked(Message):
        """A click on a band.

        Attributes:
            band: number of the pair.
            column: None beside the cells.
            opens: whether it was a double click.
        """

        band: int
        column: int | None
        opens: bool

    @dataclass
    class WheelScrolled(Message):
        """The wheel was turned.

        Attributes:
            bands: to move the cursor by.
        """

        bands: int

    def __init__(self) -> None:
        super().__init__()
        self._content: TimelineContent | None = None
        self._colors = ColorScheme(None)
        self._base = Style.null()
        self._painter = Painter(self._colors)
        self._strips: list[Strip] = []
        self._cells: BandCodes | None = None
        self._drawn: LRUCache[_BandKey, list[Strip]] = LRUCache(_KEPT_BANDS)
        self._first = 0
        self._height = 1

    def use_colors(self, colors: ColorScheme) -> None:
        """Use other colors, or none, from the next :meth:`show` on."""
        if colors != self._colors:
            self._colors, self._painter = colors, Painter(colors, self._base)

    def show(self, content: TimelineContent) -> None:
        """Draw other bands; only lines that changed are drawn again."""
        self._content = content
        self._redraw()

    @property
    def page_bands(self) -> int:
        """The pairs that fit on the screen."""
        return max(self._room // self._height, 1)

    @property
    def _room(self) -> int:
        """Lines for the pairs."""
        others = len(self._content.others) if self._content is not None else 0
        below = others * min(self._height, 2) + bool(others) + _AXIS + self._legend_lines
        return max(self.content_size.height - _TITLES - below, 1)

    @property
    def _legend_lines(self) -> int:
        return int(self.content_size.height >= _LEGEND_FROM)

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.RoomChanged())

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._redraw()

    def _redraw(self) -> None:
        before, self._strips = self._strips, self._made(self._content) if self._content is not None else []
        if len(before) != len(self._strips):
            self.refresh()
            return
        pairs = enumerate(zip(before, self._strips, strict=True))
        changed = [y for y, (old, new) in pairs if old is not new and old != new]
        if changed:
            self.refresh(*(Region(0, y, self.content_size.width, 1) for y in changed))

    def _made(self, content: TimelineContent) -> list[Strip]:
        width, height = self.content_size
        if width < 1:
            return []
        room = height - _TITLES - _AXIS - self._legend_lines
        self._height = band_height(content.pairs, len(content.others), room)
        self._scroll_to_band(content.cursor.band, content.pairs)
        visible = range(self._first, min(self._first + self.page_bands, content.pairs))
        bands = [*map(content.band, visible), *content.others]
        cursor = TimelineCursor(
            content.cursor.band - self._first,
            content.cursor.column,
            frozenset(number - self._first for number in content.cursor.marked),
        )
        layout, styles = content.layout, self._styles()
        cells = self._cells_of(bands, content)
        picture = TimelinePicture(cells, layout, self._painter, styles, cursor)
        strips = [self._strip(picture.titles())]
        for number, band in enumerate(bands):
            if number == len(visible):
                strips.append(self._strip(picture.separator()))
            band_lines = self._height if number < len(visible) else min(self._height, 2)
            is_current = number == cursor.band
            state = is_current and cursor.column, is_current, number in cursor.marked, band_lines
            key = band, cells.codes[number].tobytes(), layout, self._painter, styles, state
            drawn = self._drawn.get(key)
            if drawn is None:
                drawn = self._drawn[key] = [self._strip(line) for line in picture.band(number, band_lines)]
            strips += drawn
        strips.append(self._strip(picture.axis()))
        if not self._legend_lines:
            return strips
        # At the bottom, wherever the pairs end.
        strips += [Strip.blank(width, self._base) for _ in range(height - len(strips) - 1)]
        return [*strips, self._strip(picture.legend(self._colors, width))]

    def _strip(self, line: Line) -> Strip:
        """A line as wide as the widget."""
        return Strip(line).adjust_cell_length(self.content_size.width, self._base)

    def _cells_of(self, bands: list[Band], content: TimelineContent) -> BandCodes:
        """The cells of bands; those of before, if only the cursor has moved."""
        kept = self._cells
        is_same = kept is not None and kept.columns is content.columns and kept.scale is content.scale
        if kept is None or not is_same or list(kept.bands) != bands or kept.codes.shape[1] != content.layout.cells:
            kept = self._cells = BandCodes.of(bands, content.columns, content.layout.cells, content.scale)
        return kept

    def _scroll_to_band(self, band: int, pairs: int) -> None:
        page = self.page_bands
        self._first = min(max(self._first, band - page + 1), band)
        self._first = max(min(self._first, pairs - page), 0)

    def _styles(self) -> TimelineStyles:
        text = self.rich_style
        if text != self._base:
            self._base, self._painter = text, Painter(self._colors, text)
        quiet, current, problem = (
            text + self.get_component_rich_style(f"timeline--{name}", partial=True)
            for name in ("quiet", "current", "problem")
        )
        return TimelineStyles(text, quiet, current, problem)

    def render_line(self, y: int) -> Strip:
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.content_size.width, self._base)

    # The mouse

    def on_click(self, event: events.Click) -> None:
        """Move the cursor; a double click opens the map."""
        content, x, y = self._content, event.x - self.gutter.left, event.y - self.gutter.top - _TITLES
        if content is None or y < 0:
            return
        band = self._first + y // self._height
        if y // self._height >= self.page_bands or band >= content.pairs:
            return
        column = x - content.layout.left
        is_cell = 0 <= column < content.layout.cells
        self.post_message(self.PlaceClicked(band, column if is_cell else None, opens=event.chain == 2))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move up."""
        event.stop()
        self.post_message(self.WheelScrolled(-1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move down."""
        event.stop()
        self.post_message(self.WheelScrolled(1))
