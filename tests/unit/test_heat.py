"""Heat glyphs: the least change is seen, more is never drawn as less, colour says nothing that shapes do not say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.output.heat import GLYPHS, heat_line, level

fractions = st.floats(0, 1)
SYSTEMS = ("standard", "256", "truecolor", "windows")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def uncoloured(text: str) -> str:
    return _ESCAPE.sub("", text)


@law
@given(fractions, fractions)
def test_more_is_never_drawn_as_less(one, other):
    low, high = sorted((one, other))
    assert level(low) <= level(high)


@law
@given(st.floats(0, 1, exclude_min=True))
def test_the_least_change_is_seen(fraction):
    assert 1 <= level(fraction) <= 4


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (0.0, 0),
        (5e-324, 1),
        (1 / 2**63, 1),
        (0.25, 1),
        (0.26, 2),
        (0.5, 2),
        (0.51, 3),
        (0.75, 3),
        (0.76, 4),
        (1.0, 4),
        (1.5, 4),
        (-0.1, 0),
    ],
)
def test_a_level_stands_for_up_to_a_quarter(fraction, expected):
    assert level(fraction) == expected


def test_each_level_has_a_glyph_of_its_own():
    drawn = heat_line([0.0, 0.2, 0.4, 0.6, 1.0])
    assert drawn == GLYPHS
    assert len(set(drawn)) == 5


@law
@given(st.lists(fractions, max_size=30))
def test_a_line_has_one_glyph_for_each_cell(cells):
    assert heat_line(cells) == "".join(GLYPHS[level(cell)] for cell in cells)


@pytest.mark.parametrize("system", SYSTEMS)
@law
@given(cells=st.lists(fractions, max_size=30))
def test_colour_only_adds_escape_codes(system, cells):
    assert uncoloured(heat_line(cells, system)) == heat_line(cells)


@pytest.mark.parametrize("system", SYSTEMS)
def test_colour_is_there_for_what_changed_and_not_for_what_did_not(system):
    assert "\x1b[" not in heat_line([0.0, 0.0], system)
    for cell in (0.1, 0.4, 0.6, 1.0):
        assert "\x1b[" in heat_line([cell], system)


@pytest.mark.parametrize("order", [SYSTEMS, SYSTEMS[::-1]], ids=["from few colours", "from many colours"])
def test_a_line_has_the_colours_of_its_own_system_whatever_was_drawn_before(order):
    drawn = {system: heat_line([1.0], system) for system in order}
    assert "\x1b[38;2;" in drawn["truecolor"]
    assert "\x1b[38;5;" in drawn["256"]
    assert "\x1b[38;" not in drawn["standard"]
    assert "\x1b[38;" not in drawn["windows"]


@pytest.mark.parametrize("system", ["256", "truecolor"])
def test_each_level_has_a_colour_of_its_own_where_there_are_enough(system):
    painted = [re.findall(_ESCAPE, heat_line([cell], system)) for cell in (0.1, 0.4, 0.6, 1.0)]
    assert len({codes[0] for codes in painted}) == 4
    assert all(codes[-1] == "\x1b[0m" for codes in painted)
