"""Heat glyphs: the smallest change is visible, more is never drawn as less, colour adds no information."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.output.heat import GLYPH_LEVELS, GLYPHS, heat_line

levels = st.lists(st.integers(0, GLYPH_LEVELS), max_size=30).map(lambda drawn: np.array(drawn, dtype=np.uint8))
SYSTEMS = ("standard", "256", "truecolor", "windows")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def uncoloured(text: str) -> str:
    return _ESCAPE.sub("", text)


def line(*drawn: int, system: str | None = None) -> str:
    return heat_line(np.array(drawn, dtype=np.uint8), system)


def test_each_level_has_a_glyph_of_its_own():
    drawn = line(*range(GLYPH_LEVELS + 1))
    assert drawn == GLYPHS
    assert len(set(drawn)) == GLYPH_LEVELS + 1


@law
@given(levels)
def test_a_line_has_one_glyph_for_each_cell(cells):
    assert heat_line(cells) == "".join(GLYPHS[cell] for cell in cells)


@pytest.mark.parametrize("system", SYSTEMS)
@law
@given(cells=levels)
def test_colour_only_adds_escape_codes(system, cells):
    assert uncoloured(heat_line(cells, system)) == heat_line(cells)


@pytest.mark.parametrize("system", SYSTEMS)
def test_colour_is_there_for_what_changed_and_not_for_what_did_not(system):
    assert "\x1b[" not in line(0, 0, system=system)
    for level in range(1, GLYPH_LEVELS + 1):
        assert "\x1b[" in line(level, system=system)


@pytest.mark.parametrize("order", [SYSTEMS, SYSTEMS[::-1]], ids=["from few colours", "from many colours"])
def test_a_line_has_the_colours_of_its_own_system_whatever_was_drawn_before(order):
    drawn = {system: line(4, system=system) for system in order}
    assert "\x1b[38;2;" in drawn["truecolor"]
    assert "\x1b[38;5;" in drawn["256"]
    assert "\x1b[38;" not in drawn["standard"]
    assert "\x1b[38;" not in drawn["windows"]


@pytest.mark.parametrize("system", ["256", "truecolor"])
def test_each_level_has_a_colour_of_its_own_where_there_are_enough(system):
    painted = [re.findall(_ESCAPE, line(level, system=system)) for level in range(1, GLYPH_LEVELS + 1)]
    assert len({codes[0] for codes in painted}) == GLYPH_LEVELS
    assert all(codes[-1] == "\x1b[0m" for codes in painted)
