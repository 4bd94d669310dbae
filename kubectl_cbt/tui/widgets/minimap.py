"""One line for the whole volume, with the viewport highlighted, and the legend of the heat beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.cells import cell_edges, coverage
from kubectl_cbt.analysis.grid import LayerView, visible_hottest
from kubectl_cbt.analysis.heat_scale import LOG, HeatScale, Hottest
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.output.drawing.legend import class_samples, legend_samples
from kubectl_cbt.output.drawing.painting import HATCH, ColorScheme, Painter
from kubectl_cbt.output.drawing.volume_bars import BARS_TITLE, bar_glyphs

_FAIR_BARS, _MIN_BARS = 24, 10
"""Columns for the bars before a longer legend is shown, and before a legend is shown at all."""


class Minimap(Widget):
    """Draws the volume as bars."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"minimap--inside", "minimap--outside", "minimap--text"}

    def __init__(self) -> None:
        super().__init__()
        self._scale = LOG
        self._colors = ColorScheme(None)
        self._painter = Painter(self._colors)
        self._heat: LayerView | None = None
        self._viewport: Viewport | None = None
        self._cursor = 0
        self._shows_classes = False
        self._bars_from = 0
        self._edges = cell_edges(0, 0, 1)

    @dataclass
    class PlaceClicked(Message):
        """A click on the bars.

        Attributes:
            position: the first byte of the bar.
        """

        position: int

    def use_colors(self, colors: ColorScheme, *, shows_classes: bool = False) -> None:
        """Draw the legend in other colors.

        Args:
            shows_classes: whether the legend is that of a comparison instead of that of the heat.
        """
        self._colors, self._painter = colors, Painter(colors)
        self._shows_classes = shows_classes
        self.refresh()

    def show(self, heat: LayerView, viewport: Viewport, cursor: int, scale: HeatScale) -> None:
        """Draw a layer; cells outside its known range are hatched."""
        self._heat, self._viewport, self._cursor, self._scale = heat, viewport, cursor, scale
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, base = self.content_size.width, self.rich_style
        if self._heat is None or self._viewport is None or y:
            return Strip.blank(width, base)
        text = base + self.get_component_rich_style("minimap--text", partial=True)
        title = BARS_TITLE if width >= len(BARS_TITLE) + _MIN_BARS else ""
        self._bars_from = len(title) + 1
        room = width - len(title) - 3
        legends = list(self._legends(text, partial(visible_hottest, self._viewport, self._heat)))
        fitting = [legend for bars in (_FAIR_BARS, _MIN_BARS) for legend in legends if room - _columns(legend) >= bars]
        legend = fitting[0] if fitting else []
        room -= _columns(legend)
        bars = self._bars(self._heat, self._viewport, max(room, 1))
        segments = [Segment(title, text), Segment("▕", text), *bars, Segment("▏", text), *legend]
        return Strip(segments).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        """Go to the place under the pointer."""
        column = event.x - self._bars_from
        if self._viewport is not None and 0 <= column < len(self._edges) - 1:
            self.post_message(self.PlaceClicked(int(self._edges[column])))

    def _bars(self, heat: LayerView, viewport: Viewport, room: int) -> list[Segment]:
        edges = self._edges = cell_edges(0, viewport.capacity_bytes, room)
        glyphs = bar_glyphs(coverage(heat.extents, edges), edges, heat.known, self._scale)
        inside = (edges[1:] > viewport.start) & (edges[:-1] < viewport.end)
        cursor_column = int(np.searchsorted(edges, self._cursor, side="right")) - 1
        styles = [
            self.rich_style + self.get_component_rich_style(f"minimap--{name}", partial=True)
            for name in ("outside", "inside")
        ]
        return [
            Segment("┃" if column == cursor_column else glyph, styles[within])
            for column, (glyph, within) in enumerate(zip(glyphs, inside.tolist(), strict=True))
        ]

    def _legends(self, text: Style, hottest: Hottest) -> Iterator[list[Segment]]:
        """The legend, then shorter ones for less room."""
        painter = self._painter
        if self._shows_classes:
            classes = class_samples(painter, text)
            yield [*classes, Segment(f"  {HATCH} unknown ", text)]
            yield [*classes, Segment(" ", text)]
            short = class_samples(painter, text, is_short=True)
            yield [*short, Segment(" ", text)]
            if self.content_size.width < len(BARS_TITLE) + _columns(short) + _MIN_BARS + 4:
                # The sides alone: the other two follow from them.
                yield [*short[:3], *short[6:9], Segment(" ", text)]
            return
        marks = self._scale.marks(grid.HEAT_LEVELS, hottest)
        first, last = min(marks), max(marks)
        steps = legend_samples(painter, marks, text)
        short = legend_samples(painter, {first: marks[first], last: marks[last]}, text)
        allocated: list[Segment] = []
        if self._colors.both_layers:
            codes = range(grid.ALLOCATED, grid.ALLOCATED + grid.ALLOCATED_LEVELS)
            allocated = [Segment("  ", text), *map(painter.sample, codes), Segment(" allocated, unchanged", text)]
        name = Segment(f" {self._scale.name}", text)
        unknown = Segment(f"  {HATCH} unknown", text)
        palette = [Segment(f"  {self._colors.palette.name}", text)] if self._colors.palette else []
        end = Segment(" ", text)
        yield [*steps, name, *allocated, unknown, *palette, end]
        yield [*steps, name, *allocated, unknown, end]
        yield [*steps, name, *allocated, end]
        yield [*short, name, *allocated, end]
        yield [*short, name, end]
        yield [*short, end]


def _columns(segments: list[Segment]) -> int:
    return sum(segment.cell_length for segment in segments)
