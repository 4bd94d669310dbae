"""Codes of cells to strips of characters: pure drawing, shared by the map, its picture and its tests.

With colors a character shows two cells, one above the other; without colors one, as a glyph of its own.
A strip consists of runs of equal characters, each a segment that is made once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.analysis import grid
from kubectl_cbt.output.heat import GLYPH_LEVELS, GLYPHS
from kubectl_cbt.output.palettes import Palette, indexed, luminance

Codes = npt.NDArray[np.uint8]

HATCH, EDGE = "╱", "▏"
UNCHANGED_GLYPH = "·"
UPPER, LOWER = "▀", "▄"
CURSOR_UPPER, CURSOR_LOWER, CURSOR_GLYPH = "▲", "▼", "╋"


@dataclass(frozen=True, slots=True)
class ColorScheme:
    """Colors of a map, ``#rrggbb`` each; without colors if ``palette`` is None.

    Attributes:
        background: of cells without extents.
        beyond: of cells beyond the end of the volume.
        faint: of hatching.
        both_layers: whether heat leaves cooler colors for cells that are allocated and unchanged.
        of_256: whether the terminal has only 256 colors.
    """

    palette: Palette | None
    dark: bool = True
    background: str = "#000000"
    beyond: str = "#000000"
    faint: str = "#808080"
    both_layers: bool = False
    of_256: bool = False

    def of_codes(self) -> tuple[str, ...]:
        """The color of each code of ``grid.py``."""
        if self.palette is None:
            return ("",) * grid.CODES
        heat = self.palette.heat(grid.HEAT_LEVELS, dark=self.dark, from_share=0.5 if self.both_layers else 0.0)
        if self.of_256:
            heat = indexed(heat)
        allocated = self.palette.allocated(dark=self.dark, of_256=self.of_256)
        return (self.background, *heat, allocated, self.background, self.beyond, self.beyond)


class Painter:
    """Draws rows of cells.

    Attributes:
        halves: number of cells in a character, one above the other: 2 or 1.
    """

    def __init__(self, colors: ColorScheme) -> None:
        self._scheme = colors
        self._colors = colors.of_codes()
        self.halves = 1 if colors.palette is None else 2
        self._segment = lru_cache(maxsize=4096)(self._make_segment)

    def row(self, codes: Codes) -> list[Segment]:
        """The segments of one row of characters; ``codes`` is uint8[halves, columns]."""
        pairs = codes[0].astype(np.int16) * grid.CODES + codes[-1]
        begins = np.flatnonzero(np.diff(pairs, prepend=-1))
        lengths = np.diff(begins, append=len(pairs))
        return [
            self._segment(pair, length) for pair, length in zip(pairs[begins].tolist(), lengths.tolist(), strict=True)
        ]

    def cursor(self, codes: tuple[int, int], half: int) -> Segment:
        """The character of the cursor.

        Args:
            codes: of the upper and lower cell.
            half: 0 when the cursor is on the upper cell.
        """
        if self.halves == 1:
            return Segment(CURSOR_GLYPH, Style(bold=True, reverse=True))
        ground = self._colors[codes[half]]
        mark = "#000000" if luminance(ground) > 0.18 else "#ffffff"
        return Segment((CURSOR_UPPER, CURSOR_LOWER)[half], Style(color=mark, bgcolor=ground, bold=True))

    def sample(self, code: int) -> Segment:
        """A character that shows a code, for the legend."""
        return self._segment(code * grid.CODES + code, 1)

    def _make_segment(self, pair: int, length: int) -> Segment:
        glyph, style = self._character(*divmod(pair, grid.CODES))
        return Segment(glyph * length, style)

    def _character(self, upper: int, lower: int) -> tuple[str, Style]:
        if self.halves == 1:
            return _GLYPHS[upper], Style()
        foreground, ground = self._colors[upper], self._colors[lower]
        if upper == lower or foreground == ground:
            glyph = _TEXTURES.get(upper, " ")
            return glyph, Style(color=self._scheme.faint, bgcolor=ground) if glyph != " " else Style(bgcolor=ground)
        if upper == grid.END:
            return EDGE, Style(color=self._scheme.faint, bgcolor=foreground)
        if upper in _EMPTY:
            # The half with extents is the one that is drawn.
            return LOWER, Style(color=ground, bgcolor=foreground)
        return UPPER, Style(color=foreground, bgcolor=ground)


_EMPTY = (grid.NOTHING, grid.UNKNOWN, grid.BEYOND, grid.END)
_TEXTURES = {grid.UNKNOWN: HATCH, grid.END: EDGE}


def _glyphs() -> tuple[str, ...]:
    levels = range(1, grid.HEAT_LEVELS + 1)
    heat = (GLYPHS[-(-level * GLYPH_LEVELS // grid.HEAT_LEVELS)] for level in levels)
    return (GLYPHS[0], *heat, UNCHANGED_GLYPH, HATCH, " ", EDGE)


_GLYPHS = _glyphs()
