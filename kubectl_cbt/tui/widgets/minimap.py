"""One line for the whole volume, with the viewport highlighted, and the legend of the heat beside it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.cells import cell_edges, coverage
from kubectl_cbt.analysis.heat_scale import LINEAR, HeatScale
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.tui.painting import HATCH, ColorScheme, Painter

_BARS = " ▁▂▃▄▅▆▇█"
_TITLE = " whole volume "
_MIN_BARS = 10


class Minimap(Widget):
    """Draws the volume as bars."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"minimap--inside", "minimap--outside", "minimap--text"}

    def __init__(self) -> None:
        super().__init__()
        self._scale = LINEAR
        self._colors = ColorScheme(None)
        self._extents: Extents | None = None
        self._known: KnownRange | None = None
        self._viewport: Viewport | None = None
        self._cursor = 0

    def use_colors(self, colors: ColorScheme) -> None:
        """Draw the legend in other colors."""
        self._colors = colors
        self.refresh()

    def show(
        self, extents: Extents, known: KnownRange, viewport: Viewport, cursor: int, scale: HeatScale = LINEAR
    ) -> None:
        """Draw these; cells outside the known range are hatched."""
        self._scale = scale
        self._extents, self._known, self._viewport, self._cursor = extents, known, viewport, cursor
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, base = self.content_size.width, self.rich_style
        text = base + self.get_component_rich_style("minimap--text", partial=True)
        legend = self._legend()
        room = width - len(_TITLE) - 3 - sum(len(segment.text) for segment in legend)
        if room < _MIN_BARS:
            legend, room = [], width - len(_TITLE) - 3
        if self._extents is None or self._known is None or self._viewport is None or y or room < 1:
            return Strip.blank(width, base)
        segments = [
            Segment(_TITLE, text),
            Segment("▕", text),
            *self._bars(self._extents, self._known, self._viewport, room),
            Segment("▏", text),
            *legend,
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _bars(self, extents: Extents, known: KnownRange, viewport: Viewport, room: int) -> list[Segment]:
        edges = cell_edges(0, viewport.capacity_bytes, room)
        levels = self._scale.levels(coverage(extents, edges), np.diff(edges), len(_BARS) - 1)
        glyphs = [
            _BARS[level] if level or is_known else HATCH
            for level, is_known in zip(levels.tolist(), known.contains_cells(edges).tolist(), strict=True)
        ]
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

    def _legend(self) -> list[Segment]:
        text = self.rich_style + self.get_component_rich_style("minimap--text", partial=True)
        painter = Painter(self._colors)
        heat = [painter.sample(level) for level in range(1, grid.HEAT_LEVELS + 1, 2 if painter.halves == 1 else 1)]
        samples = [Segment(f"  {self._scale.low} ", text), *heat, Segment(f" {self._scale.high}", text)]
        if self._colors.both_layers:
            samples += [Segment("  ", text), painter.sample(grid.ALLOCATED), Segment(" unchanged", text)]
        name = self._colors.palette.name if self._colors.palette else f"{HATCH} unknown"
        return [*samples, Segment(f"  {name} ", text)]
