"""The history of a volume as lines of characters: a row for each pair of snapshots, a column for each region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.grid import ALLOCATED, ALLOCATED_LEVELS, HEAT_LEVELS, NOTHING, UNKNOWN
from kubectl_cbt.analysis.heat_scale import HeatScale, Levels, hottest_share, linear_levels
from kubectl_cbt.model.stream_figures import StreamFigures
from kubectl_cbt.output.drawing.legend import legend_samples
from kubectl_cbt.output.drawing.painting import HATCH, Painter
from kubectl_cbt.output.drawing.text_width import SEPARATOR, shorten
from kubectl_cbt.output.drawing.volume_picture import Line, Look
from kubectl_cbt.units import human_bytes

_OTHER_LINES = 6
"""Title, status, the titles of the columns, a blank line, allocated, legend."""
_MOST_LINES_A_ROW = 3
_DATES_FROM_COLUMNS = 90


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A row: its stream's cells, with text on both sides.

    Attributes:
        label: names the snapshots.
        date: of the newer snapshot; left out if there is no room.
        time: between the snapshots.
        size: how much changed.
        is_failed: whether the stream is incomplete.
    """

    label: str
    date: str
    time: str
    size: str
    figures: StreamFigures
    is_failed: bool


@dataclass(frozen=True, slots=True)
class HistoryLayout:
    """The columns of the picture, independent of the history.

    Attributes:
        label: for the names of snapshots.
        date: for dates; 0 for none.
        cells: regions of the volume.
    """

    label: int
    date: int
    time: int
    size: int
    cells: int

    @classmethod
    def of(cls, columns: int) -> HistoryLayout:
        """The layout of a picture with so many columns, at least 40."""
        label, date = max(columns // 5, 10), 11 if columns >= _DATES_FROM_COLUMNS else 0
        time, size = 7, 13 if columns >= _DATES_FROM_COLUMNS else 11
        return cls(label, date, time, size, columns - 1 - label - date - time - size - 1)

    @property
    def left(self) -> int:
        """Columns before the cells."""
        return 1 + self.label + self.date + self.time


def figure_codes(figures: StreamFigures, scale: HeatScale) -> Levels:
    """The code of ``grid.py`` for each cell of a stream, hatched from where it ended; none without a capacity."""
    if figures.edges is None:
        return np.zeros(0, dtype=np.uint8)
    codes = scale.levels(figures.covered, np.diff(figures.edges), HEAT_LEVELS)
    codes[(figures.edges[1:] > figures.known_end) & (codes == NOTHING)] = UNKNOWN
    return codes


def allocated_codes(figures: StreamFigures) -> Levels:
    """As :func:`figure_codes`, for allocated extents."""
    if figures.edges is None:
        return np.zeros(0, dtype=np.uint8)
    levels = linear_levels(figures.covered, np.diff(figures.edges), ALLOCATED_LEVELS)
    codes = np.where(levels > 0, levels + (ALLOCATED - 1), NOTHING).astype(np.uint8)
    codes[(figures.edges[1:] > figures.known_end) & (codes == NOTHING)] = UNKNOWN
    return codes


class HistoryPicture:
    """Draws the parts of the picture, without its title.

    Args:
        look: its columns bound the width, its lines how high a row may be.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._layout = HistoryLayout.of(look.size.columns)
        self._painter = Painter(look.colors)
        self._plain = Style(color=look.tones.foreground)
        self._quiet = Style(color=look.tones.quiet)
        self._failed = Style(color=look.tones.error)

    def lines(self, title: str, rows: Sequence[PictureRow], allocated: PictureRow | None) -> list[Line]:
        """The rows with the titles of their columns, the allocated extents, and the legend."""
        height = (self._look.size.lines - _OTHER_LINES) // max(len(rows), 1)
        height = max(min(height, _MOST_LINES_A_ROW), 1)
        lines = [self._columns_title(title, [*rows, *([allocated] if allocated else [])])]
        for row in rows:
            lines += self._row(row, figure_codes(row.figures, self._look.scale), height)
        if allocated is not None:
            lines += [[], *self._row(allocated, allocated_codes(allocated.figures), 1)]
        return [*lines, self._legend([row.figures for row in rows])]

    def _columns_title(self, title: str, rows: Sequence[PictureRow]) -> Line:
        capacity = next((row.figures.capacity_bytes for row in rows if row.figures.capacity_bytes), 0)
        width = f"1 column = {human_bytes(-(-capacity // self._layout.cells))}" if capacity else "capacity unknown"
        text = shorten(SEPARATOR.join((title, width)), self._look.size.columns - self._layout.left - 1)
        return [Segment(" " * self._layout.left), Segment(text, self._quiet)]

    def _row(self, row: PictureRow, codes: Levels, height: int) -> list[Line]:
        """Lines of the same cells; the text is beside the middle one."""
        layout = self._layout
        if not len(codes):
            codes = np.full(layout.cells, UNKNOWN, dtype=np.uint8)
        cells = self._painter.row(np.stack([codes] * self._painter.halves))
        label = shorten(row.label, layout.label - 1)
        left = [
            Segment(f" {label}{' ' * (layout.label - cell_len(label))}", self._plain),
            Segment(f"{row.date if layout.date else '':<{layout.date}}{row.time:<{layout.time}}", self._quiet),
        ]
        right = Segment(f"{row.size:>{layout.size}}", self._failed if row.is_failed else self._plain)
        blank = Segment(" " * layout.left)
        middle = (height - 1) // 2
        return [[*left, *cells, right] if number == middle else [blank, *cells] for number in range(height)]

    def _legend(self, figures: Sequence[StreamFigures]) -> Line:
        """The longest legend that fits."""
        scale = self._look.scale
        marks = scale.marks(grid.HEAT_LEVELS, lambda: _hottest(figures))
        ends = {level: marks[level] for level in (min(marks), max(marks))}
        unknown, name = Segment(f"   {HATCH} unknown", self._quiet), Segment(f" {scale.name}", self._quiet)
        choices = (
            [*legend_samples(self._painter, marks, self._quiet), name, unknown],
            [*legend_samples(self._painter, ends, self._quiet), unknown],
        )
        room = self._look.size.columns
        return next((choice for choice in choices if sum(part.cell_length for part in choice) <= room), [])


def _hottest(figures: Sequence[StreamFigures]) -> float:
    shares = (hottest_share(one.covered, np.diff(one.edges)) for one in figures if one.edges is not None)
    return max(shares, default=0.0)
