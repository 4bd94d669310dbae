"""The map of a whole volume as lines of characters: what the map's screen shows first, without a screen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.cells import CellCounter
from kubectl_cbt.analysis.grid import LayerCells, codes_of_cells
from kubectl_cbt.analysis.heat_scale import HeatScale, Levels, hottest_share
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.viewport import Viewport, whole_volume
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.output.drawing.legend import legend_samples
from kubectl_cbt.output.drawing.painting import HATCH, ColorScheme, Painter
from kubectl_cbt.output.drawing.row_labels import LABEL_COLUMNS, row_labels
from kubectl_cbt.output.drawing.text_width import SEPARATOR, shorten
from kubectl_cbt.output.drawing.tones import DARK_TONES, LIGHT_TONES, Tones
from kubectl_cbt.output.drawing.volume_bars import BARS_TITLE, bar_glyphs
from kubectl_cbt.output.palettes import Palette, palette_named
from kubectl_cbt.output.picture_size import PictureSize
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.units import human_bytes, printable

Line = list[Segment]

_GUTTER = LABEL_COLUMNS + 3
_OTHER_LINES = 5
"""Header, status, size of a cell, whole volume, legend."""


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw."""

    size: PictureSize
    palette: Palette
    scale: HeatScale
    tones: Tones

    @classmethod
    def of(cls, target: OutputTarget) -> Look:
        """The look of a picture that is written there."""
        tones = DARK_TONES if target.is_dark else LIGHT_TONES
        return cls(target.picture_size, palette_named(target.palette), target.scale, tones)

    @property
    def colors(self) -> ColorScheme:
        """The colors of the cells."""
        tones = self.tones
        return ColorScheme(
            self.palette, dark=tones.dark, background=tones.surface, beyond=tones.background, faint=tones.faint
        )


@dataclass(frozen=True, slots=True)
class Words:
    """The text around the map.

    Attributes:
        title: names the snapshots.
        details: less important ones, which are left out if there is no room, the last ones first.
        figures: at the right of the first line: choices, the longest one first.
        status: parts of the second line with their colors, ``#rrggbb``; the first is always shown.
    """

    title: str
    details: Sequence[str]
    figures: Sequence[str]
    status: Sequence[tuple[str, str]]


class PicturedVolume(ABC):
    """The cells of a picture, counted while the stream arrives; nothing grows with the stream.

    Attributes:
        bars: of the line of the whole volume.
    """

    def __init__(self, capacity_bytes: int, look: Look) -> None:
        self.look = look
        rows = (look.size.lines - _OTHER_LINES) * Painter(look.colors).halves
        self.viewport: Viewport = whole_volume(capacity_bytes, 0, look.size.columns - _GUTTER, rows)
        self.bars = CellCounter.of_volume(capacity_bytes, look.size.columns - len(BARS_TITLE) - 3)

    @abstractmethod
    def codes(self, known: KnownRange) -> Levels:
        """The code of each cell as uint8[viewport.cells], row by row."""

    @abstractmethod
    def legends(self, painter: Painter, text: Style) -> Iterator[Line]:
        """The legend, then shorter ones for less room."""


class CountedVolume(PicturedVolume):
    """The cells of a delta or of allocated extents."""

    def __init__(self, capacity_bytes: int, look: Look) -> None:
        super().__init__(capacity_bytes, look)
        self.cells = CellCounter(self.viewport.edges())

    def add(self, offsets: Int64Column, sizes: Int64Column) -> None:
        """Count one batch, int64[n] each, untrusted."""
        self.cells.add(offsets, sizes)
        self.bars.add(offsets, sizes)

    def codes(self, known: KnownRange) -> Levels:
        return codes_of_cells(self.viewport, LayerCells(self.cells.covered, known), scale=self.look.scale)

    def legends(self, painter: Painter, text: Style) -> Iterator[Line]:
        scale, cells = self.look.scale, self.cells
        marks = scale.marks(grid.HEAT_LEVELS, lambda: hottest_share(cells.covered, np.diff(cells.edges)))
        ends = {level: marks[level] for level in (min(marks), max(marks))}
        unknown = Segment(f"   {HATCH} unknown", text)
        tails = [Segment(f" {scale.name}", text), unknown, Segment(f"   {self.look.palette.name}", text)]
        yield [*legend_samples(painter, marks, text), *tails]
        yield [*legend_samples(painter, ends, text), *tails[:2]]
        yield [*legend_samples(painter, ends, text), unknown]


def volume_picture(
    words: Words, counted: PicturedVolume | None, known: KnownRange, look: Look, marks: Sequence[int] = ()
) -> list[Line]:
    """The lines of the picture.

    Args:
        counted: None if the capacity is unknown, so that there is no map.
        known: cells outside it are hatched unless they contain extents.
        marks: bytes whose cells are marked, because an extent there breaks a rule.
    """
    quiet = Style(color=look.tones.quiet)
    lines = [header_line(words, look), status_line(words, look)]
    if counted is None:
        note = shorten("no map: the capacity of the volume is unknown", look.size.columns - 2)
        return [*lines, [], [Segment(f" {note}", quiet)]]
    painter = Painter(look.colors)
    size = f"1 cell = {human_bytes(counted.viewport.cell_bytes)}"
    lines.append([Segment(" " * _GUTTER), Segment(shorten(size, look.size.columns - _GUTTER), quiet)])
    lines += _rows(counted, known, look, painter, marks)
    lines.append(_whole_volume(counted.bars, known, look))
    legends = counted.legends(painter, quiet)
    fitting = (line for line in legends if sum(segment.cell_length for segment in line) <= look.size.columns)
    lines.append(next(fitting, []))
    return lines


def header_line(words: Words, look: Look) -> Line:
    """The title, as many details as fit, and the longest choice of figures that leaves a third of the line."""
    bold, quiet = Style(color=look.tones.foreground, bold=True), Style(color=look.tones.quiet)
    most = look.size.columns * 2 // 3
    figures = shorten(next((text for text in words.figures if cell_len(text) <= most), words.figures[-1]), most)
    room = look.size.columns - cell_len(figures) - 4
    title, details = shorten(words.title, room), [printable(detail) for detail in words.details if detail]
    while details and cell_len(title) + 3 + cell_len(SEPARATOR.join(details)) > room:
        details.pop()
    left = f"   {SEPARATOR.join(details)}" if details else ""
    gap = look.size.columns - cell_len(title) - cell_len(left) - cell_len(figures) - 2
    return [Segment(" "), Segment(title, bold), Segment(left, quiet), Segment(" " * gap), Segment(figures, bold)]


def status_line(words: Words, look: Look) -> Line:
    """The parts of the status that fit."""
    separator = Segment(SEPARATOR, Style(color=look.tones.quiet))
    line: Line = []
    used = 1
    for text, color in words.status:
        shown = printable(text) if line else shorten(text, look.size.columns - 2)
        if line and used + len(SEPARATOR) + cell_len(shown) >= look.size.columns:
            break
        line += [separator if line else Segment(" "), Segment(shown, Style(color=color))]
        used += cell_len(shown) + len(SEPARATOR) * (used > 1)
    return line


def _rows(
    counted: PicturedVolume, known: KnownRange, look: Look, painter: Painter, marks: Sequence[int]
) -> Iterator[Line]:
    viewport, halves = counted.viewport, painter.halves
    rows = counted.codes(known).reshape(-1, halves, viewport.columns)
    labels = row_labels(viewport, halves * viewport.columns * viewport.cell_bytes)
    labels += [""] * (len(rows) - len(labels))
    places = {place for place in map(viewport.index_of, marks) if place is not None}
    for number, (label, row) in enumerate(zip(labels, rows, strict=True)):
        signs: dict[int, Segment] = {}
        for place in places:
            line, column = divmod(place, viewport.columns)
            if line // halves == number:
                signs[column] = painter.mark((int(row[0, column]), int(row[-1, column])), line % halves)
        text = Segment(f"{label:>{LABEL_COLUMNS}}   ", Style(color=look.tones.quiet))
        yield [text, *painter.row(row, signs)]


def _whole_volume(bars: CellCounter, known: KnownRange, look: Look) -> Line:
    quiet = Style(color=look.tones.quiet)
    text = "".join(bar_glyphs(bars.covered, bars.edges, known, look.scale))
    return [Segment(f"{BARS_TITLE}▕", quiet), Segment(text, Style(color=look.tones.foreground)), Segment("▏", quiet)]
