"""Scales of heat: from the covered share of a cell to a level. A new scale is a function and a value here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.record import Int64Column

Levels = npt.NDArray[np.uint8]
"""Heat of each cell: 0 for no covered byte at all, so that the smallest change is visible, then 1 to the number of
levels."""


@dataclass(frozen=True, slots=True)
class HeatScale:
    """One scale.

    Attributes:
        levels: called with the covered bytes of each cell (int64[n], >= 0), its width (int64[n], >= 0) and the highest
            level (1 to 255); returns uint8[n].
        low: the legend's text for the lowest level.
        high: for the highest.
    """

    levels: Callable[[Int64Column, Int64Column, int], Levels]
    low: str
    high: str


def _linear(covered: Int64Column, widths: Int64Column, levels: int) -> Levels:
    """The covered share, rounded up. More than its width counts as all of a cell; a cell without bytes has level 0."""
    # The products below must stay in int64; the precision that large cells lose is not visible.
    shift = max((int(widths.max(initial=0)) * levels).bit_length() - 62, 0)
    full = np.maximum(widths >> shift, 1)
    part = np.minimum(covered >> shift, full)
    steps = -(-(part * levels) // full)
    return np.where((covered > 0) & (widths > 0), np.maximum(steps, 1), 0).astype(np.uint8)


LINEAR = HeatScale(_linear, "0 %", "100 %")
