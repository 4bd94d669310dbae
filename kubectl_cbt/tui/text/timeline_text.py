"""The texts around a timeline: header, status, the pair and the column under the cursor, help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kubectl_cbt.analysis.history import recommendations, sums_of
from kubectl_cbt.analysis.volume_columns import ColumnFigures, VolumeColumns
from kubectl_cbt.model.volume_history import HistoryPair, HistoryRow, VolumeHistory
from kubectl_cbt.output.drawing.painting import HATCH, ColorScheme
from kubectl_cbt.output.drawing.text_width import SEPARATOR, shorten
from kubectl_cbt.output.drawing.timeline_bands import interval_of
from kubectl_cbt.output.history.history_words import volume_title
from kubectl_cbt.output.snapshot_cells import name_of
from kubectl_cbt.tui.plain_text import Content, line, plain
from kubectl_cbt.tui.text.help_text import heat_samples, term_line
from kubectl_cbt.tui.text.line_layout import ERROR, GOOD, MUTED, WARNING, fit_parts
from kubectl_cbt.units import counted, human_bytes, human_offsets, one_line, percent, utc_date

Parts = list[tuple[str, str]]

_UNION_NOTE = "all pairs: at least the largest change of each region, at most the sum"
"""Cells do not record which of their bytes changed."""


def timeline_header(history: VolumeHistory, context: str, width: int) -> Content:
    """The volume, its snapshots, and how fast it changes."""
    volume, snapshots = history.volume, history.snapshots
    sums = sums_of(history.rows, history.pairing)
    dates = [utc_date(entry.created) for entry in snapshots if entry.created]
    ends = list(dict.fromkeys([dates[0], dates[-1]])) if dates else []
    churn = sums.churn_per_day_bytes
    figures = f"changes {human_bytes(churn)} a day" if churn is not None else ""
    size = human_bytes(volume.size_bytes) if volume.size_bytes else ""
    period = f"{counted(len(snapshots), 'snapshot')}, {' to '.join(ends)}"
    title = shorten(volume_title(volume), max(width - cell_len(figures) - 4, 8))
    details = [part for part in (size, period, volume.driver, context and f"context {context}") if part]
    room = width - cell_len(title) - cell_len(figures) - 7
    while details and cell_len(SEPARATOR.join(details)) > room:
        details.pop()
    left = line((f" {title}", "bold"), (f"   {SEPARATOR.join(details)}" if details else "", MUTED))
    gap = " " * max(width - left.cell_length - cell_len(figures) - 1, 1)
    return line(left, gap, (figures, "bold"))


def timeline_status(
    progress: Parts, notice: str, note: str, marked: Sequence[HistoryPair], width: int, *, shows_union: bool
) -> Content:
    """A notice, what is streamed, or what was measured.

    Args:
        progress: of :func:`progress_parts`.
        note: about the columns.
    """
    if notice:
        return fit_parts(width, [(notice, WARNING)])
    state, *more = progress
    notes: Parts = [(note, WARNING)] if note else []
    union: Parts = [(_UNION_NOTE, MUTED)] if shows_union else []
    return fit_parts(width, [*notes, *_marks(marked), state, *union, *more])


def _marks(marked: Sequence[HistoryPair]) -> Parts:
    if len(marked) == 2:
        return [(f"m opens {name_of(marked[0].base)} → {name_of(marked[1].target)}", "bold")]
    return [(f"marked: {name_of(marked[0].target)}; Space marks a second pair", "bold")] if marked else []


def progress_parts(history: VolumeHistory) -> Parts:
    """How many deltas are complete, what is streamed, and what was measured; at least one part."""
    rows, allocated = history.rows, history.allocated
    measured = [*rows, *history.older_bases]
    complete = sum(row.is_complete for row in rows)
    figures = [row.figures for row in measured] + ([allocated] if allocated is not None else [])
    running = sum(found.is_running for found in figures)
    failed = sum(row.failure is not None for row in rows)
    if not rows:
        return [("one snapshot: a timeline needs two", WARNING)]
    done = f"{complete} of {counted(len(rows), 'delta')} complete"
    parts = [(done, GOOD if complete == len(rows) else "bold")]
    if failed:
        parts.append((f"{failed} incomplete: r queries again", ERROR))
    if running:
        return [*parts, (f"{counted(running, 'stream')} to go, x stops", MUTED)]
    sums = sums_of(rows, history.pairing)
    if sums.changed_bytes is not None:
        at_least = "" if sums.is_complete else "≥ "
        parts.append((f"{at_least}{human_bytes(sums.changed_bytes)} changed in all", ""))
    return [*parts, *((text, MUTED) for text in recommendations(history)[:1])]


def pair_lines(row: HistoryRow, allocated_bytes: int | None, width: int) -> list[Content]:
    """The pair under the cursor: what changed; then what it costs, or why it is incomplete.

    Args:
        allocated_bytes: of the newest snapshot; None when unknown.
    """
    pair, size = row.pair, human_bytes(row.changed_bytes)
    parts: Parts = [(f"{name_of(pair.base)} → {name_of(pair.target)}", "bold")]
    if interval := interval_of(pair):
        parts.append((f"{interval} apart", MUTED))
    if row.is_answered:
        at_least = "" if row.is_complete else "≥ "
        share = f", {percent(row.changed_bytes, row.capacity_bytes)} of the volume" if row.capacity_bytes else ""
        parts.append((f"changed {at_least}{size}{share}", ""))
        if allocated_bytes:
            parts.append((f"{percent(min(row.changed_bytes, allocated_bytes), allocated_bytes)} of allocated", MUTED))
    lines = [fit_parts(width, parts)]
    if row.failure is not None:
        hint = f"; {one_line(row.failure.hint)}" if row.failure.hint else ""
        return [*lines, fit_parts(width, [(f"{one_line(row.failure.message)}{hint}", ERROR)])]
    if row.cost_bytes is None:
        return [*lines, fit_parts(width, [("waiting" if row.figures.outcome is None else "streaming", MUTED)])]
    cost = f"an incremental backup by {human_bytes(row.chunk_bytes)} reads {human_bytes(row.cost_bytes)}"
    times = f"{row.amplification:.1f}× the changes" if row.amplification is not None else ""
    run = f"largest run {human_bytes(row.largest_run_bytes)}" if row.largest_run_bytes else ""
    return [*lines, fit_parts(width, [(text, MUTED) for text in (cost, times, run) if text])]


def column_line(start: int, end: int, pairs: Sequence[ColumnFigures], current: int, width: int) -> Content:
    """The column under the cursor: its range, what changed there in the pair, and in how many pairs.

    Args:
        start, end: its bytes, half-open.
        pairs: the column in each pair.
        current: number of the pair under the cursor.
    """
    first, last = human_offsets([start, end])
    covered, size = pairs[current].covered_bytes, pairs[current].width_bytes
    at_least = "" if pairs[current].is_known else "≥ "
    share = f", {percent(covered, size)}" if covered and size and not at_least else ""
    changed = f"{at_least}{human_bytes(covered)} changed{share}" if covered or not at_least else "unknown"
    hits = sum(pair.covered_bytes > 0 for pair in pairs)
    are_known = all(pair.is_known or pair.covered_bytes for pair in pairs)
    often = f"changes in {'' if are_known else '≥ '}{hits} of {counted(len(pairs), 'pair')}"
    return fit_parts(width, [(f"{first} – {last}", "bold"), (changed, ""), (often, MUTED)])


def range_label(columns: VolumeColumns | None, *, is_whole: bool) -> str:
    """The size of a column, and the visible range; empty before the capacity is known."""
    if columns is None:
        return ""
    span = columns.end - columns.start
    start, end = human_offsets([columns.start, columns.end])
    shown = "whole volume" if is_whole else f"{start} – {end}"
    return f"1 column = {human_bytes(max(span // min(len(columns), columns.cells), 1))}{SEPARATOR}{shown}"


def timeline_help(colors: ColorScheme) -> Iterator[Content]:
    """What the timeline shows, with samples in its present colors."""
    yield plain("The timeline", "bold")
    yield plain("  What changed in a volume from snapshot to snapshot, oldest on top.")
    yield term_line("row", "a pair of snapshots: what changed from its base to its target")
    yield term_line("column", "a region of the volume, the same one in all rows")
    yield term_line("heat", *heat_samples(colors), " changed share of a region, a trace to all")
    yield term_line("a column", "of heat from top to bottom: a region that always changes")
    yield term_line("unknown", f"{HATCH * 3} not received: it may have changed")
    yield term_line("after", "time from the base to the target")
    yield term_line("changed", "bytes in the delta; ≥ while it is incomplete")
    yield term_line("a day", "changed bytes a day; the bar compares the rows")
    yield term_line("all pairs", "at least the largest change of a region (≥), at most the sum (≤)")
    yield term_line("allocated", "blocks in use in the newest snapshot: a full backup")
