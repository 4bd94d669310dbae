"""The panel about the cell under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from kubectl_cbt.analysis.grid import LayerView
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.output.drawing.text_width import shorten
from kubectl_cbt.output.lower_bounds import share_at_least
from kubectl_cbt.output.vocabulary import Vocabulary
from kubectl_cbt.tui.plain_text import Content
from kubectl_cbt.tui.text.line_layout import labelled
from kubectl_cbt.units import (
    grouped_hex,
    human_bytes,
    human_count,
    human_offset,
)


def cell_panel(
    extents: Extents,
    known: KnownRange,
    cell: tuple[int, int],
    cursor: int,
    words: Vocabulary,
    width: int,
    change_id: str = "",
    allocated: LayerView | None = None,
    of_classes: Iterable[Content] = (),
) -> Iterator[Content]:
    """The lines of the panel about the cell under the cursor.

    Args:
        known: the bytes for which ``extents`` are complete.
        cursor: a byte of the cell.
        change_id: sent to the driver instead of the base's handle; empty when the handle was sent.
        allocated: the allocated blocks of the target, when they are shown too.
        of_classes: of a comparison: lines about the cell in both lists.
    """
    start, end = cell
    rows = extents.overlapping(start, end)
    covered = _covered(extents, start, end)
    yield labelled("offset", human_offset(cursor))
    yield labelled("", f"{human_count(cursor)} bytes")
    yield labelled("", grouped_hex(cursor))
    yield labelled("cell", f"{human_bytes(end - start)} from {human_offset(start)}")
    is_known = known.contains(start, end)
    share = share_at_least(covered, end - start, is_known=is_known)
    yield labelled(words.covered, _of_cell(f"{human_bytes(covered)}, {share}", is_known, covered > 0))
    yield labelled(
        "", _bar(width - 12, covered, max(end - start - known.overlap_bytes(start, end), 0), max(end - start, 1))
    )
    yield from of_classes
    if allocated is not None:
        allocated_bytes, is_whole = _covered(allocated.extents, start, end), allocated.known.contains(start, end)
        share = share_at_least(allocated_bytes, end - start, is_known=is_whole)
        yield labelled("allocated", _of_cell(f"{human_bytes(allocated_bytes)}, {share}", is_whole, allocated_bytes > 0))
    yield labelled("extents", _of_cell(human_count(len(rows)), is_known, len(rows) > 0))
    yield labelled("next", _next(extents, end, known))
    yield labelled("previous", _previous(extents, start, known))
    if change_id:
        yield labelled("base", shorten(f"change id {change_id}", max(width - 11, 1)))


def range_figures(extents: Extents, known: KnownRange, place: tuple[int, int], words: Vocabulary) -> Iterator[Content]:
    """Figures of a selected range, half-open."""
    start, end = place
    covered, rows = _covered(extents, start, end), extents.overlapping(start, end)
    is_known = known.contains(start, end)
    share = share_at_least(covered, end - start, is_known=is_known)
    yield labelled("from", f"{human_offset(start)}, {human_count(start)} bytes, {grouped_hex(start)}")
    yield labelled("to", f"{human_offset(end)}, {human_count(end)} bytes, {grouped_hex(end)}")
    yield labelled("size", f"{human_bytes(end - start)}, {human_count(end - start)} bytes")
    yield labelled(words.covered, _of_cell(f"{human_bytes(covered)}, {share}", is_known, covered > 0))
    yield labelled("extents", _of_cell(human_count(len(rows)), is_known, len(rows) > 0))


def _of_cell(figure: str, is_known: bool, is_positive: bool) -> str:
    """A figure of a cell: exact, a lower bound, or unknown."""
    if is_known:
        return figure
    return f"≥ {figure}" if is_positive else "unknown"


def _bar(width: int, covered: int, unknown: int, whole: int) -> str:
    """Covered, uncovered and unknown shares; each that is not empty is visible as long as there is room."""
    unknown = min(unknown, whole - min(covered, whole))
    filled = round(width * covered / whole) or (covered > 0)
    hatched = min(round(width * unknown / whole) or (unknown > 0), width - filled)
    if unknown and covered + unknown >= whole:
        hatched = width - filled
    return "█" * filled + "░" * (width - filled - hatched) + "╱" * hatched


def _covered(extents: Extents, start: int, end: int) -> int:
    before, upto = extents.covered_before(np.array([start, end], dtype=np.int64)).tolist()
    return int(upto - before)


def _next(extents: Extents, end: int, known: KnownRange) -> str:
    """The distance from the end of the cell to the next run."""
    run = extents.run_before(end)
    if run is not None and run.end > end:
        # A run has ended only where the byte after it is known.
        bound = "" if known.contains(end, min(run.end + 1, known.capacity_bytes)) else "≥ "
        return f"continues for {bound}{human_bytes(run.end - end)}"
    run = extents.run_from(end)
    if run is not None:
        return f"{'' if known.contains(end, run.start) else '≤ '}+{human_bytes(run.start - end)}"
    if known.contains(end, known.capacity_bytes):
        return "none"
    return f"none up to {human_offset(known.end)}" if known.start <= end < known.end else "unknown"


def _previous(extents: Extents, start: int, known: KnownRange) -> str:
    """The distance from the start of the cell back to the previous run."""
    run = extents.run_before(start)
    if run is None:
        if known.contains(0, start):
            return "none"
        return f"none down to {human_offset(known.start)}" if known.start < start <= known.end else "unknown"
    if run.end <= start:
        return f"{'' if known.contains(run.end, start) else '≤ '}−{human_bytes(start - run.end)}"
    bound = "" if known.contains(max(run.start - 1, 0), start) else "≥ "
    return f"starts {bound}{human_bytes(start - run.start)} earlier"


def no_run_found(words: Vocabulary, known: KnownRange, position: int, *, ahead: bool) -> str:
    """The result of a search for the next or the previous run that found none."""
    nothing, side = f"nothing {words.covered}", "after" if ahead else "before"
    if known.contains(*((position, known.capacity_bytes) if ahead else (0, position))):
        return f"{nothing} {side} this cell"
    limit = known.end if ahead else known.start
    if known.start <= position <= known.end and position != limit:
        return f"{nothing} between this cell and {human_offset(limit)}; unknown {'beyond' if ahead else 'before'}"
    return f"unknown whether anything is {words.covered} {side} this cell"


def no_extent_at_cursor(known: KnownRange, position: int, words: Vocabulary) -> str:
    """The result of copying where no extent contains the byte or its cell."""
    if known.contains(position, position + 1):
        return "there is no extent at the cursor"
    return f"unknown whether the byte at the cursor is {words.covered}"
