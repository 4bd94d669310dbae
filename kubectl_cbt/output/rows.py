"""Rows of text from columns of numbers, without a Python operation per row.

All rows of a batch are one matrix of bytes, with a row of text per row: the literals are prefilled, and the digits are
looked up four at a time. All numbers are as wide as the widest. Leading zeros are replaced by spaces in aligned columns
and otherwise removed when the matrix is converted to text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.record import Int64Column

_Matrix = npt.NDArray[np.uint8]

_BLANK = ord("0") - ord(" ")
"""Difference between the codes of a zero and a space."""
_NOTHING = b"\0"
"""Placeholder in the matrix for a byte that is removed."""


PIECE_ROWS = 2**16
"""Rows converted at a time: a few MiB, and more rows than a usual batch has."""


def _digit_table(digits: int) -> npt.NDArray[np.unsignedinteger]:
    """Return the text of each number of this many digits (1, 2 or 4), with leading zeros, as one integer."""
    weights = 10 ** np.arange(digits - 1, -1, -1)
    text = (np.arange(10**digits)[:, np.newaxis] // weights % 10 + ord("0")).astype(np.uint8)
    return text.view(f"<u{digits}").ravel()


_TABLES = {digits: _digit_table(digits) for digits in (1, 2, 4)}


class Rows:
    """Converts columns to text.

    Args:
        literals: text before the first number, between numbers, and after the last.
        width: number of digits to right-align to; 0 for no alignment.
    """

    def __init__(self, *literals: str, width: int = 0) -> None:
        self._literals = [literal.encode() for literal in literals]
        self._width = width
        self._matrix: _Matrix = np.empty((0, 0), dtype=np.uint8)
        self._matrix_widths: list[int] = []

    def text(self, *columns: Int64Column) -> bytes:
        """Return one row for each index of the columns, which have the same length."""
        return self._text_and_lengths(columns)[0]

    def texts(self, *columns: Int64Column) -> Iterator[bytes]:
        """Yield the text in one or more pieces: the text of a large message can exceed the memory."""
        yield self.text(*(column[:PIECE_ROWS] for column in columns))
        for begin in range(PIECE_ROWS, len(columns[0]), PIECE_ROWS):
            yield self.text(*(column[begin : begin + PIECE_ROWS] for column in columns))

    def parts(self, bounds: Sequence[int] | Int64Column, *columns: Int64Column) -> list[memoryview]:
        """Yield the text from each bound to the next; bounds are row numbers."""
        text, lengths = self._text_and_lengths(columns)
        whole, cuts = memoryview(text), np.append(0, np.cumsum(lengths))[np.asarray(bounds)].tolist()
        return [whole[start:end] for start, end in pairwise(cuts)]

    def _text_and_lengths(self, columns: tuple[Int64Column, ...]) -> tuple[bytes, Int64Column]:
        """Return all rows, and the size in bytes of each: int64[rows]."""
        count = len(columns[0])
        if not count:
            return b"", np.zeros(0, dtype=np.int64)
        largest = [int(column.max()) for column in columns]
        widths = [self._width or len(str(number)) for number in largest]
        if any(column.min() < 0 for column in columns) or any(map(_is_wider, largest, widths)):
            return self._one_by_one(columns)
        matrix = self._with_literals(count, widths)
        lengths = np.full(count, matrix.shape[1], dtype=np.int64)
        is_ragged = False
        at = 0
        for literal, width, column in zip(self._literals, widths, columns, strict=False):
            at += len(literal)
            _put_digits(matrix, at, width, column)
            for place, has_digit in _leading_zeros(width, column):
                if self._width:
                    matrix[:, at + place] -= ~has_digit * np.uint8(_BLANK)
                else:
                    matrix[:, at + place] *= has_digit
                    lengths -= ~has_digit
                    is_ragged = True
            at += width
        text = matrix.tobytes()
        return text.translate(None, _NOTHING) if is_ragged else text, lengths

    def _with_literals(self, count: int, widths: list[int]) -> _Matrix:
        """Return uint8[count, bytes per row]; reuses the previous batch's matrix if it fits."""
        if widths != self._matrix_widths or len(self._matrix) < count:
            row = b"".join(literal + bytes(width) for literal, width in zip(self._literals, [*widths, 0], strict=True))
            self._matrix = np.tile(np.frombuffer(row, dtype=np.uint8), (count, 1))
            self._matrix_widths = widths
        return self._matrix[:count]

    def _one_by_one(self, columns: tuple[Int64Column, ...]) -> tuple[bytes, Int64Column]:
        """Return text for a broken driver's numbers: negative, or wider than the capacity."""
        template = f"%{self._width or ''}d".encode().join(self._literals)
        rows = [template % row for row in zip(*(column.tolist() for column in columns), strict=True)]
        return b"".join(rows), np.array(list(map(len, rows)), dtype=np.int64)


def _is_wider(number: int, width: int) -> bool:
    return len(str(number)) > width


def _put_digits(matrix: _Matrix, at: int, width: int, column: Int64Column) -> None:
    """Write numbers with leading zeros into each row at ``at``."""
    stop, rest = at + width, column
    while stop > at:
        digits = next(digits for digits in (4, 2, 1) if digits <= stop - at)
        stop -= digits
        table = _TABLES[digits]
        if stop > at:
            higher = rest // len(table)
            rest, lowest = higher, rest - higher * len(table)
        else:
            lowest = rest
        # The bytes of these digits as one unaligned integer per row.
        places = np.ndarray(len(matrix), dtype=table.dtype, buffer=matrix, offset=stop, strides=matrix.strides[:1])
        places[:] = table[lowest]


def _leading_zeros(width: int, column: Int64Column) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """Yield the positions at which some numbers have a leading zero, and which numbers; never the last position."""
    smallest = int(column.min())
    for place in range(width - 1):
        weight = 10 ** (width - 1 - place)
        if weight <= smallest:
            return
        yield place, column >= weight
