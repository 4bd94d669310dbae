"""The first line of the map: the snapshots, the volume, and how much of it changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kubectl_cbt.model.record import block_metadata_type_name
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.output.drawing.text_width import SEPARATOR, shorten
from kubectl_cbt.output.lower_bounds import at_least
from kubectl_cbt.output.subject import subject_title, taken_words, volume_title
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.tui.loader import Frame
from kubectl_cbt.tui.plain_text import Content, line
from kubectl_cbt.tui.text.line_layout import MUTED
from kubectl_cbt.units import human_bytes, percent, printable


def header_line(
    resolved: ResolvedQuery,
    operation: Operation | None,
    frame: Frame,
    width: int,
    allocated: Frame | None = None,
    context: str = "",
) -> Content:
    """The first line. Parts that do not fit in ``width`` cells are left out as a whole, the last ones first.

    Args:
        resolved: names the snapshots.
        operation: of the layer that ``frame`` is of.
        allocated: of the allocated blocks of the target; None while they were not queried.
        context: of the kubeconfig; empty without one.
    """
    outcome, snapshot, title = frame.outcome, resolved.target, printable(subject_title(resolved))
    room = width - cell_len(title) - 4
    words = vocabulary_of(operation, missing=resolved.shows_missing)
    texts = list(map(SEPARATOR.join, _figures(words.covered, frame, allocated)))
    right = next((text for text in texts if len(text) <= room), texts[-1])
    title = shorten(title, width - len(right) - 4)
    block_type = outcome.block_metadata_type
    details = [
        volume_title(snapshot),
        taken_words(resolved),
        context and f"context {context}",
        snapshot.driver,
        block_metadata_type_name(block_type) if block_type is not None else "",
    ]
    details = [printable(detail) for detail in details if detail]
    while details and cell_len(title) + cell_len(_joined(details)) + len(right) + 4 > width:
        details.pop()
    left = _joined(details)
    gap = " " * max(width - cell_len(title) - cell_len(left) - len(right) - 2, 2)
    return line(" ", (title, "bold"), (left, MUTED), gap, (right, "bold"))


def _joined(details: Sequence[str]) -> str:
    return "   " + SEPARATOR.join(details) if details else ""


def _figures(word: str, frame: Frame, allocated: Frame | None) -> Iterator[tuple[str, ...]]:
    """Capacity, covered bytes and their share, of the volume and of its allocated blocks; then fewer of them.

    Args:
        word: for covered bytes.
    """
    capacity, known = frame.outcome.volume_capacity_bytes, frame.known
    covered = _covered(frame)
    changed = f"{word} {at_least(human_bytes(covered), known)}"
    if not capacity:
        yield (changed,)
        return
    volume, share = human_bytes(capacity), percent(covered, capacity)
    if allocated is not None:
        of_all = f"allocated {at_least(human_bytes(_covered(allocated)), allocated.known)}"
        if known.is_whole and allocated.known.is_whole:
            yield volume, of_all, changed, share, f"{percent(covered, _covered(allocated))} of allocated"
            yield of_all, changed, share
        yield volume, of_all, changed
        yield of_all, changed
    if known.is_whole:
        yield volume, changed, share
        yield changed, share
    else:
        yield volume, changed
    yield (changed,)


def _covered(frame: Frame) -> int:
    # Merged extents: bytes that a broken stream sent twice would not be a lower bound.
    return frame.summary.covered_bytes if frame.known.is_whole else frame.received.extents.covered_bytes


def map_name(resolved: ResolvedQuery, operation: Operation | None) -> str:
    """The name of a map: ``delta snap-a → snap-b``."""
    return f"{vocabulary_of(operation, missing=resolved.shows_missing).title} {subject_title(resolved)}"
