"""The export of a map of a comparison: the documents that ``compare -o`` prints, and a picture of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np

from kubectl_cbt.analysis.class_figures import FiguresByClass
from kubectl_cbt.model.comparison_outcome import ClassedRanges, ComparisonOutcome
from kubectl_cbt.output.comparison.comparison_formats import ComparisonFormat
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.tui import export_content
from kubectl_cbt.tui.comparison_loader import Classes, ComparisonLoader
from kubectl_cbt.tui.export_source import Form, Range, RangeChoices, safe_stem

_ABOUT = {
    Form.JSON: "JSON    same as compare -o json",
    Form.CSV: "CSV     offset, size and class columns",
    Form.SVG: "SVG     picture of the screen",
}


class ComparisonExport:
    """An :class:`~kubectl_cbt.tui.export_source.ExportSource`.

    Args:
        ranges: those that are offered.
        picture: the SVG of the screen.
    """

    def __init__(self, loader: ComparisonLoader, ranges: RangeChoices, picture: str) -> None:
        compared = loader.stream.compared
        self._head = ComparisonHead(compared.left, compared.right, compared.grain_bytes, covers=False)
        self._classes = loader.frame.classes
        self._picture = picture
        self._ranges = ranges

    @property
    def forms(self) -> Mapping[Form, str]:
        """Those that ``compare -o`` has too, and the picture."""
        return _ABOUT

    @property
    def ranges(self) -> RangeChoices:
        """As given."""
        return self._ranges

    @property
    def stem(self) -> str:
        """The names of the lists."""
        return safe_stem("..".join(Path(side.name).stem for side in (self._head.left, self._head.right)))

    def write(self, form: Form, part: Range | None, path: Path, *, overwrite: bool) -> None:
        """Write a document or the picture."""
        if form is Form.SVG:
            export_content.write_text(self._picture, path, overwrite=overwrite)
            return
        ranges, outcome = _in_order(self._classes), self._classes.outcome
        if part is not None:
            ranges, outcome = _excerpt(ranges, outcome, *part)

        def write(file: TextIO) -> None:
            writer = ComparisonFormat(form).writer(export_content.to_file(file), self._head, OutputTarget())
            writer.ranges(ranges, outcome.capacity_bytes)
            writer.end(outcome)

        export_content.write_file(path, write, overwrite=overwrite)


def _in_order(classes: Classes) -> ClassedRanges:
    """The ranges of all classes."""
    columns = [(extents.offsets, extents.sizes, found) for found, extents in classes.extents.items()]
    starts = np.concatenate([offsets for offsets, _, _ in columns])
    sizes = np.concatenate([sizes for _, sizes, _ in columns])
    numbers = np.concatenate([np.full(len(offsets), found, dtype=np.int8) for offsets, _, found in columns])
    order = np.argsort(starts, kind="stable")
    return ClassedRanges(starts[order], (starts + sizes)[order], numbers[order])


def _excerpt(
    ranges: ClassedRanges, outcome: ComparisonOutcome, start: int, end: int
) -> tuple[ClassedRanges, ComparisonOutcome]:
    """The ranges in ``[start, end)``, cut at both ends: a part of the comparison, so that it is never equal."""
    inside = ranges.where((ranges.ends > start) & (ranges.starts < end))
    cut = ClassedRanges(np.maximum(inside.starts, start), np.minimum(inside.ends, end), inside.classes)
    figures = FiguresByClass()
    figures.add(cut)
    known_end = end if outcome.end is None else min(end, outcome.end)
    return cut, replace(
        outcome,
        figures=figures.figures(),
        start=max(outcome.start, start),
        end=max(outcome.start, start, known_end),
        unknown=(f"an excerpt of bytes {start} to {end}: the rest of the volume is left out", *outcome.unknown),
    )
