"""Codes of cells to strips of characters: pure drawing, shared by the map, its picture and its tests.

With colors a character shows two cells, one above the other; without colors one, as a glyph of its own.
A strip consists of runs of equal characters, each a segment that is made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.analysis import grid
from kubectl_cbt.output.heat import GLYPHS
from kubectl_cbt.output.palettes import Palette, indexed, luminance, rgb

Codes = npt.NDArray[np.uint8]

HATCH, EDGE = "╱", "▏"
ALLOCATED_GLYPHS = "·-=≡"
"""Allocated and unchanged, up to a quarter, a half, three quarters, all of the cell."""
CLASS_GLYPHS = "<=>X"
"""Of a comparison: only left, both, only right, left and right."""
UPPER, LOWER = "▀", "▄"
CURSOR_UPPER, CURSOR_LOWER, CURSOR_GLYPH = "▲", "▼", "╋"
MARK = "!"
COLUMN_CURSOR = "┃"
ACROSS, DOWN = "┄", "┆"
"""The crosshair of a big screen."""
_NO_STYLE = Style.null()


@dataclass(frozen=True, slots=True)
class ColorScheme:
    """Colors of a map, ``#rrggbb`` each; without colors if ``palette`` is None.

    Attributes:
        background: of cells without extents.
        beyond: of cells beyond the end of the volume.
        faint: of hatching.
        both_layers: whether cells that are allocated and unchanged are drawn too.
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
        heat = self.palette.heat(grid.HEAT_LEVELS, dark=self.dark)
        allocated = self.palette.allocated(grid.ALLOCATED_LEVELS, dark=self.dark, background=self.background)
        background = self.background
        if self.of_256 and self.both_layers:
            # Chosen together, so that no two are equal.
            background, *chosen = indexed((background, *allocated, *heat))
            allocated, heat = tuple(chosen[: grid.ALLOCATED_LEVELS]), tuple(chosen[grid.ALLOCATED_LEVELS :])
        elif self.of_256:
            heat = indexed(heat)
        classes = self.palette.classes(dark=self.dark)
        return (background, *heat, *allocated, background, self.beyond, self.beyond, *classes)


class Painter:
    """Draws rows of cells.

    Args:
        base: what the style of each segment is added to.

    Attributes:
        halves: number of cells in a character, one above the other: 2 or 1.
    """

    def __init__(self, colors: ColorScheme, base: Style = _NO_STYLE) -> None:
        self._scheme = colors
        self._base = base
        self._colors = colors.of_codes()
        self._colors += tuple(_selected(color) for color in self._colors)
        self.halves = 1 if colors.palette is None else 2
        self._segment = lru_cache(maxsize=4096)(self._make_segment)

    def row(self, codes: Codes, signs: Mapping[int, Segment] | None = None) -> list[Segment]:
        """The segments of one row of characters.

        Args:
            codes: uint8[halves, columns].
            signs: by column, characters that replace those of the cells.
        """
        if not signs:
            return self._cells(codes)
        segments: list[Segment] = []
        column = 0
        for at, sign in sorted(signs.items()):
            segments += [*self._cells(codes[:, column:at]), sign]
            column = at + 1
        return segments + self._cells(codes[:, column:])

    def _cells(self, codes: Codes) -> list[Segment]:
        if not codes.shape[1]:
            return []
        pairs = codes[0].astype(np.int16) * _CODES + codes[-1]
        begins = [0, *(np.flatnonzero(pairs[1:] != pairs[:-1]) + 1).tolist()]
        ends = [*begins[1:], len(pairs)]
        starting = pairs[begins].tolist()
        return [self._segment(pair, end - begin) for pair, begin, end in zip(starting, begins, ends, strict=True)]

    def cursor(self, codes: tuple[int, int], half: int) -> Segment:
        """The character of the cursor.

        Args:
            codes: of the upper and lower cell.
            half: 0 when the cursor is on the upper cell.
        """
        if self.halves == 1:
            return Segment(CURSOR_GLYPH, self._base + Style(bold=True, reverse=True))
        return self._sign((CURSOR_UPPER, CURSOR_LOWER)[half], codes[half])

    def column_cursor(self, code: int) -> Segment:
        """A character of the cursor's column, where both halves of a character are one cell."""
        if self.halves == 1:
            return Segment(COLUMN_CURSOR, self._base + Style(bold=True, reverse=True))
        return self._sign(COLUMN_CURSOR, code)

    def mark(self, codes: tuple[int, int], half: int) -> Segment:
        """The character of a cell where an extent breaks a rule.

        Args:
            codes: of the upper and lower cell.
            half: 0 when the marked cell is the upper one.
        """
        return Segment(MARK, self._base + Style(bold=True)) if self.halves == 1 else self._sign(MARK, codes[half])

    def crosshair(self, glyph: str) -> Segment:
        """A character of the line through the cursor, for cells without extents."""
        if self.halves == 1:
            return Segment(glyph, self._base + Style(dim=True))
        style = Style(color=self._scheme.faint, bgcolor=self._colors[grid.NOTHING], dim=True)
        return Segment(glyph, self._base + style)

    def _sign(self, glyph: str, code: int) -> Segment:
        ground = self._colors[code]
        sign = "#000000" if luminance(ground) > 0.18 else "#ffffff"
        return Segment(glyph, self._base + Style(color=sign, bgcolor=ground, bold=True))

    def sample(self, code: int) -> Segment:
        """A character that shows a code, for the legend."""
        return self._segment(code * _CODES + code, 1)

    def _make_segment(self, pair: int, length: int) -> Segment:
        glyph, style = self._character(*divmod(pair, _CODES))
        return Segment(glyph * length, self._base + style)

    def _character(self, upper: int, lower: int) -> tuple[str, Style]:
        if self.halves == 1:
            return _GLYPHS[upper % grid.CODES], _REVERSED if upper >= grid.CODES else Style()
        foreground, ground = self._colors[upper], self._colors[lower]
        plain = upper % grid.CODES, lower % grid.CODES
        if grid.UNKNOWN in plain and set(plain) <= set(_EMPTY):
            unknown = foreground if plain[0] == grid.UNKNOWN else ground
            return HATCH, Style(color=self._scheme.faint, bgcolor=unknown)
        if upper == lower or foreground == ground:
            glyph = _TEXTURES.get(upper % grid.CODES, " ")
            return glyph, Style(color=self._scheme.faint, bgcolor=ground) if glyph != " " else Style(bgcolor=ground)
        if upper % grid.CODES == grid.END:
            return EDGE, Style(color=self._scheme.faint, bgcolor=foreground)
        if upper % grid.CODES in _EMPTY:
            # The half with extents is the one that is drawn.
            return LOWER, Style(color=ground, bgcolor=foreground)
        return UPPER, Style(color=foreground, bgcolor=ground)


_CODES = 2 * grid.CODES
"""With those of selected cells."""
_REVERSED = Style(reverse=True)
_SELECTION, _SELECTED_SHARE = (0x5B, 0x9B, 0xD5), 0.45
"""The color that selected cells are mixed with."""


def _selected(color: str) -> str:
    if not color:
        return color
    mixed = (round(own + (other - own) * _SELECTED_SHARE) for own, other in zip(rgb(color), _SELECTION, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


_EMPTY = (grid.NOTHING, grid.UNKNOWN, grid.BEYOND, grid.END)
_TEXTURES = {grid.UNKNOWN: HATCH, grid.END: EDGE}


def _glyphs() -> tuple[str, ...]:
    levels = range(1, grid.HEAT_LEVELS + 1)
    # The first and the last level stand alone, as on the scale of five levels.
    heat = (GLYPHS[1 + level // 2] for level in levels)
    return (GLYPHS[0], *heat, *ALLOCATED_GLYPHS, HATCH, " ", EDGE, *CLASS_GLYPHS)


_GLYPHS = _glyphs()
