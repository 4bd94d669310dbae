"""Rows of cells as characters: what each shows, with colours and without, and a cursor that is seen on all of it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.analysis import grid
from kubectl_cbt.output.drawing.painting import CURSOR_LOWER, CURSOR_UPPER, EDGE, HATCH, ColorScheme, Painter
from kubectl_cbt.output.palettes import PALETTES, luminance
from kubectl_cbt.tui.app import DARK, LIGHT

READABLE = 3.0
"""What WCAG 2 asks of signs as large as a letter."""


def scheme_of(palette=PALETTES[0], theme=DARK, *, both_layers: bool = False, of_256: bool = False) -> ColorScheme:
    return ColorScheme(
        palette, dark=theme.dark, background=theme.surface, beyond=theme.background, faint=theme.secondary,
        both_layers=both_layers, of_256=of_256,
    )  # fmt: skip


SCHEMES = {
    f"{palette.name}-{theme.name}{'-both' * both}{'-256' * few}": scheme_of(
        palette, theme, both_layers=both, of_256=few
    )
    for palette, theme, both, few in product(PALETTES, (DARK, LIGHT), (False, True), (False, True))
}
each_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)


def codes(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.uint8)


def text(segments) -> str:
    return "".join(segment.text for segment in segments)


def contrast(color: str, other: str) -> float:
    darker, lighter = sorted((luminance(color), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    ("upper", "lower", "glyph"),
    [
        (3, 7, "▀"),
        (3, 3, " "),
        (grid.NOTHING, 5, "▄"),
        (5, grid.NOTHING, "▀"),
        (grid.NOTHING, grid.NOTHING, " "),
        (grid.ALLOCATED, 2, "▀"),
        (grid.UNKNOWN, grid.UNKNOWN, HATCH),
        (grid.UNKNOWN, grid.BEYOND, HATCH),
        (grid.UNKNOWN, grid.END, HATCH),
        (grid.NOTHING, grid.UNKNOWN, HATCH),
        (grid.UNKNOWN, 8, "▄"),
        (grid.BEYOND, grid.BEYOND, " "),
        (grid.END, grid.BEYOND, EDGE),
    ],
)
def test_a_character_shows_the_cell_above_and_the_cell_below(upper, lower, glyph):
    scheme = scheme_of()
    colors = scheme.of_codes()
    (segment,) = Painter(scheme).row(codes([upper] * 5, [lower] * 5))
    assert segment.text == glyph * 5
    ground = segment.style.bgcolor.name
    if glyph == "▀":
        assert (segment.style.color.name, ground) == (colors[upper], colors[lower])
    elif glyph == "▄":
        assert (segment.style.color.name, ground) == (colors[lower], colors[upper])
    else:
        assert ground == colors[upper]


@law
@given(st.lists(st.tuples(st.integers(0, grid.CODES - 1), st.integers(0, grid.CODES - 1)), min_size=1, max_size=30))
def test_a_row_in_runs_is_the_row_character_by_character(pairs):
    painter = Painter(scheme_of())
    upper, lower = zip(*pairs, strict=True)
    cells = [(letter, segment.style) for segment in painter.row(codes(upper, lower)) for letter in segment.text]
    assert len(cells) == len(pairs)
    single = [painter.row(codes([above], [below]))[0] for above, below in pairs]
    assert cells == [(segment.text, segment.style) for segment in single]


@each_scheme
def test_the_cursor_can_be_read_on_every_cell(scheme):
    painter, colors = Painter(scheme), scheme.of_codes()
    for code, other, half in product(range(grid.CODES), (0, grid.HEAT_LEVELS), (0, 1)):
        under = (code, other) if half == 0 else (other, code)
        segment = painter.cursor(under, half)
        assert segment.text == (CURSOR_UPPER, CURSOR_LOWER)[half]
        assert segment.style.bgcolor.name == colors[code]
        assert contrast(segment.style.color.name, segment.style.bgcolor.name) >= READABLE


@each_scheme
def test_there_is_a_colour_for_every_code_and_heat_never_is_the_grounds(scheme):
    colors = scheme.of_codes()
    assert len(colors) == grid.CODES
    assert all(len(color) == 7 and color[0] == "#" for color in colors)
    heat = colors[1 : grid.HEAT_LEVELS + 1]
    assert len(set(heat)) == grid.HEAT_LEVELS
    allocated = colors[grid.ALLOCATED : grid.UNKNOWN]
    assert len(set(allocated)) == grid.ALLOCATED_LEVELS
    assert not set(heat) & {scheme.background, scheme.beyond, *(allocated if scheme.both_layers else ())}


@each_scheme
def test_the_legend_shows_each_code_alone(scheme):
    painter = Painter(scheme)
    for code in range(1, grid.UNKNOWN):
        segment = painter.sample(code)
        assert (len(segment.text), segment.style.bgcolor.name) == (1, scheme.of_codes()[code])
