"""Figures of the ranges of a comparison, added up while they are found."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.model.comparison_outcome import SHOWN_CLASSES, ClassedRanges, ClassFigures, RangeClass
from kubectl_cbt.model.extents import Run

FIRST_RANGES = 5


class FiguresByClass:
    """Adds up ranges in order."""

    def __init__(self) -> None:
        self._figures = {found: ClassFigures() for found in SHOWN_CLASSES}

    def add(self, ranges: ClassedRanges) -> None:
        """Count more ranges."""
        for found in SHOWN_CLASSES:
            of_class = ranges.where(ranges.classes == found)
            if len(of_class):
                self._figures[found] = _with(self._figures[found], of_class)

    def figures(self) -> dict[RangeClass, ClassFigures]:
        """The figures so far."""
        return dict(self._figures)


def _with(before: ClassFigures, ranges: ClassedRanges) -> ClassFigures:
    sizes = ranges.sizes
    widest = int(np.argmax(sizes))
    largest = Run(int(ranges.starts[widest]), int(ranges.ends[widest]))
    if before.largest is not None and before.largest.size_bytes >= largest.size_bytes:
        largest = before.largest
    wanted = FIRST_RANGES - len(before.first)
    more = zip(ranges.starts[:wanted].tolist(), ranges.ends[:wanted].tolist(), strict=True)
    return ClassFigures(
        ranges=before.ranges + len(ranges),
        size_bytes=before.size_bytes + int(sizes.sum()),
        largest=largest,
        first=(*before.first, *(Run(start, end) for start, end in more)),
    )
