"""The second line of the map: the state of the stream."""

from __future__ import annotations

from kubectl_cbt.analysis.rules.all_rules import CHECKED_IDS
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.drawing.text_width import SEPARATOR
from kubectl_cbt.output.outcome_words import failure_reason, reached
from kubectl_cbt.tui.loader import Frame
from kubectl_cbt.tui.plain_text import Content, line
from kubectl_cbt.tui.text.line_layout import ERROR, GOOD, MUTED, WARNING, fit_parts
from kubectl_cbt.units import (
    counted,
    human_bytes,
    human_rate,
    human_seconds,
)

_PROGRESS_BAR = 24
_MIN_REASON = 48
"""Columns for the reason that ended a stream, before a second key is shown beside it."""
_IDLE_SECONDS = 5.0
"""An idle stream is reported after so long."""


def status_line(
    frame: Frame,
    width: int,
    notice: str = "",
    layer: str = "",
    *,
    idle_seconds: float = 0.0,
    can_resume: bool = False,
) -> Content:
    """The second line: progress or result of the stream. A problem replaces it, with the key that shows more.

    Args:
        notice: a message that is shown instead.
        layer: named when it is not the layer of the figures and the list.
        idle_seconds: for how long nothing has been received.
        can_resume: whether a stream that ended early can be resumed.
    """
    if layer and not notice:
        room = width - len(layer) - 2
        return line(f" {layer}:", status_line(frame, room, idle_seconds=idle_seconds, can_resume=can_resume))
    outcome = frame.outcome
    if notice:
        return fit_parts(width, [(notice, WARNING)])
    idle = _idle(idle_seconds)
    broken = [violation for violation in outcome.violations if violation.level == "MUST"] or list(outcome.violations)
    if not frame.is_running and not outcome.complete:
        ended, keys = f"INCOMPLETE {reached(outcome)}: {failure_reason(outcome)}", "r resumes · v shows more"
        # The reason, or enough of it, takes precedence over the second key.
        is_room = can_resume and min(len(ended), _MIN_REASON) + len(SEPARATOR) + len(keys) + 3 <= width
        return fit_parts(width, [(ended, ERROR)], keys if is_room else "v shows more")
    if broken:
        first = broken[0]
        word = "BROKEN" if first.level == "MUST" else "warning"
        text = f"{word} {first.rule}: {first.title} ({counted(first.count, 'time')})"
        parts = [(text, ERROR if outcome.broke_a_must else WARNING)] + [(idle, WARNING)] * bool(idle)
        return fit_parts(width, parts, "v shows more")
    if frame.interruption:
        return fit_parts(width, [(f"{idle}, {frame.interruption}" if idle else frame.interruption, WARNING)], "x stops")
    if frame.is_running:
        return _running(frame, width, idle)
    parts = [("complete", GOOD), (_counts(frame.summary), ""), (_messages(outcome), MUTED)]
    parts += [(f"resumed {counted(outcome.resumes, 'time')}", WARNING)] if outcome.resumes else []
    parts += [(f"rules {CHECKED_IDS} kept", MUTED)] if outcome.keeps_all_rules else []
    return fit_parts(width, parts)


def _idle(seconds: float) -> str:
    """For how long nothing has been received; empty for a short time."""
    if seconds < _IDLE_SECONDS:
        return ""
    # Whole seconds: the text is updated while it is read.
    return f"nothing received for {f'{int(seconds)} s' if seconds < 60 else human_seconds(int(seconds))}"


def _running(frame: Frame, width: int, idle: str) -> Content:
    outcome = frame.outcome
    capacity, rate = outcome.volume_capacity_bytes, outcome.extents / max(outcome.seconds, 1e-3)
    if not outcome.messages:
        return fit_parts(width, [("waiting for the first extents", "")] + [(idle, WARNING)] * bool(idle), "x stops")
    parts = [(f"{human_rate(rate)} extents/s", ""), ("x stops", MUTED)]
    if idle:
        return fit_parts(width, [(idle, WARNING), (_received_range(outcome) or _counts(frame.summary), "")], "x stops")
    if capacity:
        done = outcome.next_offset / capacity
        left = outcome.seconds / done - outcome.seconds if done > 0 else 0
        filled = min(int(done * _PROGRESS_BAR), _PROGRESS_BAR)
        bar = "█" * filled + "░" * (_PROGRESS_BAR - filled)
        parts = [(bar, ""), (_received_range(outcome), ""), parts[0], (f"{human_seconds(left)} left", ""), parts[1]]
    return fit_parts(width, parts)


def _received_range(outcome: Outcome) -> str:
    capacity = outcome.volume_capacity_bytes
    return f"{human_bytes(outcome.next_offset)} of {human_bytes(capacity)}" if capacity else ""


def _counts(summary: Summary) -> str:
    return f"{counted(summary.extents, 'extent')} in {counted(summary.runs, 'run')}"


def _messages(outcome: Outcome) -> str:
    read = counted(outcome.messages, "message") if outcome.has_messages else "read"
    return f"{read} in {human_seconds(outcome.seconds)}"
