"""The first line of the map: the snapshots, the volume, and how much of it changed."""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_cbt.model.record import block_metadata_type_name
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.tui.loader import Frame
from kubectl_cbt.tui.plain_text import Content, line
from kubectl_cbt.tui.text.line_layout import MUTED, SEPARATOR, shorten
from kubectl_cbt.tui.text.lower_bounds import at_least
from kubectl_cbt.tui.text.vocabulary import vocabulary_of
from kubectl_cbt.units import (
    human_bytes,
    percent,
)


def subject_title(resolved: ResolvedQuery) -> str:
    """The two snapshots, or the one."""
    target = resolved.target.ref.name
    if resolved.query.base is None:
        return target
    base = resolved.base.ref.name if resolved.base else f"handle {resolved.query.base}"
    by_change_id = " (by change id)" if resolved.base and resolved.base.change_id else ""
    return f"{base}{by_change_id} → {target}"


def header_line(main: ResolvedQuery, kind: str | None, frame: Frame, width: int) -> Content:
    """The first line: what is shown, and how much of it; what does not fit is left out, whole parts at a time.

    Args:
        main: what was asked for first.
        kind: of the layer that is shown, as ``frame`` is.
    """
    outcome, snapshot, title = frame.outcome, main.target, subject_title(main)
    right = _figures(kind, frame, width - len(_left(title, ())) - 3)
    title = shorten(title, width - len(right) - 4)
    volume = f"{snapshot.ref.namespace}/{snapshot.claim}" if snapshot.claim else snapshot.ref.namespace
    block_type = outcome.block_metadata_type
    details = [volume, snapshot.driver, block_metadata_type_name(block_type) if block_type is not None else ""]
    details = [detail for detail in details if detail]
    while details and len(_left(title, details)) + len(right) + 3 > width:
        details.pop()
    left = _left(title, details)
    gap = " " * max(width - len(left) - len(right) - 1, 2)
    return line(" ", (title, "bold"), (left[len(title) + 1 :], MUTED), gap, (right, "bold"))


def _figures(kind: str | None, frame: Frame, room: int) -> str:
    """Capacity, covered bytes and their share; where there is little room the capacity goes first, then the share."""
    capacity, known = frame.outcome.volume_capacity_bytes, frame.known
    # Merged: what a broken stream sent twice would not be a lower bound.
    covered = frame.summary.covered_bytes if known.is_whole else frame.received.extents.covered_bytes
    changed = f"{vocabulary_of(kind).covered} {at_least(human_bytes(covered), known)}"
    if not capacity:
        return changed
    wider: tuple[tuple[str, ...], ...] = ((human_bytes(capacity), changed),)
    if known.is_whole:
        share = percent(covered, capacity)
        wider = ((human_bytes(capacity), changed, share), (changed, share))
    return next((text for text in map(SEPARATOR.join, wider) if len(text) <= room), changed)


def _left(title: str, details: Sequence[str]) -> str:
    return f" {title}" + ("   " + SEPARATOR.join(details) if details else "")


def map_name(resolved: ResolvedQuery, kind: str | None) -> str:
    """What a map is of."""
    return f"{vocabulary_of(kind).title} {subject_title(resolved)}"
