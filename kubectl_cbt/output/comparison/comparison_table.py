"""``-o table`` of a comparison: aligned columns of exact bytes, for reading and for awk."""

from __future__ import annotations

from kubectl_cbt.model.comparison_outcome import ClassedRanges, ComparisonOutcome
from kubectl_cbt.output.comparison.class_rows import ClassRows
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead, ComparisonWriter, incomplete_note
from kubectl_cbt.output.writer import OutputTarget, Write

_GAP = "   "
_WIDTH = 15
"""Digits of the largest offset of a volume of less than 1 PB; larger ones are not aligned."""


class TableComparison(ComparisonWriter):
    """Rows of offset, size and class."""

    is_text = True

    def __init__(self, write: Write, head: ComparisonHead, screen: OutputTarget) -> None:
        self._write = write
        self._heading = (f"{'OFFSET':>{_WIDTH}}{_GAP}{'SIZE':>{_WIDTH}}{_GAP}CLASS\n").encode()
        self._rows = ClassRows("", _GAP, _GAP, "\n", width=_WIDTH)

    def ranges(self, ranges: ClassedRanges, capacity_bytes: int | None) -> None:
        if not len(ranges):
            return
        for text in self._rows.texts(ranges):
            self._write(self._heading + text)
            self._heading = b""

    def end(self, outcome: ComparisonOutcome) -> None:
        self._write(incomplete_note(outcome))
