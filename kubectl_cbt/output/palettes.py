"""Colours of heat. Every level differs in luminance, so that a palette works on a grey screen and for every eye.

The hottest level is the one farthest from the background: the bright end on a dark screen, the dark end on a light
one. The ends that would drown in the background are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[int, int, int]

_ON_DARK = (0.30, 1.0)
_ON_LIGHT = (0.82, 0.0)
_ALLOCATED = {True: "#34496b", False: "#b4c2d9"}
"""Allocated and unchanged, where both are shown: a quiet blue, of which no palette has the light."""


@dataclass(frozen=True, slots=True)
class Palette:
    """A scale from dark to bright.

    Attributes:
        about: one line for a person who chooses.
        anchors: colours at equal distances, ascending luminance.
    """

    name: str
    about: str
    anchors: tuple[str, ...]

    def heat(self, levels: int, *, dark: bool, from_share: float = 0.0) -> tuple[str, ...]:
        """Colours of level 1 to ``levels``, ``#rrggbb`` each.

        Args:
            dark: whether the background is.
            from_share: where on the scale the first level is; more leaves room for something cooler.
        """
        low, high = _ON_DARK if dark else _ON_LIGHT
        low += (high - low) * from_share
        steps = max(levels - 1, 1)
        return tuple(self._at(low + (high - low) * level / steps) for level in range(levels))

    def allocated(self, *, dark: bool) -> str:
        """The colour of what is allocated and did not change."""
        return _ALLOCATED[dark]

    def _at(self, share: float) -> str:
        place = share * (len(self.anchors) - 1)
        index = min(int(place), len(self.anchors) - 2)
        mixed = (
            round(low + (high - low) * (place - index))
            for low, high in zip(rgb(self.anchors[index]), rgb(self.anchors[index + 1]), strict=True)
        )
        return "#{:02x}{:02x}{:02x}".format(*mixed)


def rgb(color: str) -> Rgb:
    """Red, green and blue of ``#rrggbb``, 0 to 255 each."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def luminance(color: str) -> float:
    """Relative luminance of ``#rrggbb`` as WCAG 2 defines it, 0.0 to 1.0."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in rgb(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _scale(colors: str) -> tuple[str, ...]:
    return tuple(f"#{color}" for color in colors.split())


PALETTES = (
    Palette(
        "cividis",
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
    """The palette of that name.

    Raises:
        KeyError: there is none.
    """
    return {palette.name: palette for palette in PALETTES}[name]
