"""A timeline as lines of characters: a band for each pair of snapshots, columns are regions of the volume.

Pure drawing, shared by the screen and the picture of ``history``: a region that changes every time is a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.heat_scale import HeatScale, hottest_share, linear_levels
from kubectl_cbt.analysis.volume_columns import VolumeColumns, sums_of_streams
from kubectl_cbt.output.drawing.legend import legend_samples
from kubectl_cbt.output.drawing.painting import HATCH, ColorScheme, Painter
from kubectl_cbt.output.drawing.text_width import shorten
from kubectl_cbt.output.drawing.timeline_bands import Band, BandKind
from kubectl_cbt.output.drawing.timeline_layout import TimelineLayout
from kubectl_cbt.output.drawing.volume_axis import axis_text

Line = list[Segment]
CodeRows = npt.NDArray[np.uint8]

CURRENT, MARKED, COLUMN_MARK = "▸", "●", "▼"
_BAR, _HALF_BAR = "━", "╸"


@dataclass(frozen=True, slots=True)
class TimelineStyles:
    """The styles of the texts."""

    text: Style
    quiet: Style
    strong: Style
    problem: Style


@dataclass(frozen=True, slots=True)
class TimelineCursor:
    """The band and the column under the cursor, and the marked bands."""

    band: int
    column: int
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class BandCodes:
    """The cells of bands, on one scale.

    Attributes:
        bands: pairs first, oldest on top.
        columns: the visible range; None before the capacity of the volume is known.
        codes: uint8[bands, columns], those of ``analysis/grid.py``.
        hottest: the largest changed share of a cell, 0.0 to 1.0.
    """

    bands: Sequence[Band]
    columns: VolumeColumns | None
    scale: HeatScale
    codes: CodeRows
    hottest: float = 0.0

    @classmethod
    def of(cls, bands: Sequence[Band], columns: VolumeColumns | None, count: int, scale: HeatScale) -> BandCodes:
        """Add up the columns of each band.

        Args:
            count: of the columns.
        """
        codes = np.full((len(bands), count), grid.UNKNOWN, dtype=np.uint8)
        if columns is None or not bands:
            return cls(bands, columns, scale, codes)
        sums = sums_of_streams([band.cells for band in bands], columns)
        covered, widths, known, beyond = sums.covered, sums.widths, sums.are_known, sums.are_beyond
        heat = np.array([band.kind is not BandKind.ALLOCATED for band in bands])
        hottest = hottest_share(covered[heat].ravel(), widths[heat].ravel())
        codes[known] = grid.NOTHING
        shape = -1, count
        levels = scale.levels(covered[heat].ravel(), widths[heat].ravel(), grid.HEAT_LEVELS).reshape(shape)
        codes[heat] = np.where(levels > 0, levels, codes[heat])
        parts = linear_levels(covered[~heat].ravel(), widths[~heat].ravel(), grid.ALLOCATED_LEVELS).reshape(shape)
        codes[~heat] = np.where(parts > 0, parts + (grid.ALLOCATED - 1), codes[~heat])
        codes[beyond] = grid.BEYOND
        return cls(bands, columns, scale, codes, hottest)


class TimelinePicture:
    """The lines of a timeline.

    Args:
        cursor: None for a picture without one.
    """

    def __init__(
        self,
        cells: BandCodes,
        layout: TimelineLayout,
        painter: Painter,
        styles: TimelineStyles,
        cursor: TimelineCursor | None = None,
    ) -> None:
        self._bands, self._columns, self._codes = cells.bands, cells.columns, cells.codes
        self._scale, self._hottest = cells.scale, cells.hottest
        self._layout = layout
        self._painter = painter
        self._styles = styles
        self._cursor = cursor

    def titles(self, about: str = "") -> Line:
        """The line above the bands: titles, and the column of the cursor.

        Args:
            about: above the cells of a picture without a cursor.
        """
        layout, quiet = self._layout, self._styles.quiet
        margin = " " * layout.marks
        line = [Segment(f"{margin}{'SNAPSHOT':<{layout.name}} {'AFTER':>{layout.interval}} ", quiet)]
        room = layout.cells
        if self._cursor is not None and self._columns is not None:
            column = self._cursor.column
            line += [Segment(" " * column, quiet), Segment(COLUMN_MARK, self._styles.strong)]
            room -= column + 1
        elif self._cursor is None:
            about = shorten(about, room)
            line.append(Segment(about, quiet))
            room -= cell_len(about)
        figures = f" {'CHANGED':>{layout.figure}}" + (f"  {'A DAY':<{layout.bar}}" if layout.bar else "")
        return [*line, Segment(" " * room, quiet), Segment(figures, quiet)]

    def band(self, number: int, height: int) -> list[Line]:
        """The lines of one band.

        Args:
            height: at least 1; from 2 on, the lower half of the last line is a gap.
        """
        return [self._band_line(number, line, height) for line in range(height)]

    def _band_line(self, number: int, line: int, height: int) -> Line:
        band = self._bands[number]
        is_current = self._cursor is not None and self._cursor.band == number
        text = self._styles.strong if is_current else self._styles.text
        left, right = self._left(band, number, line, text), self._right(band, line, text)
        return [*left, *self._cells(number, line, height), *right]

    def _left(self, band: Band, number: int, line: int, text: Style) -> Line:
        layout, quiet, cursor = self._layout, self._styles.quiet, self._cursor
        if line == 0:
            marks = " " * layout.marks
            if cursor is not None:
                marks = f"{CURRENT if cursor.band == number else ' '}{MARKED if number in cursor.marked else ' '}"
            return [
                Segment(f"{marks}{_fitted(band.name, layout.name)}", text),
                Segment(f" {band.interval:>{layout.interval}} ", self._styles.quiet),
            ]
        shown = band.when if line == 1 else ""
        room = layout.left - layout.marks - 1
        if len(shown) > room:
            shown = shown.partition(" ")[0]  # the date alone
        return [Segment(f"{' ' * layout.marks}{_fitted(shown, room)} ", quiet)]

    def _right(self, band: Band, line: int, text: Style) -> Line:
        layout, styles = self._layout, self._styles
        if line > 1:
            return [Segment(" " * layout.right, styles.text)]
        shown, style = (band.figure, text) if line == 0 else (band.share, styles.quiet)
        style = styles.problem if band.has_problem and line == 0 else style
        segments = [Segment(f" {shown:>{layout.figure}}", style)]
        if layout.bar:
            bar = _bar(band.bar, layout.bar) if line == 0 else band.rate
            bar = bar if line == 0 or layout.has_rate else ""
            segments.append(Segment(f"  {bar:<{layout.bar}}", styles.quiet))
        return segments

    def _cells(self, number: int, line: int, height: int) -> Line:
        painter, codes = self._painter, self._codes[number]
        is_gap = line == height - 1 and height > (1 if painter.halves == 2 else 2)
        if is_gap and painter.halves == 1:
            return [Segment(" " * self._layout.cells, self._styles.text)]
        lower = np.full_like(codes, grid.BEYOND) if is_gap else codes
        if is_gap:
            # A hatched half would be a whole line, and would join two bands.
            codes = np.where(codes == grid.UNKNOWN, grid.BEYOND, codes)
        signs = {}
        cursor = self._cursor
        if cursor is not None and cursor.band == number and self._columns is not None and not is_gap:
            signs = {cursor.column: painter.column_cursor(int(codes[cursor.column]))}
        return painter.row(np.stack([codes, lower][: painter.halves]), signs)

    def axis(self) -> Line:
        """Offsets below the cells."""
        layout = self._layout
        text = "" if self._columns is None else axis_text(self._columns)
        return [Segment(f"{' ' * layout.left}{text:<{layout.cells}}{' ' * layout.right}", self._styles.quiet)]

    def separator(self) -> Line:
        """Between the pairs and the bands of all."""
        layout = self._layout
        line = "─" * layout.cells
        return [Segment(f"{' ' * layout.left}{line}{' ' * layout.right}", self._styles.quiet)]

    def legend(self, colors: ColorScheme, width: int) -> Line:
        """The longest legend that fits."""
        quiet, painter = self._styles.quiet, self._painter
        marks = self._scale.marks(grid.HEAT_LEVELS, lambda: self._hottest)
        ends = {level: marks[level] for level in (min(marks), max(marks))}
        allocated = [painter.sample(grid.ALLOCATED + level) for level in range(grid.ALLOCATED_LEVELS)]
        tails = [
            [Segment(f" changed, {self._scale.name}", quiet)],
            [Segment(f"   {HATCH} unknown", quiet)],
            [Segment("   ", quiet), *allocated, Segment(" allocated", quiet)],
            [Segment(f"   {colors.palette.name}", quiet)] if colors.palette else [],
        ]
        for steps, most in ((marks, 4), (marks, 3), (marks, 2), (ends, 2), (ends, 1), (ends, 0)):
            line = [*legend_samples(painter, steps, quiet), *(segment for tail in tails[:most] for segment in tail)]
            if sum(segment.cell_length for segment in line) <= width:
                return line
        return []


def _fitted(text: str, cells: int) -> str:
    shown = shorten(text, cells)
    return shown + " " * (cells - cell_len(shown))


def _bar(share: float, columns: int) -> str:
    """A bar of half characters; a share above 0 is visible."""
    whole, half = divmod(max(round(share * columns * 2), int(share > 0)), 2)
    return _BAR * whole + _HALF_BAR * half
