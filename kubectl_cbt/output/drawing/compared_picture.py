"""The cells of a picture of a comparison: what only one of two lists has, and what both have."""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.analysis.cells import CellCounter
from kubectl_cbt.analysis.grid import comparison_codes
from kubectl_cbt.analysis.heat_scale import Levels
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.model.comparison_outcome import SHOWN_CLASSES, ClassedRanges, RangeClass
from kubectl_cbt.output.drawing.legend import class_samples
from kubectl_cbt.output.drawing.painting import HATCH, Painter
from kubectl_cbt.output.drawing.volume_picture import Line, Look, PicturedVolume


class ComparedVolume(PicturedVolume):
    """A class for each cell; the line of the whole volume shows where something differs."""

    def __init__(self, capacity_bytes: int, look: Look) -> None:
        super().__init__(capacity_bytes, look)
        self._cells = {found: CellCounter(self.viewport.edges()) for found in SHOWN_CLASSES}

    def add(self, ranges: ClassedRanges) -> None:
        """Count more ranges."""
        for found, cells in self._cells.items():
            of_class = ranges.where(ranges.classes == found)
            if len(of_class):
                cells.add(of_class.starts, of_class.sizes)
                if found is not RangeClass.BOTH:
                    self.bars.add(of_class.starts, of_class.sizes)

    def codes(self, known: KnownRange) -> Levels:
        only_left, both, only_right = (cells.covered for cells in self._cells.values())
        return comparison_codes(self.viewport, only_left, both, only_right, known)

    def legends(self, painter: Painter, text: Style) -> Iterator[Line]:
        unknown, palette = Segment(f"   {HATCH} unknown", text), Segment(f"   {self.look.palette.name}", text)
        classes, short = (class_samples(painter, text, is_short=is_short) for is_short in (False, True))
        yield [*classes, unknown, palette]
        yield [*classes, unknown]
        yield [*short, unknown]
        yield short
