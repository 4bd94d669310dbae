"""What an answer means for a backup: its cost, its speed and its window. None is unknown, which is not 0."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from kubectl_cbt.model.results import Summary

DAY_SECONDS = 86_400


def interval_seconds(base: datetime | None, target: datetime | None) -> float | None:
    """Time between two snapshots; None when one has no time, or the base is not older."""
    if base is None or target is None or target <= base:
        return None
    return (target - base).total_seconds()


def churn_per_day(changed_bytes: int | None, seconds: float | None) -> int | None:
    """Bytes that change a day, from those that changed in ``seconds``; None without a positive interval."""
    if changed_bytes is None or not seconds or seconds < 0:
        return None
    return round(changed_bytes * Fraction(DAY_SECONDS) / Fraction(seconds))


def chunk_cost(summary: Summary | None, chunk_bytes: int) -> int | None:
    """Bytes that a backup in chunks of ``chunk_bytes`` reads; None if that size was not counted."""
    if summary is None:
        return None
    return next((cost.size_bytes for cost in summary.chunk_costs if cost.chunk_bytes == chunk_bytes), None)


def amplification(cost_bytes: int | None, covered_bytes: int | None) -> float | None:
    """How many times the extents' bytes are read; None when nothing is covered."""
    if cost_bytes is None or not covered_bytes:
        return None
    return cost_bytes / covered_bytes


def window_seconds(cost_bytes: int | None, bytes_per_second: int) -> float | None:
    """How long reading takes at a rate."""
    return None if cost_bytes is None else cost_bytes / bytes_per_second


def saving(incremental_bytes: int | None, full_bytes: int | None) -> float | None:
    """The share of a full backup that an incremental one does not read, 0 to 1; None without a full backup.

    Negative if the incremental backup reads more.
    """
    if incremental_bytes is None or not full_bytes:
        return None
    return 1 - incremental_bytes / full_bytes
