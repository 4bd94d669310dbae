"""All problems of a stream, in full."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.model.resolved_query import CHANGE_ID_ANNOTATION, Snapshot
from kubectl_cbt.output.outcome_words import failure_reason, reached
from kubectl_cbt.tui.loader import Frame
from kubectl_cbt.tui.plain_text import Content, plain
from kubectl_cbt.tui.text.line_layout import ERROR, MUTED, WARNING
from kubectl_cbt.units import (
    counted,
    human_bytes,
    human_count,
    human_offset,
    one_line,
)

Line = tuple[Content, int | None]
"""A line, and the byte offset that it is about."""


def places_of_violations(frame: Frame) -> list[int]:
    """The offsets of the extents that are named as examples of a broken rule."""
    examples = (example for violation in frame.outcome.violations for example in violation.examples)
    return [example.byte_offset for example in examples if example.byte_offset is not None]


def problem_report(frame: Frame, base: Snapshot | None = None, *, can_resume: bool = False) -> Iterator[Line]:
    """All problems of the stream, in full; also the change id that replaced the base's handle.

    A line about an extent carries its offset.

    Args:
        base: the base snapshot of a delta.
        can_resume: whether a stream that ended early can be resumed.
    """
    outcome = frame.outcome
    yield from ((text, None) for text in _state_of_stream(frame, base, can_resume=can_resume))
    for violation in outcome.violations:
        style = ERROR if violation.level == "MUST" else WARNING
        yield plain(f"{violation.rule} ({violation.level}): {violation.title}", style), None
        yield plain(f"broken {counted(violation.count, 'time')}"), None
        for example in violation.examples:
            place = str(example) if outcome.has_messages else example.in_list()
            yield plain(f"  {place}", MUTED), example.byte_offset
        yield plain(""), None
    if not frame.summary.exact:
        yield plain("Extents overlapped or were out of order: map and list show the bytes they cover, in order."), None
        yield plain("To see them as they were sent, use -o wide, -o json, or an export."), None
    if not (outcome.violations or (outcome.failure and not frame.is_running)):
        kept = "No problems: all rules are kept." if outcome.keeps_all_rules else "No problems."
        yield plain("No problems so far." if frame.is_running else kept), None


def _state_of_stream(frame: Frame, base: Snapshot | None, *, can_resume: bool) -> Iterator[Content]:
    """How the stream ended, and what it was sent."""
    outcome = frame.outcome
    if base and base.change_id:
        yield plain(f"The driver receives the change id of base {base.ref.name} instead of its handle, from the")
        yield plain(f"annotation {CHANGE_ID_ANNOTATION}:")
        yield plain(f"  {base.change_id}")
        yield plain("")
    if outcome.failure and not frame.is_running:
        yield plain(f"INCOMPLETE {reached(outcome)}", ERROR)
        yield plain(one_line(outcome.failure.message))
        # A document may have a hint of any lines: the indentation sets them apart from our own.
        yield from (plain(f"  {text}", MUTED) for text in outcome.failure.hint.splitlines())
        if outcome.is_out_of_order:
            yield plain("Extents arrived out of order, so the missing range is unknown. Run the query again.")
        else:
            yield plain(f"Everything beyond {human_count(outcome.next_offset)} is unknown. To continue from there:")
            key = ", or press r" if can_resume else ""
            yield plain(f"  --starting-offset {outcome.next_offset}{key}")
        yield plain("")
    if outcome.resumes:
        yield plain(f"The stream was resumed {counted(outcome.resumes, 'time')}.")


def incomplete_map_note(frame: Frame, name: str) -> str:
    """A note about a map that is closed before its stream is complete; empty when it is complete."""
    outcome, known = frame.outcome, frame.known
    if outcome.complete:
        return ""
    if outcome.is_out_of_order:
        reach = "extents arrived out of order"
    elif not outcome.messages:
        reach = "nothing was received"
    else:
        start = f"from {human_offset(known.start)} " if known.start else ""
        reach = f"known {start}up to {human_offset(known.end)}"
        reach += f" of {human_bytes(known.capacity_bytes)}" if known.capacity_bytes else ""
    how = "the stream was running" if frame.is_running else failure_reason(outcome)
    return f"the map of {name} is incomplete: {reach}; {how}"
