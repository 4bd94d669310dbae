"""Colours of heat. All levels differ in luminance, so that a palette works in greyscale and with any colour vision.

The hottest level has the highest contrast to the background: the bright end on a dark screen, the dark end on a light
screen. The end that is close to the background is omitted.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from math import inf
from typing import NamedTuple

from kubectl_cbt.output.default_palette import DEFAULT_PALETTE

Rgb = tuple[int, int, int]

_ON_DARK = (0.30, 1.0)
_ON_LIGHT = (0.82, 0.0)
_ALLOCATED = {True: ("#000000", "#00a0b8"), False: ("#ffffff", "#006878")}
"""Allocated and unchanged, where both are shown: a quiet blue-green between these two."""
_CLASSES = {True: ("#ffb000", "#4a5663", "#3d84f5", "#ffffff"), False: ("#c26a00", "#b4bdc7", "#1f4fa8", "#000000")}
"""Only left, both, only right, left and right: orange and blue for all color vision, and four different luminances."""
_LEAST_STEP = 0.75
"""The fraction of the smallest lightness step that is kept between colours chosen from the 256."""


@dataclass(frozen=True, slots=True)
class Palette:
    """A scale from dark to bright.

    Attributes:
        about: a one-line description for the list of palettes.
        anchors: equidistant colours, ascending in luminance.
    """

    name: str
    about: str
    anchors: tuple[str, ...]

    def heat(self, levels: int, *, dark: bool) -> tuple[str, ...]:
        """Return the colors of levels 1 to ``levels``, each ``#rrggbb``.

        Args:
            dark: whether the background is dark.
        """
        low, high = _ON_DARK if dark else _ON_LIGHT
        steps = max(levels - 1, 1)
        return tuple(self._at(low + (high - low) * level / steps) for level in range(levels))

    def allocated(self, levels: int, *, dark: bool, background: str) -> tuple[str, ...]:
        """Return the colors of allocated, unchanged blocks, each ``#rrggbb``.

        Their contrast with the background rises in equal steps, and stays below that of the least heat.
        """
        ground, least = (luminance(color) + 0.05 for color in (background, self.heat(1, dark=dark)[0]))
        step = (least / ground) ** (1 / (levels + 1))
        return tuple(_with_luminance(*_ALLOCATED[dark], ground * step**level - 0.05) for level in range(1, levels + 1))

    def classes(self, *, dark: bool) -> tuple[str, ...]:
        """Return the colors of a comparison: only left, both, only right, left and right, each ``#rrggbb``.

        In a palette without hues they differ in luminance alone.
        """
        if any(len(set(rgb(anchor))) > 1 for anchor in self.anchors):
            return _CLASSES[dark]
        return tuple(_with_luminance("#000000", "#ffffff", luminance(color)) for color in _CLASSES[dark])

    def _at(self, share: float) -> str:
        place = share * (len(self.anchors) - 1)
        index = min(int(place), len(self.anchors) - 2)
        red, green, blue = (
            round(low + (high - low) * (place - index))
            for low, high in zip(rgb(self.anchors[index]), rgb(self.anchors[index + 1]), strict=True)
        )
        return _hex((red, green, blue))


def _with_luminance(start: str, end: str, wanted: float) -> str:
    """The color between two whose luminance is nearest to ``wanted``."""
    ends = tuple(zip(rgb(start), rgb(end), strict=True))

    def mixed(step: int) -> str:
        return _hex(tuple(round(low + (high - low) * step / 255) for low, high in ends))

    # From one end to the other no part of the color turns back, so the luminance does not either.
    sign = 1 if luminance(start) <= luminance(end) else -1
    at = bisect_left(range(256), sign * wanted, key=lambda step: sign * luminance(mixed(step)))
    return min(map(mixed, range(max(at - 1, 0), min(at + 1, 256))), key=lambda color: abs(luminance(color) - wanted))


@cache
def indexed(colors: tuple[str, ...]) -> tuple[str, ...]:
    """Choose similar colours of the 256 terminal colours, all different and in the same order of luminance.

    Rounding each colour to the nearest would make some equal and change the order of others.

    Args:
        colors: ``#rrggbb`` each, ascending or descending in luminance.
    """
    if len(colors) > 1 and luminance(colors[0]) > luminance(colors[-1]):
        return indexed(colors[::-1])[::-1]
    steps = (after - before for before, after in pairwise(map(_lightness, colors)))
    step = _LEAST_STEP * min(steps, default=0.0)
    choices = _indexed_colors()
    # For each colour and choice: the least sum of distances so far, and the previous choice.
    ways: list[list[tuple[float, int]]] = []
    for color in map(rgb, colors):
        way: list[tuple[float, int]] = []
        least, darker = (inf if ways else 0.0, -1), 0
        for choice in choices:
            while ways and choices[darker].lightness + step <= choice.lightness:
                least, darker = min(least, (ways[-1][darker][0], darker)), darker + 1
            way.append((least[0] + _distance(color, choice.shown), least[1]))
        ways.append(way)
    found: list[str] = []
    at = ways[-1].index(min(ways[-1])) if ways else 0
    for way in reversed(ways):
        found.insert(0, choices[at].name)
        at = way[at][1]
    return tuple(found)


class _Indexed(NamedTuple):
    """One of the 256 colours.

    Attributes:
        name: ``#rrggbb`` that rich rounds to it; of light greys not the one that is shown.
        shown: the colour that terminals draw for it.
        lightness: from :func:`_lightness`.
    """

    name: str
    shown: Rgb
    lightness: float


@cache
def _indexed_colors() -> tuple[_Indexed, ...]:
    """The cube of 6 x 6 x 6 without most of its greys, which rich takes from the ramp of 24 greys; by lightness."""
    sides = (0, 95, 135, 175, 215, 255)
    cube = list(product(sides, sides, sides))
    found = [(color, color) for color in cube if len(set(color)) > 1 or color[0] in (sides[0], sides[-1])]
    ramp = [(round(10.2 * step), 10 * step - 2) for step in range(1, 25)]
    found += [((name,) * 3, (shown,) * 3) for name, shown in ramp]
    choices = (_Indexed(_hex(name), shown, _lightness(_hex(shown))) for name, shown in found)
    return tuple(sorted(choices, key=lambda choice: choice.lightness))


def _hex(parts: tuple[int, ...]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*parts)


def _lightness(color: str) -> float:
    """Return the perceived lightness: L* of CIELAB, 0 to 100."""
    share = luminance(color)
    return 116 * share ** (1 / 3) - 16 if share > 0.008856 else 903.3 * share


def _distance(color: Rgb, other: Rgb) -> int:
    return sum((one - two) ** 2 for one, two in zip(color, other, strict=True))


def rgb(color: str) -> Rgb:
    """Return red, green and blue of ``#rrggbb``, 0 to 255 each."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2), 0.0 to 1.0."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in rgb(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _scale(colors: str) -> tuple[str, ...]:
    return tuple(f"#{color}" for color in colors.split())


PALETTES = (
    Palette(
        DEFAULT_PALETTE,
        "blue to yellow, made for colour-blind readers",
        _scale("00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838"),
    ),
    Palette(
        "viridis",
        "violet to green to yellow",
        _scale("440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"),
    ),
    Palette(
        "inferno",
        "violet to orange to pale yellow",
        _scale("000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4"),
    ),
    Palette("gray", "no hue at all", _scale("101010 ffffff")),
)
"""The first is the default."""


def palette_named(name: str) -> Palette:
    """Return the palette of this name.

    Raises:
        KeyError: there is no such palette.
    """
    return {palette.name: palette for palette in PALETTES}[name]
