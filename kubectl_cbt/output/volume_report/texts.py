"""The texts of a report's figures, shared by the formats for people."""

from __future__ import annotations

from datetime import datetime

from kubectl_cbt.analysis.report_figures import Figure, RowFigures, StreamState, Total
from kubectl_cbt.model.volume_report import ReportScope, VolumeReport
from kubectl_cbt.output.volume_report.report_writer import PrintedReport
from kubectl_cbt.units import age, counted, human_bytes, human_span

UNKNOWN = "–"
_DECIMAL_UNITS = ("B", "kB", "MB", "GB", "TB")
"""Of speeds."""


def bytes_text(figure: Figure) -> str:
    """A size; ``≥`` before a lower bound."""
    return UNKNOWN if figure.value is None else _bound(figure) + human_bytes(int(figure.value))


def span_text(figure: Figure) -> str:
    """A time."""
    if figure.value is None:
        return UNKNOWN
    if figure.is_lower_bound and 0 < figure.value < 1:
        return "> 0s"
    return _bound(figure) + human_span(figure.value)


def churn_text(figure: Figure) -> str:
    """Bytes a day."""
    return UNKNOWN if figure.value is None else f"{bytes_text(figure)}/d"


def ratio_text(ratio: float | None) -> str:
    """How many times as much: ``3.9×``."""
    return UNKNOWN if ratio is None else f"{ratio:,.1f}×"


def share_text(share: float | None) -> str:
    """A share of a whole, negative for more than it."""
    return UNKNOWN if share is None else f"{share * 100:.0f} %"


def size_text(size_bytes: int | None) -> str:
    """The capacity of a volume."""
    return UNKNOWN if size_bytes is None else human_bytes(size_bytes)


def age_text(when: datetime | None, now: datetime) -> str:
    """The age of a snapshot."""
    return UNKNOWN if when is None else age(when, now)


def cbt_text(one: RowFigures) -> str:
    """Whether CBT works, and why not."""
    return "yes" if one.has_cbt else f"no: {one.reason}"


def rules_text(one: RowFigures) -> str:
    """The rules that the streams broke."""
    return ", ".join(one.rules) if one.rules else UNKNOWN if one.state is StreamState.NONE else "kept"


def state_text(one: RowFigures) -> str:
    """Whether the figures are complete."""
    return UNKNOWN if one.state is StreamState.NONE else one.state.value


def rate_text(report: VolumeReport) -> str:
    """The speed of a backup."""
    power = min((len(str(report.rate)) - 1) // 3, len(_DECIMAL_UNITS) - 1)
    return f"{report.rate / 1000**power:.3g} {_DECIMAL_UNITS[power]}/s"


def scope_text(scope: ReportScope) -> str:
    """Which volumes are in the report."""
    parts = [f"namespace {scope.namespace}" if scope.namespace is not None else "all namespaces"]
    parts += [f"snapshots with {scope.selector}"] if scope.selector else []
    parts += [f"driver {scope.driver}"] if scope.driver else []
    return ", ".join(parts)


def cluster_sentences(printed: PrintedReport, cluster: Total) -> list[str]:
    """The sums of the cluster, a sentence each."""
    found = [f"{counted(cluster.volumes, 'volume')}, {cluster.with_cbt} with CBT"]
    if cluster.cost.value is not None:
        found.append(
            f"next incremental {bytes_text(cluster.cost)} of {bytes_text(cluster.full_cost)}"
            f" ({cluster.measured} of {counted(cluster.volumes, 'volume')} known)"
        )
        found.append(f"{span_text(cluster.window)} at {rate_text(printed.report)}, one after the other")
    if cluster.incomplete or printed.report.failure is not None:
        why = f" ({printed.report.failure.message})" if printed.report.failure is not None else ""
        found.append(f"INCOMPLETE{why}: streams of {counted(cluster.incomplete, 'volume')} did not reach their end")
    return found


def _bound(figure: Figure) -> str:
    return "≥ " if figure.is_lower_bound else ""
