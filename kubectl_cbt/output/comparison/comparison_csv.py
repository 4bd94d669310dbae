"""``-o csv`` of a comparison: a header, and rows that need no quotes."""

from __future__ import annotations

from kubectl_cbt.model.comparison_outcome import ClassedRanges, ComparisonOutcome
from kubectl_cbt.output.comparison.class_rows import ClassRows
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead, ComparisonWriter, incomplete_note
from kubectl_cbt.output.writer import OutputTarget, Write


class CsvComparison(ComparisonWriter):
    """Rows of ``byteOffset,sizeBytes,class``."""

    def __init__(self, write: Write, head: ComparisonHead, screen: OutputTarget) -> None:
        self._write = write
        self._header = b"byteOffset,sizeBytes,class\n"
        self._rows = ClassRows("", ",", ",", "\n")

    def ranges(self, ranges: ClassedRanges, capacity_bytes: int | None) -> None:
        if not len(ranges):
            return
        for text in self._rows.texts(ranges):
            self._write(self._header + text)
            self._header = b""

    def end(self, outcome: ComparisonOutcome) -> None:
        self._write(self._header + incomplete_note(outcome))
