"""Rows of text from columns of numbers, without a step in Python for any row.

All rows of a batch are one matrix of bytes, a row of it a row of text: the literals stand in it already, and the
digits are looked up four at a time. Numbers are as wide there as the widest; what the others have too much, leading
zeros, is blanked out where columns are aligned, and else left out when the matrix becomes text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.record import Int64Column

_Matrix = npt.NDArray[np.uint8]

_BLANK = ord("0") - ord(" ")
"""What to take from a zero to get a space."""
_NOTHING = b"\0"
"""Marks places of the matrix without text."""


PIECE_ROWS = 2**16
"""Made into text at once: a few MiB, and more rows than an ordinary batch has."""


def _digit_table(digits: int) -> npt.NDArray[np.unsignedinteger]:
    """Of each number with so many digits (1, 2 or 4) its text, leading zeros included, as one integer."""
    weights = 10 ** np.arange(digits - 1, -1, -1)
    text = (np.arange(10**digits)[:, np.newaxis] // weights % 10 + ord("0")).astype(np.uint8)
    return text.view(f"<u{digits}").ravel()


_TABLES = {digits: _digit_table(digits) for digits in (1, 2, 4)}


class Rows:
    """Makes text of columns.

    Args:
        literals: what stands in front of the first number, between two, and behind the last.
        width: digits that each number is right-aligned to; 0 for none.
    """

    def __init__(self, *literals: str, width: int = 0) -> None:
        self._literals = [literal.encode() for literal in literals]
        self._width = width
        self._matrix: _Matrix = np.empty((0, 0), dtype=np.uint8)
        self._matrix_widths: list[int] = []

    def text(self, *columns: Int64Column) -> bytes:
        """One row for each number of the columns, which are of the same length."""
        return self._text_and_lengths(columns)[0]

    def texts(self, *columns: Int64Column) -> Iterator[bytes]:
        """The same in pieces, at least one: the text of a message may be too large for memory."""
        yield self.text(*(column[:PIECE_ROWS] for column in columns))
        for begin in range(PIECE_ROWS, len(columns[0]), PIECE_ROWS):
            yield self.text(*(column[begin : begin + PIECE_ROWS] for column in columns))

    def parts(self, bounds: Sequence[int] | Int64Column, *columns: Int64Column) -> list[memoryview]:
        """The same cut between rows: those from each bound to the next."""
        text, lengths = self._text_and_lengths(columns)
        whole, cuts = memoryview(text), np.append(0, np.cumsum(lengths))[np.asarray(bounds)].tolist()
        return [whole[start:end] for start, end in pairwise(cuts)]

    def _text_and_lengths(self, columns: tuple[Int64Column, ...]) -> tuple[bytes, Int64Column]:
        """All rows, and int64[rows] of how many bytes each has."""
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
        """uint8[count, bytes of a row]; that of the batch before it where it fits."""
        if widths != self._matrix_widths or len(self._matrix) < count:
            row = b"".join(literal + bytes(width) for literal, width in zip(self._literals, [*widths, 0], strict=True))
            self._matrix = np.tile(np.frombuffer(row, dtype=np.uint8), (count, 1))
            self._matrix_widths = widths
        return self._matrix[:count]

    def _one_by_one(self, columns: tuple[Int64Column, ...]) -> tuple[bytes, Int64Column]:
        """Rows that only a broken driver sends: with negative numbers, or numbers wider than the capacity."""
        template = f"%{self._width or ''}d".encode().join(self._literals)
        rows = [template % row for row in zip(*(column.tolist() for column in columns), strict=True)]
        return b"".join(rows), np.array(list(map(len, rows)), dtype=np.int64)


def _is_wider(number: int, width: int) -> bool:
    return len(str(number)) > width


def _put_digits(matrix: _Matrix, at: int, width: int, column: Int64Column) -> None:
    """Write numbers, with leading zeros, into so many places of each row from ``at`` on."""
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
        # The places of these digits as one integer a row, unaligned as they lie.
        places = np.ndarray(len(matrix), dtype=table.dtype, buffer=matrix, offset=stop, strides=matrix.strides[:1])
        places[:] = table[lowest]


def _leading_zeros(width: int, column: Int64Column) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """Places at which some of the numbers have no digit, and which ones have; the last place never is one."""
    smallest = int(column.min())
    for place in range(width - 1):
        weight = 10 ** (width - 1 - place)
        if weight <= smallest:
            return
        yield place, column >= weight
