"""What the screens say, as text of a given width. Words carry state; a style only repeats them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.rules.registry import CHECKED_IDS
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Extents, Run
from kubectl_cbt.model.record import block_metadata_type_name
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.tui.loader import Frame
from kubectl_cbt.tui.plain_text import Content, line, plain
from kubectl_cbt.units import (
    MOST_DECIMALS,
    counted,
    grouped_hex,
    human_bytes,
    human_count,
    human_offset,
    human_offsets,
    human_rate,
    human_seconds,
    one_line,
    percent,
)

MUTED, WARNING, ERROR, GOOD = "$quiet", "bold $text-warning", "bold $text-error", "$text-success"
_SEPARATOR = " · "
_PROGRESS_BAR = 24
_LEAST_REASON = 48
"""Columns for what ended a stream, before a second key is named beside it."""
LABEL_COLUMNS = 11
"""The widest label of a row: ``115.911 GiB``, ``+1018.7 MiB``."""
_QUIET_SECONDS = 5.0
"""From when on it is said that nothing is received."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How extents of a kind are called."""

    title: str
    covered: str
    uncovered: str
    cost: str


_WORDS = {
    "delta": Vocabulary("delta", "changed", "unchanged", "Next incremental"),
    "allocated": Vocabulary("allocated", "allocated", "unallocated", "Full backup"),
    None: Vocabulary("extents", "covered", "not covered", "Backup of these"),
}


def vocabulary_of(kind: str | None) -> Vocabulary:
    """The words for ``delta``, ``allocated``, or what does not say which of them it is."""
    return _WORDS[kind]


def subject_title(resolved: ResolvedQuery) -> str:
    """The two snapshots, or the one."""
    target = resolved.target.ref.name
    if resolved.query.base is None:
        return target
    base = resolved.base.ref.name if resolved.base else f"handle {resolved.query.base}"
    by_change_id = " (by change id)" if resolved.base and resolved.base.change_id else ""
    return f"{base}{by_change_id} → {target}"


def header(main: ResolvedQuery, kind: str | None, frame: Frame, width: int) -> Content:
    """The first line: what is shown, and how much of it; what does not fit is left out, whole parts at a time.

    Args:
        main: what was asked for first.
        kind: of the layer that is shown, as ``frame`` is.
    """
    outcome, snapshot, title = frame.outcome, main.target, subject_title(main)
    right = _figures(kind, frame, width - len(_left(title, ())) - 3)
    title = _shortened(title, width - len(right) - 4)
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
    return next((text for text in map(_SEPARATOR.join, wider) if len(text) <= room), changed)


def at_least(figure: str, known: KnownRange) -> str:
    """A figure that only grows with what is not known yet."""
    return figure if known.is_whole else f"≥ {figure}{so_far(known)}"


def so_far(known: KnownRange) -> str:
    """What is added to a figure or a title that more extents of the stream may change."""
    return "" if known.is_complete else " so far"


def _share_at_least(part: int, whole: int, known: bool) -> str:
    share = percent(part, whole)
    if known or share.startswith(">"):
        return share
    return "> 0 %" if share.startswith("<") else f"≥ {share}"


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"


def _left(title: str, details: Sequence[str]) -> str:
    return f" {title}" + ("   " + _SEPARATOR.join(details) if details else "")


def status(
    frame: Frame,
    width: int,
    notice: str = "",
    layer: str = "",
    *,
    quiet_seconds: float = 0.0,
    can_resume: bool = False,
) -> Content:
    """The second line: how the stream stands; trouble takes its place, in words, and with the key that shows more.

    Args:
        layer: which one it is about, where that is not the one that figures and list are of.
        quiet_seconds: for how long nothing has been received.
        can_resume: whether a stream that ended early can be resumed.
    """
    if layer and not notice:
        room = width - len(layer) - 2
        return line(f" {layer}:", status(frame, room, quiet_seconds=quiet_seconds, can_resume=can_resume))
    outcome = frame.outcome
    if notice:
        return fitting(width, [(notice, WARNING)])
    quiet = _quiet(quiet_seconds)
    broken = [violation for violation in outcome.violations if violation.level == "MUST"] or list(outcome.violations)
    if not frame.is_running and not outcome.complete:
        ended, keys = f"INCOMPLETE {_reach(outcome)}: {_reason(outcome)}", "r resumes · v shows more"
        # What ended it, or enough of it, goes before the second key.
        is_room = can_resume and min(len(ended), _LEAST_REASON) + len(_SEPARATOR) + len(keys) + 3 <= width
        return fitting(width, [(ended, ERROR)], keys if is_room else "v shows more")
    if broken:
        first = broken[0]
        word = "BROKEN" if first.level == "MUST" else "warning"
        text = f"{word} {first.rule}: {first.title} ({human_count(first.count)} times)"
        parts = [(text, ERROR if outcome.broke_a_must else WARNING)] + [(quiet, WARNING)] * bool(quiet)
        return fitting(width, parts, "v shows more")
    if frame.interruption:
        return fitting(width, [(f"{quiet}, {frame.interruption}" if quiet else frame.interruption, WARNING)], "x stops")
    if frame.is_running:
        return _running(frame, width, quiet)
    parts = [("complete", GOOD), (_counts(frame.summary), ""), (_messages(outcome), MUTED)]
    parts += [(f"resumed {counted(outcome.resumes, 'time')}", WARNING)] if outcome.resumes else []
    parts += [(f"rules {CHECKED_IDS} kept", MUTED)] if outcome.messages else []
    return fitting(width, parts)


def _quiet(seconds: float) -> str:
    """That nothing has been received, once that is worth saying."""
    if seconds < _QUIET_SECONDS:
        return ""
    # Whole seconds: it counts on while it is read.
    return f"nothing received for {f'{int(seconds)} s' if seconds < 60 else human_seconds(int(seconds))}"


def _running(frame: Frame, width: int, quiet: str) -> Content:
    outcome = frame.outcome
    capacity, rate = outcome.volume_capacity_bytes, outcome.extents / max(outcome.seconds, 1e-3)
    if not outcome.messages:
        return fitting(width, [("waiting for the first extents", "")] + [(quiet, WARNING)] * bool(quiet), "x stops")
    parts = [(f"{human_rate(rate)} extents/s", ""), ("x stops", MUTED)]
    if quiet:
        return fitting(width, [(quiet, WARNING), (_passed(outcome) or _counts(frame.summary), "")], "x stops")
    if capacity:
        done = outcome.next_offset / capacity
        left = outcome.seconds / done - outcome.seconds if done > 0 else 0
        filled = min(int(done * _PROGRESS_BAR), _PROGRESS_BAR)
        bar = "█" * filled + "░" * (_PROGRESS_BAR - filled)
        parts = [(bar, ""), (_passed(outcome), ""), parts[0], (f"{human_seconds(left)} left", ""), parts[1]]
    return fitting(width, parts)


def _passed(outcome: Outcome) -> str:
    capacity = outcome.volume_capacity_bytes
    return f"{human_bytes(outcome.next_offset)} of {human_bytes(capacity)}" if capacity else ""


def fitting(width: int, parts: Sequence[tuple[str, str]], key: str = "") -> Content:
    """Parts side by side as long as they fit; the first is always there, cut at a word if it must be.

    Args:
        key: what a key does about the first part, which leaves room for it.
    """
    if key:
        room = width - len(_SEPARATOR) - len(key) - 1
        return line(fitting(room, parts), (_SEPARATOR, MUTED), (key, MUTED)) if room > 0 else fitting(width, parts)
    shown = line(" ", (_cut(parts[0][0], width - 2), parts[0][1]))
    for text, style in parts[1:]:
        if shown.cell_length + len(_SEPARATOR) + len(text) < width:
            shown = line(shown, (_SEPARATOR, MUTED), (text, style))
    return shown


def _cut(text: str, width: int) -> str:
    """At a word, unless that would leave next to nothing: a long path is cut where it must be."""
    if len(text) <= width:
        return text
    room = text[: max(width - 1, 0)]
    words = room.rsplit(" ", 1)[0]
    return (words if 2 * len(words) > len(room) else room) + "…"


def _reach(outcome: Outcome) -> str:
    return f"at {human_bytes(outcome.next_offset)}" if outcome.messages else "from the start"


def _reason(outcome: Outcome) -> str:
    return outcome.failure.message if outcome.failure else "it did not come to its end"


def _counts(summary: Summary) -> str:
    return f"{counted(summary.extents, 'extent')} in {counted(summary.runs, 'run')}"


def _messages(outcome: Outcome) -> str:
    return f"{counted(outcome.messages, 'message')} in {human_seconds(outcome.seconds)}"


def scale(window: Viewport) -> str:
    """How much a cell is, and which part of the volume is on the screen."""
    shown = f"{human_offset(window.start)} + {human_bytes(window.end - window.start)}"
    return f"1 cell = {human_bytes(window.cell_bytes)}{_SEPARATOR}{'whole volume' if window.is_whole else shown}"


def row_labels(window: Viewport, row_bytes: int) -> list[str]:
    """Where each row of the screen that holds bytes of the volume begins; no two are the same.

    Where plain offsets would have to be longer than :data:`LABEL_COLUMNS`, they are distances from the first row.
    """
    offsets = range(window.start, window.end, row_bytes)
    labels = human_offsets(offsets)
    if max(map(len, labels)) <= LABEL_COLUMNS:
        return labels
    texts = (human_offset(window.start, decimals) for decimals in range(MOST_DECIMALS, -1, -1))
    first = next(text for text in texts if len(text) <= LABEL_COLUMNS)
    return [first, *(f"+{text}" for text in human_offsets([offset - window.start for offset in offsets[1:]]))]


def here(
    extents: Extents,
    known: KnownRange,
    cell: tuple[int, int],
    cursor: int,
    words: Vocabulary,
    width: int,
    change_id: str = "",
) -> Iterator[Content]:
    """The lines of the panel about the cell under the cursor.

    Args:
        known: where ``extents`` are all there are.
        change_id: by which the driver was given the base; empty where that was its handle.
    """
    start, end = cell
    rows = extents.overlapping(start, end)
    covered = _covered(extents, start, end)
    yield _row("offset", human_offset(cursor))
    yield _row("", f"{human_count(cursor)} bytes")
    yield _row("", grouped_hex(cursor))
    yield _row("cell", f"{human_bytes(end - start)} from {human_offset(start)}")
    is_known = known.holds(start, end)
    share = _share_at_least(covered, end - start, is_known)
    yield _row(words.covered, _of_cell(f"{human_bytes(covered)}, {share}", is_known, covered > 0))
    yield _row("", _bar(width - 12, covered, max(end - start - known.part_of(start, end), 0), max(end - start, 1)))
    yield _row("extents", _of_cell(human_count(len(rows)), is_known, len(rows) > 0))
    yield _row("next", _ahead(extents, end, known))
    yield _row("previous", _behind(extents, start, known))
    if change_id:
        yield _row("base", _shortened(f"change id {change_id}", max(width - 11, 1)))


def _row(label: str, text: str) -> Content:
    return line((f" {label:<10}", MUTED), text)


def _of_cell(figure: str, is_known: bool, is_something: bool) -> str:
    """A figure of a cell, as far as the cell is known."""
    if is_known:
        return figure
    return f"≥ {figure}" if is_something else "unknown"


def _bar(width: int, covered: int, unknown: int, whole: int) -> str:
    """Covered, not covered and unknown shares; each that is not empty is seen as long as there is room."""
    unknown = min(unknown, whole - min(covered, whole))
    filled = round(width * covered / whole) or (covered > 0)
    hatched = min(round(width * unknown / whole) or (unknown > 0), width - filled)
    if unknown and covered + unknown >= whole:
        hatched = width - filled
    return "█" * filled + "░" * (width - filled - hatched) + "╱" * hatched


def _covered(extents: Extents, start: int, end: int) -> int:
    before, upto = extents.covered_before(np.array([start, end], dtype=np.int64)).tolist()
    return int(upto - before)


def _ahead(extents: Extents, end: int, known: KnownRange) -> str:
    """How far it is from the end of the cell to what comes next."""
    run = extents.run_before(end)
    if run is not None and run.end > end:
        # What follows a run tells where it ends.
        reach = "" if known.holds(end, min(run.end + 1, known.capacity_bytes)) else "≥ "
        return f"continues for {reach}{human_bytes(run.end - end)}"
    run = extents.run_from(end)
    if run is not None:
        return f"{'' if known.holds(end, run.start) else '≤ '}+{human_bytes(run.start - end)}"
    if known.holds(end, known.capacity_bytes):
        return "none"
    return f"none up to {human_offset(known.end)}" if known.start <= end < known.end else "unknown"


def _behind(extents: Extents, start: int, known: KnownRange) -> str:
    """How far it is from the start of the cell back to what came before."""
    run = extents.run_before(start)
    if run is None:
        if known.holds(0, start):
            return "none"
        return f"none down to {human_offset(known.start)}" if known.start < start <= known.end else "unknown"
    if run.end <= start:
        return f"{'' if known.holds(run.end, start) else '≤ '}−{human_bytes(start - run.end)}"
    reach = "" if known.holds(max(run.start - 1, 0), start) else "≥ "
    return f"starts {reach}{human_bytes(start - run.start)} earlier"


def no_run(words: Vocabulary, known: KnownRange, position: int, *, ahead: bool) -> str:
    """What a search for the next or the previous run found, when it found none."""
    nothing, side = f"nothing {words.covered}", "after" if ahead else "before"
    if known.holds(*((position, known.capacity_bytes) if ahead else (0, position))):
        return f"{nothing} {side} this cell"
    limit = known.end if ahead else known.start
    if known.start <= position <= known.end and position != limit:
        return f"{nothing} between this cell and {human_offset(limit)}; unknown {'beyond' if ahead else 'before'}"
    return f"unknown: what is {words.covered} {side} this cell"


def no_extent(known: KnownRange, position: int, words: Vocabulary) -> str:
    """What is said where a byte has no extent."""
    if known.holds(position, position + 1):
        return "there is no extent at the cursor"
    return f"unknown: whether the cursor is at something {words.covered}"


@dataclass(frozen=True, slots=True)
class Jump:
    """A place worth going to, and the key that goes there."""

    key: str
    position: int
    text: str


def jumps(runs: Sequence[Run], regions: Sequence[tuple[Run, int]], known: KnownRange) -> tuple[list[Jump], list[Jump]]:
    """The largest runs and the hottest regions, with keys 1 to 5 and 6 to 0."""
    places = human_offsets([run.start for run in runs])
    largest = [
        Jump(str(number), run.start, f"{_size(run, known):>10} at {place}")
        for number, (run, place) in enumerate(zip(runs, places, strict=True), 1)
    ]
    places = human_offsets([region.start for region, _ in regions])
    hottest = [
        Jump(
            str(number % 10),
            region.start,
            f"{_share_of(region, covered, known):>10} of {human_bytes(region.size_bytes)} at {place}",
        )
        for number, ((region, covered), place) in enumerate(zip(regions, places, strict=True), 6)
    ]
    return largest, hottest


def _size(run: Run, known: KnownRange) -> str:
    is_known = known.holds(max(run.start - 1, 0), min(run.end + 1, known.capacity_bytes))
    return f"{'' if is_known else '≥ '}{human_bytes(run.size_bytes)}"


def _share_of(region: Run, covered: int, known: KnownRange) -> str:
    return _share_at_least(covered, region.size_bytes, known.holds(region.start, region.end))


def statistics(
    frame: Frame, words: Vocabulary, largest: Sequence[Jump], hottest: Sequence[Jump], width: int
) -> Iterator[Content]:
    """The lines of the statistics panel."""
    summary, capacity, known = frame.summary, frame.outcome.volume_capacity_bytes, frame.known
    if not known.is_whole:
        yield plain(f" {_partial(known)}", WARNING)
    if not summary.extents:
        yield plain(f" nothing {words.covered}" + ("" if known.is_whole else so_far(known) or " in that range"))
        return
    # Of what a stream has described only in part, no figure is the volume's.
    part = "" if known.is_whole else so_far(known) or " in part"
    yield _row("extents", f"{human_count(summary.extents)} in {counted(summary.runs, 'run')}{part}")
    yield _row("smallest", human_bytes(summary.smallest_bytes) + part)
    yield _row("median", human_bytes(summary.median_bytes) + part)
    yield _row("largest", human_bytes(summary.largest_bytes) + part)
    yield _row("grain", human_bytes(summary.grain_bytes) + part)
    if summary.longest_gap:
        gap = summary.longest_gap
        yield _row("gap", f"{human_bytes(gap.size_bytes)} at {human_offset(gap.byte_offset)}{part}")
    yield from _jump_lines(f"Largest runs{part}", largest)
    yield from _jump_lines(f"Hottest regions{part}", hottest)
    yield from _costs(summary, capacity, words, known)
    yield from _sizes(summary, width, part)


def _partial(known: KnownRange) -> str:
    """Which range figures are of."""
    if known.end <= known.start:
        return "unknown: every byte of the volume"
    start, end = human_offsets([known.start, known.end])
    return f"only {start} to {end} is known"


def _jump_lines(title: str, found: Sequence[Jump]) -> Iterator[Content]:
    if found:
        yield plain("")
        yield plain(f" {title}", "bold")
    for jump in found:
        yield line(" ", (jump.key, "bold $text-accent"), " ", jump.text)


def _costs(summary: Summary, capacity: int | None, words: Vocabulary, known: KnownRange) -> Iterator[Content]:
    yield plain("")
    yield plain(f" {words.cost}, by chunk size", "bold")
    for cost in summary.chunk_costs:
        share = f"  {percent(cost.size_bytes, capacity)}" if capacity and known.is_whole else ""
        # Extents that overlap count twice in a cost: no bound.
        size = human_bytes(cost.size_bytes)
        size = at_least(size, known) if summary.exact or known.is_whole else size + (so_far(known) or " in part")
        yield _row(human_bytes(cost.chunk_bytes), f"{size:>10}{share}")
    if capacity:
        yield _row("full", f"{human_bytes(capacity):>10}")


def _sizes(summary: Summary, width: int, part: str) -> Iterator[Content]:
    yield plain("")
    yield plain(f" Sizes of extents{part}", "bold")
    most = max((bucket.extents for bucket in summary.histogram), default=1)
    room = max(width - 22, 4)
    for bucket in summary.histogram:
        bar = "▇" * max(round(room * bucket.extents / most), 1)
        yield _row(human_bytes(bucket.from_bytes), f"{bar:<{room}} {human_count(bucket.extents):>9}")


def trouble(frame: Frame, base: Snapshot | None = None, *, can_resume: bool = False) -> Iterator[Content]:
    """Everything that is wrong with the stream, in full, and how its base was named."""
    outcome = frame.outcome
    if base and base.change_id:
        yield plain(f"Base {base.ref.name} is named to the driver by its change id, from the annotation")
        yield plain("csi.vsphere.volume/change-id, and not by its handle:")
        yield plain(f"  {base.change_id}")
        yield plain("")
    if outcome.failure and not frame.is_running:
        yield plain(f"INCOMPLETE {_reach(outcome)}", ERROR)
        yield plain(one_line(outcome.failure.message))
        # A document may bring a hint of any lines: none of them must pass for one of ours.
        yield from (plain(f"  {text}", MUTED) for text in outcome.failure.hint.splitlines())
        if outcome.is_out_of_order:
            yield plain("The extents came out of order: what is missing is not known. Query again.")
        else:
            yield plain(f"Everything beyond {human_count(outcome.next_offset)} is unknown. Continue from there with")
            key = ", or here with the key r" if can_resume else ""
            yield plain(f"  --starting-offset {outcome.next_offset}{key}")
        yield plain("")
    if outcome.resumes:
        yield plain(f"The stream was resumed {counted(outcome.resumes, 'time')}.")
    for violation in outcome.violations:
        style = ERROR if violation.level == "MUST" else WARNING
        yield plain(f"{violation.rule} ({violation.level}): {violation.title}", style)
        yield plain(f"broken {counted(violation.count, 'time')}")
        for example in violation.examples:
            yield plain(f"  {example}", MUTED)
        yield plain("")
    if not frame.summary.exact:
        yield plain("Extents overlapped or were out of order: map and list show the bytes they cover, in order.")
        yield plain("As they were sent: -o wide, -o json, or an export.")
    if not (outcome.violations or (outcome.failure and not frame.is_running)):
        yield plain("Nothing is wrong so far." if frame.is_running else "Nothing is wrong: every rule was kept.")


def map_name(resolved: ResolvedQuery, kind: str | None) -> str:
    """What a map is of."""
    return f"{vocabulary_of(kind).title} {subject_title(resolved)}"


def incomplete(frame: Frame, name: str) -> str:
    """What is said of a map that is left before its stream came to its end; empty where it did."""
    outcome, known = frame.outcome, frame.known
    if outcome.complete:
        return ""
    if outcome.is_out_of_order:
        reach = "its extents came out of order"
    elif not outcome.messages:
        reach = "nothing was received"
    else:
        start = f"from {human_offset(known.start)} " if known.start else ""
        reach = f"it is known {start}up to {human_offset(known.end)}"
        reach += f" of {human_bytes(known.capacity_bytes)}" if known.capacity_bytes else ""
    how = "the stream was running" if frame.is_running else _reason(outcome)
    return f"the map of {name} is incomplete: {reach}; {how}"


def footer(pairs: Sequence[tuple[str, str]]) -> Content:
    """The last line: keys and what they do."""
    shown = plain(" ")
    for key, word in pairs:
        shown = line(shown, (key, "bold $text-accent"), " ", (word, MUTED), "  ")
    return shown
