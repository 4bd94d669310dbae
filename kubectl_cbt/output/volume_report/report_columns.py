"""The columns of the formats for people, each described once: its title, its text, and the value that sorts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from kubectl_cbt.analysis.report_figures import (
    Figure,
    RowFigures,
    Total,
    worst_by_amplification,
    worst_by_churn,
    worst_by_window,
)
from kubectl_cbt.model.volume_report import VolumeReport
from kubectl_cbt.output.volume_report.texts import (
    UNKNOWN,
    age_text,
    bytes_text,
    cbt_text,
    churn_text,
    ratio_text,
    rules_text,
    share_text,
    size_text,
    span_text,
    state_text,
)
from kubectl_cbt.units import human_bytes


class ReportColumn(NamedTuple):
    """A column of the volumes.

    Attributes:
        text: of one volume in a report; :data:`UNKNOWN` for what is not known.
        value: sorts the column; None for what is not known.
        is_wide: only in the wide table.
        is_number: whether ``value`` is a number.
    """

    title: str
    text: Callable[[VolumeReport, RowFigures], str]
    value: Callable[[RowFigures], str | float | None]
    is_wide: bool = False
    is_number: bool = True


def _figure(
    title: str, of: Callable[[RowFigures], Figure], text: Callable[[Figure], str], *, is_wide: bool = False
) -> ReportColumn:
    return ReportColumn(title, lambda _, one: text(of(one)), lambda one: of(one).value, is_wide)


def _name(title: str, of: Callable[[RowFigures], str], *, is_wide: bool = False) -> ReportColumn:
    return ReportColumn(title, lambda _, one: of(one) or UNKNOWN, of, is_wide, is_number=False)


def _age(title: str, of: Callable[[RowFigures], datetime | None], *, is_wide: bool = False) -> ReportColumn:
    def value(one: RowFigures) -> float | None:
        when = of(one)
        return None if when is None else -when.timestamp()

    return ReportColumn(title, lambda report, one: age_text(of(one), report.generated), value, is_wide)


NAMESPACE = _name("Namespace", lambda one: one.row.namespace)
CLAIM = _name("Claim", lambda one: one.row.volume)
DRIVER = _name("Driver", lambda one: one.row.driver, is_wide=True)
SIZE = ReportColumn("Size", lambda _, one: size_text(one.row.size_bytes), lambda one: one.row.size_bytes)
SNAPSHOTS = ReportColumn("Snaps", lambda _, one: str(one.row.snapshots), lambda one: one.row.snapshots)
OLDEST = _age("Oldest", lambda one: one.row.oldest, is_wide=True)
NEWEST = _age("Newest", lambda one: one.row.newest)
RPO = ReportColumn(
    "RPO", lambda report, one: age_text(one.row.recovery_point, report.generated), lambda one: one.rpo_seconds
)
FULL = _figure("Full", lambda one: one.allocated, bytes_text)
CHANGED = _figure("Changed", lambda one: one.changed, bytes_text, is_wide=True)
NEXT = _figure("Next", lambda one: one.cost, bytes_text)
AMPLIFIED = ReportColumn(
    "Amplified", lambda _, one: ratio_text(one.amplification), lambda one: one.amplification, is_wide=True
)
WINDOW = _figure("Window", lambda one: one.window, span_text)
SAVES = ReportColumn("Saves", lambda _, one: share_text(one.saving), lambda one: one.saving)
CHURN = _figure("Churn", lambda one: one.churn, churn_text, is_wide=True)
RULES = ReportColumn("Rules", lambda _, one: rules_text(one), lambda one: len(one.rules), is_wide=True)
STREAM = _name("Stream", state_text, is_wide=True)
CBT = ReportColumn(
    "CBT",
    lambda _, one: cbt_text(one),
    lambda one: f"{'yes' if one.has_cbt else 'no'} {one.state}",
    is_number=False,
)

COLUMNS = (
    NAMESPACE,
    CLAIM,
    DRIVER,
    SIZE,
    SNAPSHOTS,
    OLDEST,
    NEWEST,
    RPO,
    FULL,
    CHANGED,
    NEXT,
    AMPLIFIED,
    WINDOW,
    SAVES,
    CHURN,
    RULES,
    STREAM,
    CBT,
)
"""In the order of the wide table."""


def table_heading(column: ReportColumn, report: VolumeReport) -> str:
    """The heading in a table of text; that of NEXT names the chunks, which decide it."""
    heading = column.title.upper()
    return f"{heading} ({human_bytes(report.chunk_bytes)})" if column is NEXT else heading


class TotalColumn(NamedTuple):
    """A column of the sums of a driver or a namespace."""

    title: str
    text: Callable[[Total], str]


TOTAL_COLUMNS = (
    TotalColumn("Volumes", lambda one: str(one.volumes)),
    TotalColumn(CBT.title, lambda one: str(one.with_cbt)),
    TotalColumn(SIZE.title, lambda one: bytes_text(one.size)),
    TotalColumn(FULL.title, lambda one: bytes_text(one.allocated)),
    TotalColumn(NEXT.title, lambda one: bytes_text(one.cost)),
    TotalColumn(WINDOW.title, lambda one: span_text(one.window)),
    TotalColumn(SAVES.title, lambda one: share_text(one.saving)),
    TotalColumn(CHURN.title, lambda one: churn_text(one.churn)),
)


class Ranking(NamedTuple):
    """A list of the worst volumes.

    Attributes:
        worst: finds them, the worst first.
        column: by which they are compared; each of them has a value.
    """

    title: str
    worst: Callable[[Sequence[RowFigures]], list[RowFigures]]
    column: ReportColumn


RANKINGS = (
    Ranking("Longest window", worst_by_window, WINDOW),
    Ranking("Most churn", worst_by_churn, CHURN),
    Ranking("Most amplified", worst_by_amplification, AMPLIFIED),
)
