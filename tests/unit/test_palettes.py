"""Palettes: levels differ in luminance, on a dark and on a light screen."""

import re
from itertools import pairwise

import pytest
from rich._palettes import EIGHT_BIT_PALETTE
from rich.color import Color, ColorSystem

from kubectl_cbt.output.palettes import PALETTES, Palette, indexed, luminance, palette_named, rgb

BACKGROUND = {True: "#0f1319", False: "#fbfbf9"}
FIRST_LEVEL_CONTRAST = 1.15
NEIGHBOUR_CONTRAST = 1.04
LEAST_ALLOCATED_CONTRAST = 1.06

each_palette = pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
each_background = pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
each_number_of_levels = pytest.mark.parametrize("levels", [5, 8])


def contrast(color: str, other: str) -> float:
    """Of two colours, as WCAG 2 defines it: 1.0 when they are equally light."""
    darker, lighter = sorted((luminance(color), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@each_palette
@each_background
@each_number_of_levels
def test_each_level_is_farther_from_the_background_than_the_one_before(palette, dark, levels):
    heat = palette.heat(levels, dark=dark)
    assert len(heat) == levels
    found = [luminance(color) for color in heat]
    assert found == sorted(set(found), reverse=not dark)


@each_palette
@each_background
@each_number_of_levels
def test_the_first_level_stands_out_from_the_background(palette, dark, levels):
    first = palette.heat(levels, dark=dark)[0]
    assert contrast(first, BACKGROUND[dark]) >= FIRST_LEVEL_CONTRAST
    assert (luminance(first) > luminance(BACKGROUND[dark])) == dark


@each_palette
@each_background
@each_number_of_levels
def test_neighbouring_levels_are_distinguished(palette, dark, levels):
    heat = palette.heat(levels, dark=dark)
    assert min(contrast(cooler, hotter) for cooler, hotter in pairwise(heat)) >= NEIGHBOUR_CONTRAST


@each_palette
@each_background
def test_allocated_colors_lie_between_the_background_and_the_least_heat(palette, dark):
    background = BACKGROUND[dark]
    allocated = palette.allocated(4, dark=dark, background=background)
    steps = [background, *allocated, palette.heat(8, dark=dark)[0]]
    found = [contrast(color, background) for color in steps]
    assert found == sorted(set(found))
    assert min(contrast(one, other) for one, other in pairwise(steps)) >= LEAST_ALLOCATED_CONTRAST


@each_palette
@each_background
def test_the_hottest_level_is_the_same_however_many_there_are(palette, dark):
    hottest = {palette.heat(levels, dark=dark)[-1] for levels in (2, 4, 8, 16, 255)}
    assert hottest == {palette.anchors[-1 if dark else 0]}


@each_palette
@each_background
@pytest.mark.parametrize("levels", [0, 1, 2, 255])
def test_there_is_a_colour_for_each_of_any_number_of_levels(palette, dark, levels):
    heat = palette.heat(levels, dark=dark)
    assert len(heat) == levels
    allocated = palette.allocated(4, dark=dark, background=BACKGROUND[dark])
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in (*heat, *allocated))


@each_palette
def test_anchors_ascend_in_luminance(palette):
    assert all(luminance(darker) < luminance(lighter) for darker, lighter in pairwise(palette.anchors))


def test_a_colour_between_anchors_is_mixed_of_both():
    palette = Palette("test", "two ends", ("#000000", "#ff8040"))
    # From 0.3 to 1.0 in two steps.
    assert palette.heat(3, dark=True) == ("#4c2613", "#a6532a", "#ff8040")


@pytest.mark.parametrize(
    ("color", "parts", "expected"),
    [
        ("#000000", (0, 0, 0), 0.0),
        ("#ffffff", (255, 255, 255), 1.0),
        ("#ff0000", (255, 0, 0), 0.2126),
        ("#00ff00", (0, 255, 0), 0.7152),
        ("#0000ff", (0, 0, 255), 0.0722),
        ("#808080", (128, 128, 128), 0.21586),
        ("#0a0a0a", (10, 10, 10), 0.003035),
    ],
)
def test_luminance_is_that_of_wcag(color, parts, expected):
    assert rgb(color) == parts
    assert luminance(color) == pytest.approx(expected, rel=1e-3)


def test_palettes_are_found_by_their_name():
    assert [palette_named(palette.name) for palette in PALETTES] == list(PALETTES)
    with pytest.raises(KeyError, match="rainbow"):
        palette_named("rainbow")


def test_the_default_is_made_for_colour_blind_readers():
    assert PALETTES[0].name == "cividis"


@each_palette
def test_a_palette_has_a_short_description(palette):
    assert 0 < len(palette.about) <= 60
    assert "\n" not in palette.about


# Terminals of 256 colours.


def drawn(color: str) -> str:
    """What a terminal of 256 colours draws for a colour, after rich has rounded it."""
    number = Color.parse(color).downgrade(ColorSystem.EIGHT_BIT).number
    return "#{:02x}{:02x}{:02x}".format(*EIGHT_BIT_PALETTE[number])


@each_palette
@each_background
@each_number_of_levels
def test_of_256_colours_every_level_has_its_own_and_they_stay_in_order(palette, dark, levels):
    heat = [drawn(color) for color in indexed(palette.heat(levels, dark=dark))]
    found = [luminance(color) for color in heat]
    assert len(set(found)) == levels
    assert found == sorted(found, reverse=not dark)
    assert min(contrast(cooler, hotter) for cooler, hotter in pairwise([BACKGROUND[dark], *heat])) >= NEIGHBOUR_CONTRAST


@each_palette
@each_background
def test_of_256_colors_allocated_ones_stay_apart_from_heat(palette, dark):
    allocated = palette.allocated(4, dark=dark, background=BACKGROUND[dark])
    both = [drawn(color) for color in indexed((BACKGROUND[dark], *allocated, *palette.heat(8, dark=dark)))]
    found = [luminance(color) for color in both]
    assert len(set(both)) == 13
    assert found == sorted(found, reverse=not dark)


@pytest.mark.parametrize("colors", [(), ("#123456",), ("#000000", "#ffffff"), ("#ffffff", "#000000")])
def test_any_number_of_colours_has_colours_of_256(colors):
    found = indexed(colors)
    assert len(found) == len(colors)
    assert found == colors or len(colors) == 1
