"""Scales of heat: from the covered share of a cell to a level. A new scale is an entry of ``SCALES``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.record import Int64Column

Levels = npt.NDArray[np.uint8]
"""Heat of each cell: 0 for no covered byte at all, so that the smallest change is visible, then 1 to the number of
levels."""

Hottest = Callable[[], float]

_PER_MILLE = 1000
_LOG_BOUNDS = {
    5: (1, 10, 100, 600, _PER_MILLE),
    8: (1, 3, 10, 30, 100, 300, 600, _PER_MILLE),
}
"""Per number of levels: the largest share of each, in parts of 1000. The first level is a trace: a block or a few."""


@dataclass(frozen=True, slots=True)
class HeatScale:
    """One scale.

    Attributes:
        name: for ``--scale`` and the legend.
        about: one line for a person who chooses.
        levels: called with the covered bytes of each cell (int64[n], >= 0), its width (int64[n], >= 0) and the highest
            level (5 or 8); returns uint8[n].
        marks: called with the highest level and a function that returns the largest covered share of a cell (0.0 to
            1.0), which few scales need; returns the texts of the legend by the level before which each stands: 1 is
            before the first, ``levels + 1`` after the last.
    """

    name: str
    about: str
    levels: Callable[[Int64Column, Int64Column, int], Levels]
    marks: Callable[[int, Hottest], dict[int, str]]


def hottest_share(covered: Int64Column, widths: Int64Column) -> float:
    """The largest covered share of a cell, 0.0 to 1.0; 0.0 without cells."""
    shares = np.divide(covered, widths, out=np.zeros(len(widths)), where=widths > 0)
    return min(float(shares.max(initial=0.0)), 1.0)


def _shifted(covered: Int64Column, widths: Int64Column, factor: int) -> tuple[Int64Column, Int64Column]:
    """Both columns divided by a power of two, so that a product with ``factor`` stays in int64.

    The precision that large cells lose is not visible. More than its width counts as all of a cell.
    """
    shift = max((int(widths.max(initial=0)) * factor).bit_length() - 62, 0)
    full = np.maximum(widths >> shift, 1)
    return np.minimum(covered >> shift, full), full


def _visible(steps: Int64Column, covered: Int64Column, widths: Int64Column) -> Levels:
    """Every cell with a covered byte has a level, a cell without bytes has none."""
    return np.where((covered > 0) & (widths > 0), np.maximum(steps, 1), 0).astype(np.uint8)


def linear_levels(covered: Int64Column, widths: Int64Column, levels: int) -> Levels:
    """The covered share in equal steps, rounded up, for any number of levels from 1 to 255."""
    part, full = _shifted(covered, widths, levels)
    return _visible(-(-(part * levels) // full), covered, widths)


@cache
def _log_table(levels: int) -> Int64Column:
    """int64[1001]: the level of each share in parts of 1000, rounded up."""
    return 1 + np.searchsorted(np.array(_LOG_BOUNDS[levels][:-1]), np.arange(_PER_MILLE + 1), side="left")


def _log_levels(covered: Int64Column, widths: Int64Column, levels: int) -> Levels:
    part, full = _shifted(covered, widths, _PER_MILLE)
    return _visible(_log_table(levels)[-(-(part * _PER_MILLE) // full)], covered, widths)


def _relative_levels(covered: Int64Column, widths: Int64Column, levels: int) -> Levels:
    hottest = hottest_share(covered, widths)
    if not hottest:
        return np.zeros(len(widths), dtype=np.uint8)
    shares = np.divide(covered, widths, out=np.zeros(len(widths)), where=widths > 0)
    # The hottest cell must not exceed the last level by a rounding error.
    steps = np.ceil(np.minimum(shares / hottest, 1.0) * levels - 1e-9).astype(np.int64)
    return _visible(steps, covered, widths)


def _log_marks(levels: int, hottest: Hottest) -> dict[int, str]:
    bounds = _LOG_BOUNDS[levels]
    shown = {1: "0.1 %", 10: "1 %", 100: "10 %", _PER_MILLE: "100 %"}
    return {1: "trace"} | {level + 1: shown[bound] for level, bound in enumerate(bounds, 1) if bound in shown}


def _linear_marks(levels: int, hottest: Hottest) -> dict[int, str]:
    return {1: "0 %", levels + 1: "100 %"}


def _relative_marks(levels: int, hottest: Hottest) -> dict[int, str]:
    share = hottest()
    return {1: "0 %", levels + 1: f"{100 * share:.3g} %" if share >= 0.001 else "< 0.1 %"}


LOG = HeatScale("log", "each step is about three times the one before, from a trace to all", _log_levels, _log_marks)
LINEAR = HeatScale("linear", "equal steps of the covered share", linear_levels, _linear_marks)
RELATIVE = HeatScale("relative", "equal steps up to the hottest visible cell", _relative_levels, _relative_marks)

SCALES = (LOG, LINEAR, RELATIVE)
"""The first is the default."""


def scale_named(name: str) -> HeatScale:
    """The scale of that name.

    Raises:
        KeyError: there is none.
    """
    return {scale.name: scale for scale in SCALES}[name]
