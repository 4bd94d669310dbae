"""A block of lines as a table of tokens: positions in numpy columns, without an object per line."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from kubectl_cbt.documents.number_columns import MOST_DECIMAL_DIGITS, Positions, edges_of_runs, values_of_digits
from kubectl_cbt.model.record import INT64_MAX, Int64Column

Mask = npt.NDArray[np.bool_]

_NOT_A_DIGIT = 255
_MOST_HEX_DIGITS = 15
_LONGEST_NUMBER = 64
"""Digits; leading zeros count."""
_DIGITS = np.full(256, _NOT_A_DIGIT, dtype=np.uint8)
for _value, _letter in enumerate(b"0123456789abcdef"):
    _DIGITS[[_letter, bytes([_letter]).upper()[0]]] = _value
_SPACE, _NEWLINE, _ZERO, _X = np.uint8(32), np.uint8(10), np.uint8(ord("0")), np.uint8(ord("x"))


class TokenTable:
    """The tokens of lines, separated by white space. Lines without tokens are left out.

    Args:
        block: whole lines, each with its line break.

    Attributes:
        lines: int64[n], the index in the block of each line, from 0.
        counts: int64[n], the number of tokens in each line, > 0.
    """

    def __init__(self, block: bytes) -> None:
        self._data = np.frombuffer(b"\n" + block, dtype=np.uint8)
        self._digits = _DIGITS[self._data]
        self._not_digits_of: dict[int, npt.NDArray[np.int32]] = {}
        edges = edges_of_runs(self._data > _SPACE)
        self._starts, self._ends = edges[0::2], edges[1::2]
        # Every line, and the empty one before the first, ends with a line break.
        bounds = np.searchsorted(self._starts, np.flatnonzero(self._data == _NEWLINE))
        counts = np.diff(bounds)
        self.lines = np.flatnonzero(counts)
        self.counts = counts[self.lines]
        self._first = bounds[:-1][self.lines]

    def __len__(self) -> int:
        return len(self.lines)

    def integers(self, column: int) -> tuple[Int64Column, Mask]:
        """A column of numbers, decimal or hexadecimal with ``0x``, and which of them are numbers of 63 bits.

        Lines without that column have none.
        """
        values = np.zeros(len(self), dtype=np.int64)
        valid = self.counts > column
        starts, ends = self._column(column)
        if not len(starts):
            return values, valid
        is_hex = (self._data[starts] == _ZERO) & (self._data[np.minimum(starts + 1, ends)] | _SPACE == _X)
        if not is_hex.any():
            values[valid], valid[valid] = self._values(starts, ends, 10, MOST_DECIMAL_DIGITS)
            return values, valid
        found, is_number = np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=bool)
        for mask, base, prefix, most in ((is_hex, 16, 2, _MOST_HEX_DIGITS), (~is_hex, 10, 0, MOST_DECIMAL_DIGITS)):
            if mask.any():
                found[mask], is_number[mask] = self._values(starts[mask] + prefix, ends[mask], base, most)
        values[valid], valid[valid] = found, is_number
        return values, valid

    def first_bytes(self, column: int) -> npt.NDArray[np.uint8]:
        """uint8[n], the first byte of each token of a column; 0 for lines without that column."""
        found = np.zeros(len(self), dtype=np.uint8)
        found[self.counts > column] = self._data[self._column(column)[0]]
        return found

    def lines_with(self, word: bytes) -> Mask:
        """bool[n], which lines contain a word."""
        found = np.zeros(len(self), dtype=bool)
        places = [match.start() for match in re.finditer(re.escape(word), self._data.tobytes())]
        if places:
            # The first token of a line is before the word, or is the word.
            found[np.searchsorted(self._starts[self._first], places, side="right") - 1] = True
        return found

    def tokens(self, row: int) -> list[bytes]:
        """The tokens of one line."""
        first = int(self._first[row])
        whole = self._data.tobytes()
        return [whole[self._starts[at] : self._ends[at]] for at in range(first, first + int(self.counts[row]))]

    def _column(self, column: int) -> tuple[Positions, Positions]:
        at = self._first[self.counts > column] + column
        return self._starts[at], self._ends[at]

    def _values(self, starts: Positions, ends: Positions, base: int, most: int) -> tuple[Int64Column, Mask]:
        lengths = ends - starts
        values, valid = np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=bool)
        is_short = (lengths > 0) & (lengths <= most)
        if is_short.all():
            return self._short_values(starts, ends, base)
        if is_short.any():
            values[is_short], valid[is_short] = self._short_values(starts[is_short], ends[is_short], base)
        for at in np.flatnonzero(lengths > most).tolist():
            values[at], valid[at] = self._long_value(int(starts[at]), int(ends[at]), base)
        return values, valid

    def _short_values(self, starts: Positions, ends: Positions, base: int) -> tuple[Int64Column, Mask]:
        not_digits = self._not_digits(base)
        return values_of_digits(self._digits, starts, ends, base), not_digits[starts] == not_digits[ends]

    def _not_digits(self, base: int) -> npt.NDArray[np.int32]:
        """int32[n + 1], how many bytes before each position are not digits."""
        if base not in self._not_digits_of:
            counts = np.zeros(len(self._digits) + 1, dtype=np.int32)
            np.cumsum(self._digits >= base, out=counts[1:], dtype=np.int32)
            self._not_digits_of[base] = counts
        return self._not_digits_of[base]

    def _long_value(self, start: int, end: int, base: int) -> tuple[int, bool]:
        digits = self._digits[start:end]
        if (digits >= base).any():
            return 0, False
        value = 0
        for digit in digits.tolist()[:_LONGEST_NUMBER]:
            value = value * base + digit
        return (value, True) if value <= INT64_MAX and end - start <= _LONGEST_NUMBER else (0, False)
