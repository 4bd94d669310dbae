"""The first line of the map: the snapshots, the volume, and how much of it changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from kubectl_cbt.model.record import block_metadata_type_name
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.tui.loader import Frame
from kubectl_cbt.tui.plain_text import Content, line
from kubectl_cbt.tui.text.line_layout import MUTED, SEPARATOR, shorten
from kubectl_cbt.tui.text.lower_bounds import at_least
from kubectl_cbt.units import human_bytes, percent, printable


def subject_title(resolved: ResolvedQuery) -> str:
    """The snapshot, or base and target."""
    target = resolved.target.ref.name
    if resolved.query.base is None:
        return target
    base = resolved.base.ref.name if resolved.base else f"handle {resolved.query.base}"
    by_change_id = " (by change id)" if resolved.base and resolved.base.change_id else ""
    return f"{base}{by_change_id} → {target}"


def header_line(resolved: ResolvedQuery, operation: Operation | None, frame: Frame, width: int) -> Content:
    """The first line. Parts that do not fit in ``width`` cells are left out as a whole, the last ones first.

    Args:
        resolved: names the snapshots.
        operation: of the layer that ``frame`` is of.
    """
    outcome, snapshot, title = frame.outcome, resolved.target, printable(subject_title(resolved))
    right = _figures(operation, frame, width - cell_len(title) - 4)
    title = shorten(title, width - len(right) - 4)
    volume = f"{snapshot.ref.namespace}/{snapshot.claim}" if snapshot.claim else snapshot.ref.namespace
    block_type = outcome.block_metadata_type
    details = [volume, snapshot.driver, block_metadata_type_name(block_type) if block_type is not None else ""]
    details = [printable(detail) for detail in details if detail]
    while details and cell_len(title) + cell_len(_joined(details)) + len(right) + 4 > width:
        details.pop()
    left = _joined(details)
    gap = " " * max(width - cell_len(title) - cell_len(left) - len(right) - 2, 2)
    return line(" ", (title, "bold"), (left, MUTED), gap, (right, "bold"))


def _joined(details: Sequence[str]) -> str:
    return "   " + SEPARATOR.join(details) if details else ""


def _figures(operation: Operation | None, frame: Frame, room: int) -> str:
    """Capacity, covered bytes and their share; with little room the capacity is left out first, then the share."""
    capacity, known = frame.outcome.volume_capacity_bytes, frame.known
    # Merged extents: bytes that a broken stream sent twice would not be a lower bound.
    covered = frame.summary.covered_bytes if known.is_whole else frame.received.extents.covered_bytes
    changed = f"{vocabulary_of(operation).covered} {at_least(human_bytes(covered), known)}"
    if not capacity:
        return changed
    wider: tuple[tuple[str, ...], ...] = ((human_bytes(capacity), changed),)
    if known.is_whole:
        share = percent(covered, capacity)
        wider = ((human_bytes(capacity), changed, share), (changed, share))
    return next((text for text in map(SEPARATOR.join, wider) if len(text) <= room), changed)


def map_name(resolved: ResolvedQuery, operation: Operation | None) -> str:
    """The name of a map: ``delta snap-a → snap-b``."""
    return f"{vocabulary_of(operation).title} {subject_title(resolved)}"
