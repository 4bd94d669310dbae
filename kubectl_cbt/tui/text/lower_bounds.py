"""Figures of a stream that is not complete: lower bounds, marked as such."""

from __future__ import annotations

from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.units import (
    percent,
)


def at_least(figure: str, known: KnownRange) -> str:
    """A figure that only grows with what is not known yet."""
    return figure if known.is_whole else f"≥ {figure}{so_far(known)}"


def so_far(known: KnownRange) -> str:
    """What is added to a figure or a title that more extents of the stream may change."""
    return "" if known.is_complete else " so far"


def share_at_least(part: int, whole: int, known: bool) -> str:
    """A percentage; a lower bound where not all of ``whole`` is known."""
    share = percent(part, whole)
    if known or share.startswith(">"):
        return share
    return "> 0 %" if share.startswith("<") else f"≥ {share}"
