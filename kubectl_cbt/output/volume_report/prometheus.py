"""``report -o prometheus``: the text exposition format, for the textfile collector of node_exporter.

What is unknown has no sample, and an incomplete figure has none either: an alert cannot see that it is a lower bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from kubectl_cbt.analysis.report_figures import Figure, RowFigures, StreamState
from kubectl_cbt.model.backup_figures import DAY_SECONDS
from kubectl_cbt.output.volume_report.report_writer import PrintedReport, ReportWriter
from kubectl_cbt.output.writer import Write
from kubectl_cbt.units import printable

_PREFIX = "kubectl_cbt_"


class _Metric(NamedTuple):
    """One gauge; ``value`` returns None for no sample."""

    name: str
    help: str
    value: Callable[[RowFigures], float | None]


def _complete(figure: Figure) -> float | None:
    return None if figure.is_lower_bound else figure.value


def _timestamp(when: datetime | None) -> float | None:
    return None if when is None else when.timestamp()


def _churn(one: RowFigures) -> float | None:
    churn = _complete(one.churn)
    return None if churn is None else churn / DAY_SECONDS


_METRICS = (
    _Metric("volume_size_bytes", "Capacity of the volume.", lambda one: one.row.size_bytes),
    _Metric("snapshots", "Number of snapshots of the volume.", lambda one: one.row.snapshots),
    _Metric(
        "oldest_snapshot_timestamp_seconds",
        "When the oldest snapshot was taken.",
        lambda one: _timestamp(one.row.oldest),
    ),
    _Metric(
        "newest_snapshot_timestamp_seconds",
        "When the newest snapshot was taken.",
        lambda one: _timestamp(one.row.newest),
    ),
    _Metric(
        "recovery_point_timestamp_seconds",
        "When the newest snapshot that is ready to use was taken.",
        lambda one: _timestamp(one.row.recovery_point),
    ),
    _Metric("changed_block_tracking", "Whether Changed Block Tracking works: 1 yes, 0 no.", lambda one: one.has_cbt),
    _Metric("usable_base", "Whether the next backup can be incremental: 1 yes, 0 no.", lambda one: one.has_base),
    _Metric("allocated_bytes", "Allocated bytes of the newest snapshot.", lambda one: _complete(one.allocated)),
    _Metric("full_backup_bytes", "Bytes that a full backup reads in chunks.", lambda one: _complete(one.full_cost)),
    _Metric("changed_bytes", "Bytes that changed between the last two snapshots.", lambda one: _complete(one.changed)),
    _Metric(
        "next_incremental_bytes",
        "Bytes that the next incremental backup reads in chunks, if as much changes as the last time.",
        lambda one: _complete(one.cost),
    ),
    _Metric("amplification_ratio", "Bytes read for each byte that changed.", lambda one: one.amplification),
    _Metric(
        "next_incremental_window_seconds",
        "Time that the next incremental backup takes.",
        lambda one: _complete(one.window),
    ),
    _Metric(
        "incremental_saving_ratio",
        "Share of a full backup that an incremental one does not read.",
        lambda one: one.saving,
    ),
    _Metric("churn_bytes_per_second", "Bytes that changed, by the time between the last two snapshots.", _churn),
    _Metric(
        "rules_broken",
        "Number of rules of the CSI specification that the streams broke.",
        lambda one: None if one.state is StreamState.NONE else len(one.rules),
    ),
    _Metric(
        "streams_complete",
        "Whether all streams of the volume were complete: 1 yes, 0 no.",
        lambda one: None if one.state is StreamState.NONE else one.state is StreamState.COMPLETE,
    ),
)


class PrometheusReport(ReportWriter):
    """Gauges with a sample a volume, and a few about the report itself."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def end(self, printed: PrintedReport) -> None:
        self._write("".join(f"{line}\n" for line in _lines(printed)).encode())


def _lines(printed: PrintedReport) -> Iterator[str]:
    report = printed.report
    labels = [_labels(one) for one in printed.rows]
    for metric in _METRICS:
        values = [metric.value(one) for one in printed.rows]
        if any(value is not None for value in values):
            yield from _head(metric.name, metric.help)
        for label, value in zip(labels, values, strict=True):
            if value is not None:
                yield f"{_PREFIX}{metric.name}{label} {_number(value)}"
    complete = report.failure is None and all(one.state is not StreamState.INCOMPLETE for one in printed.rows)
    for name, text, value in (
        ("report_timestamp_seconds", "When the report was made.", report.generated.timestamp()),
        ("report_complete", "Whether all streams of the report were complete: 1 yes, 0 no.", complete),
        ("report_chunk_bytes", "Size of the chunks that a backup reads.", report.chunk_bytes),
        ("report_rate_bytes_per_second", "Speed of a backup.", report.rate),
    ):
        yield from _head(name, text)
        yield f"{_PREFIX}{name} {_number(value)}"


def _head(name: str, text: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}{name} {text}"
    yield f"# TYPE {_PREFIX}{name} gauge"


def _labels(one: RowFigures) -> str:
    """``volume`` distinguishes volumes of one claim, and those without a claim."""
    row = one.row
    named = {
        "namespace": row.namespace,
        "claim": row.claim or "",
        "driver": row.driver,
        "volume": row.volume_handle or ("" if row.claim else row.volume),
    }
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in named.items()) + "}"


def _escaped(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    return repr(float(value)) if isinstance(value, float) and not value.is_integer() else str(int(value))
