"""Offsets below columns that are regions of a volume."""

from __future__ import annotations

from kubectl_cbt.analysis.volume_columns import VolumeColumns
from kubectl_cbt.units import human_offsets

_TICK = "╵"
_SPACING = 13
"""VolumeColumns from a label to the next one at least."""
_FACTORS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def axis_text(columns: VolumeColumns) -> str:
    """A tick in the column of each round offset, and the offset beside it. The first one is exact."""
    start, end, count = columns.start, columns.end, len(columns)
    step = _round_step((end - start) * _SPACING // count)
    offsets = range(-(-(start + 1) // step) * step, end, step)
    text = ""
    for offset, label in zip((start, *offsets), human_offsets([start, *offsets]), strict=True):
        column = columns.at(offset)
        if len(text) < column + (not text) and column + len(label) < count:
            text += f"{' ' * (column - len(text))}{_TICK}{label}"
    return text


def _round_step(least_bytes: int) -> int:
    """The smallest round number of bytes that is not less."""
    steps = (factor << 10 * power for power in range(7) for factor in _FACTORS)
    return next(step for step in steps if step >= least_bytes)
