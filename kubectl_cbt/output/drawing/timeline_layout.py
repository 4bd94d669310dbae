"""How the lines and columns of a timeline are divided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rich.cells import cell_len

from kubectl_cbt.units import printable

_MARKS = 2
"""Columns for the cursor and the mark of a band."""
_MARGIN = 1
"""Columns instead of them in a picture without a cursor."""
_LONGEST_NAME, _SHORTEST_NAME = 24, len("SNAPSHOT")
_INTERVAL = len("2y41d")
_FIGURE = len("≥ 1023.9 MiB")
_NARROW_FIGURE = len("≥ 99.9 GiB")
_BAR_FROM, _SHORT_BAR = 76, 6
"""Width from which there is a bar, and its length."""
_WIDE, _LONG_BAR = 100, len("1023.9 MiB/d")
_HIGHEST = 10
"""Lines of a band on a big screen."""


@dataclass(frozen=True, slots=True)
class TimelineLayout:
    """Columns of characters: for marks, the name, the interval, the cells, the figure, the bar."""

    marks: int
    name: int
    interval: int
    cells: int
    figure: int
    bar: int

    @classmethod
    def of(cls, names: Iterable[str], width: int, *, has_cursor: bool = True) -> TimelineLayout:
        """The columns for a width; as many for the cells as possible, at least one.

        Args:
            names: of all bands (untrusted).
            has_cursor: whether to leave room for the cursor and for marks.
        """
        longest = max([_SHORTEST_NAME, *(cell_len(printable(name)) for name in names)])
        name = min(longest, _LONGEST_NAME, max(width // 5, _SHORTEST_NAME))
        figure = _FIGURE if width >= _BAR_FROM else _NARROW_FIGURE
        bar = _LONG_BAR if width >= _WIDE else _SHORT_BAR if width >= _BAR_FROM else 0
        layout = cls(_MARKS if has_cursor else _MARGIN, name, _INTERVAL, 0, figure, bar)
        return replace(layout, cells=max(width - layout.left - layout.right, 1))

    @property
    def left(self) -> int:
        """Columns before the cells."""
        return self.marks + self.name + 1 + self.interval + 1

    @property
    def has_rate(self) -> bool:
        """Whether there is room for a rate below the bar."""
        return self.bar >= _LONG_BAR

    @property
    def right(self) -> int:
        """Columns after the cells."""
        return 1 + self.figure + (2 + self.bar if self.bar else 0)


def band_height(pairs: int, others: int, room: int) -> int:
    """Lines of each band, so that all fit in ``room`` lines if possible; at least 1.

    Args:
        others: bands below the pairs, which have two lines at most.
    """
    fitting = (
        height for height in range(_HIGHEST, 0, -1) if pairs * height + others * min(height, 2) + bool(others) <= room
    )
    return next(fitting, 1)
