"""Numbers in text as columns, parsed digit by digit for all of them at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.record import Int64Column

Positions = npt.NDArray[np.intp]

MOST_DECIMAL_DIGITS = 18
"""Nineteen digits may exceed an int64."""


def edges_of_runs(mask: npt.NDArray[np.bool_]) -> Positions:
    """The alternating starts and ends of the runs where a mask is set; it is set at neither end."""
    return np.flatnonzero(mask[1:] != mask[:-1]) + 1


def values_of_digits(digits: npt.NDArray[np.uint8], starts: Positions, ends: Positions, base: int) -> Int64Column:
    """Values of nonempty runs of digits, at least one run.

    Args:
        digits: the value of the digit at each position of the text.
        starts, ends: int64[n], of the runs; none may be so long that its value exceeds an int64.
    """
    lengths = ends - starts
    shortest, longest = int(lengths.min()), int(lengths.max())
    values = np.zeros(len(ends), dtype=np.int64)
    # For a shorter number the first places are before its start, possibly before the text: they count as 0.
    at = ends - longest
    for places in range(longest, 0, -1):
        place = digits[at]
        if places > shortest:
            place *= lengths >= places
        values *= base
        values += place
        at += 1
    return values
