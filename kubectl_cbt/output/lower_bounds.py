"""Figures of an incomplete stream: lower bounds, marked as such."""

from __future__ import annotations

from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.units import percent


def at_least(figure: str, known: KnownRange) -> str:
    """A figure that can only grow when more of the volume becomes known."""
    return figure if known.is_whole else f"≥ {figure}{so_far(known)}"


def so_far(known: KnownRange) -> str:
    """A suffix for a figure or a title that more extents of the stream may change."""
    return "" if known.is_complete else " so far"


def share_at_least(part: int, whole: int, *, is_known: bool) -> str:
    """A percentage; a lower bound unless all of ``whole`` is known."""
    share = percent(part, whole)
    if is_known or share.startswith(">"):
        return share
    return "> 0 %" if share.startswith("<") else f"≥ {share}"
