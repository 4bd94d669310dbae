"""Rows of a comparison: offset, size, and the class as a word."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.model.comparison_outcome import SHOWN_CLASSES, ClassedRanges
from kubectl_cbt.output.rows import Rows

_SIGN = "\x01"
"""Stands before the number of a class, which is replaced by its word; no format contains it."""


class ClassRows:
    """Makes text of ranges.

    Args:
        literals: before the offset, before the size, before the class, and after it.
        width: digits that offset and size are right-aligned to; 0 for none.
    """

    def __init__(self, before: str, between: str, before_class: str, after: str, *, width: int = 0) -> None:
        # The width applies to every number: the class, which has one digit, gets its spaces removed with its sign.
        self._rows = Rows(before, between, before_class + _SIGN, after, width=width)
        padding = " " * max(width - 1, 0)
        self._words = [(f"{_SIGN}{padding}{int(found)}".encode(), found.label.encode()) for found in SHOWN_CLASSES]

    def texts(self, ranges: ClassedRanges) -> Iterator[bytes]:
        """The rows in pieces, at least one."""
        for text in self._rows.texts(ranges.starts, ranges.sizes, ranges.classes.astype("int64")):
            for sign, word in self._words:
                text = text.replace(sign, word)
            yield text
