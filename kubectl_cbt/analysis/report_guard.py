"""Conditions under which a report fails: a guard for CI and CronJobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kubectl_cbt.analysis.report_figures import RowFigures, StreamState
from kubectl_cbt.units import human_span, parse_duration


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    Attributes:
        text: as written by the user.
        check: returns why a volume fails; empty if it does not.
        needs_streams: whether it can only be checked when streams are queried.
    """

    text: str
    check: Callable[[RowFigures], str]
    needs_streams: bool = False


def parse_conditions(text: str) -> tuple[Condition, ...]:
    """Read ``no-cbt,incomplete,rpo=24h,window=4h``.

    Raises:
        ValueError: it is invalid.
    """
    return tuple(_condition(part.strip()) for part in text.split(","))


def failing(rows: Iterable[RowFigures], conditions: Iterable[Condition]) -> Iterator[tuple[RowFigures, list[str]]]:
    """The volumes that fail, with the reasons."""
    conditions = tuple(conditions)
    for one in rows:
        if reasons := [reason for condition in conditions if (reason := condition.check(one))]:
            yield one, reasons


def _condition(text: str) -> Condition:
    name, equals, value = text.partition("=")
    if name in ("no-cbt", "incomplete") and not equals:
        return Condition(text, _no_cbt) if name == "no-cbt" else Condition(text, _incomplete, needs_streams=True)
    if name in ("rpo", "window") and equals:
        limit = parse_duration(value)
        if name == "rpo":
            return Condition(text, lambda one: _too_old(one, limit))
        return Condition(text, lambda one: _too_long(one, limit), needs_streams=True)
    raise ValueError(f"{text!r} is not a condition: no-cbt, incomplete, rpo=DURATION or window=DURATION")


def _no_cbt(one: RowFigures) -> str:
    return "" if one.has_cbt else f"no CBT: {one.reason}"


def _incomplete(one: RowFigures) -> str:
    return f"incomplete: {'; '.join(one.failures)}" if one.state is StreamState.INCOMPLETE else ""


def _too_old(one: RowFigures, limit: float) -> str:
    if one.rpo_seconds is None:
        return "no snapshot is ready"
    over = one.rpo_seconds > limit
    return f"RPO {human_span(one.rpo_seconds)}, more than {human_span(limit)}" if over else ""


def _too_long(one: RowFigures, limit: float) -> str:
    window = one.window
    if window.value is None or window.value <= limit:
        return ""
    bound = "≥ " if window.is_lower_bound else ""
    return f"window {bound}{human_span(window.value)}, more than {human_span(limit)}"
