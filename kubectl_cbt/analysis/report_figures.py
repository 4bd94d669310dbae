"""What a report means: the figures of each volume, their sums, and the volumes that need attention.

What is unknown is never 0, and what an incomplete stream reported is a lower bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kubectl_cbt.model.backup_figures import amplification, churn_per_day, saving, window_seconds
from kubectl_cbt.model.volume_report import MeasuredStream, ReportRow, VolumeReport

WORST = 10
INTERRUPTED = "Interrupted"
"""Type of the failure of a stream that the user ended: it is not the driver's."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that may be unknown (None), or only known to be at least so large."""

    value: float | None = None
    is_lower_bound: bool = False


class StreamState(StrEnum):
    """Whether the figures of a volume can be trusted."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NONE = "none"
    """No stream was queried."""


@dataclass(frozen=True, slots=True)
class RowFigures:
    """The figures of one volume.

    Attributes:
        rpo_seconds: age of the recovery point; None without one.
        has_cbt: whether the volume can be queried. Where streams were, by their answer.
        reason: why it cannot; empty when it can.
        has_base: whether the next backup can be incremental; None when streams were not queried.
        allocated: bytes of a full backup of what is allocated.
        full_cost: the same, read in chunks.
        changed: bytes of the last delta.
        cost: bytes that the next incremental backup reads in chunks, if as much changes as the last time.
        amplification: cost ÷ changed; None unless the delta is complete.
        window: seconds that reading the cost takes.
        saving: share of the full cost that an incremental backup does not read; None unless both are complete.
        churn: bytes that change a day.
        rules: ids of the broken rules.
        failures: why streams are incomplete, a sentence each.
    """

    row: ReportRow
    rpo_seconds: float | None
    has_cbt: bool
    reason: str
    has_base: bool | None
    allocated: Figure
    full_cost: Figure
    changed: Figure
    cost: Figure
    amplification: float | None
    window: Figure
    saving: float | None
    churn: Figure
    rules: tuple[str, ...]
    state: StreamState
    failures: tuple[str, ...]


def row_figures(row: ReportRow, now: datetime, rate: int) -> RowFigures:
    """Derive the figures of one volume.

    Args:
        now: the time that ages refer to.
        rate: bytes that a backup reads a second.
    """
    full, delta = row.full, row.delta
    reason = row.obstacle or _refusal(full)
    changed, cost = _figure(delta, lambda one: one.covered_bytes), _figure(delta, lambda one: one.cost_bytes)
    full_cost = _figure(full, lambda one: one.cost_bytes)
    is_whole = delta is not None and delta.is_complete
    both = is_whole and full is not None and full.is_complete
    bound = cost.is_lower_bound
    return RowFigures(
        row=row,
        rpo_seconds=(now - row.recovery_point).total_seconds() if row.recovery_point else None,
        has_cbt=not reason,
        reason=reason,
        has_base=False if reason else None if not row.streams else not _refusal(delta),
        allocated=_figure(full, lambda one: one.covered_bytes),
        full_cost=full_cost,
        changed=changed,
        cost=cost,
        amplification=amplification(_whole(cost), _whole(changed)) if is_whole else None,
        window=Figure(window_seconds(_whole(cost), rate), bound),
        saving=saving(_whole(cost), _whole(full_cost)) if both else None,
        churn=Figure(churn_per_day(_whole(changed), row.interval_seconds), bound),
        rules=tuple(sorted({rule for stream in row.streams for rule in stream.rules})),
        state=_state(row.streams),
        failures=tuple(dict.fromkeys(one.failure.message for one in row.streams if one.failure is not None)),
    )


def report_figures(report: VolumeReport) -> list[RowFigures]:
    """The figures of all volumes, in the report's order."""
    return [row_figures(row, report.generated, report.rate) for row in report.rows]


@dataclass(frozen=True, slots=True)
class Total:
    """The figures of several volumes.

    A sum is a lower bound when one of its parts is, or is unknown for a volume; None when all are unknown.

    Attributes:
        name: of the driver or the namespace; empty for the cluster.
        incomplete: number of volumes with a stream that is incomplete.
        broke_rules: number of volumes with a stream that broke a rule.
        measured: number of volumes that ``cost`` counts.
        saving: of the volumes where both backups are known.
    """

    name: str
    volumes: int
    with_cbt: int
    incomplete: int
    broke_rules: int
    measured: int
    snapshots: int
    size: Figure
    allocated: Figure
    full_cost: Figure
    changed: Figure
    cost: Figure
    window: Figure
    churn: Figure
    saving: float | None


def total(name: str, rows: Sequence[RowFigures]) -> Total:
    """The sums of these volumes."""
    known = [one for one in rows if one.saving is not None]
    size = [one.row.size_bytes for one in rows if one.row.size_bytes is not None]
    return Total(
        name=name,
        volumes=len(rows),
        with_cbt=sum(one.has_cbt for one in rows),
        incomplete=sum(one.state is StreamState.INCOMPLETE for one in rows),
        broke_rules=sum(bool(one.rules) for one in rows),
        measured=sum(one.cost.value is not None for one in rows),
        snapshots=sum(one.row.snapshots for one in rows),
        size=Figure(sum(size) if size else None, len(size) < len(rows)),
        allocated=_sum(one.allocated for one in rows),
        full_cost=_sum(one.full_cost for one in rows),
        changed=_sum(one.changed for one in rows),
        cost=_sum(one.cost for one in rows),
        window=_sum(one.window for one in rows),
        churn=_sum(one.churn for one in rows),
        saving=saving(
            sum(_whole(one.cost) or 0 for one in known), sum(_whole(one.full_cost) or 0 for one in known) or None
        ),
    )


def totals_by(name: Callable[[RowFigures], str], rows: Sequence[RowFigures]) -> list[Total]:
    """The sums of the volumes with the same name, sorted by it."""
    groups: dict[str, list[RowFigures]] = {}
    for one in rows:
        groups.setdefault(name(one), []).append(one)
    return [total(group, groups[group]) for group in sorted(groups)]


def by_driver(one: RowFigures) -> str:
    """For :func:`totals_by`."""
    return one.row.driver


def by_namespace(one: RowFigures) -> str:
    """For :func:`totals_by`."""
    return one.row.namespace


def worst_by_window(rows: Sequence[RowFigures]) -> list[RowFigures]:
    """The volumes whose next incremental backup takes longest, at most :data:`WORST`."""
    return _worst(rows, lambda one: one.window.value)


def worst_by_churn(rows: Sequence[RowFigures]) -> list[RowFigures]:
    """The volumes that change most a day, at most :data:`WORST`."""
    return _worst(rows, lambda one: one.churn.value)


def worst_by_amplification(rows: Sequence[RowFigures]) -> list[RowFigures]:
    """The volumes of which a backup reads most in proportion to what changed, at most :data:`WORST`."""
    return _worst(rows, lambda one: one.amplification)


def without_base(rows: Iterable[RowFigures]) -> list[RowFigures]:
    """The volumes of which only a full backup is possible."""
    return [one for one in rows if one.has_base is False]


def is_interrupted(one: RowFigures) -> bool:
    """Whether a stream of the volume was not measured to its end because the report ended first."""
    return any(stream.failure is not None and stream.failure.type == INTERRUPTED for stream in one.row.streams)


def _worst(rows: Sequence[RowFigures], value: Callable[[RowFigures], float | None]) -> list[RowFigures]:
    known = [(found, one) for one in rows if (found := value(one))]
    return [one for _, one in sorted(known, key=lambda pair: (-pair[0], pair[1].row.key))[:WORST]]


def _figure(stream: MeasuredStream | None, value: Callable[[MeasuredStream], int | None]) -> Figure:
    if stream is None or (found := value(stream)) is None:
        return Figure()
    return Figure(found, not stream.is_complete)


def _whole(figure: Figure) -> int | None:
    return None if figure.value is None else int(figure.value)


def _sum(figures: Iterable[Figure]) -> Figure:
    parts = list(figures)
    known = [part.value for part in parts if part.value is not None]
    if not known:
        return Figure()
    return Figure(sum(known), len(known) < len(parts) or any(part.is_lower_bound for part in parts))


def _refusal(stream: MeasuredStream | None) -> str:
    """Why a stream gave nothing at all; empty if it gave something, or was interrupted."""
    if stream is None or stream.failure is None or stream.covered_bytes is not None:
        return ""
    return "" if stream.failure.type == INTERRUPTED else stream.failure.message


def _state(streams: Sequence[MeasuredStream]) -> StreamState:
    if not streams:
        return StreamState.NONE
    return StreamState.COMPLETE if all(one.is_complete for one in streams) else StreamState.INCOMPLETE
