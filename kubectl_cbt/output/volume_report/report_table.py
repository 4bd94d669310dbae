"""``report -o table`` and ``-o wide``: a row a volume, the sums, and the volumes that need attention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import ClassVar

from kubectl_cbt.analysis.report_diff import ReportDiff
from kubectl_cbt.analysis.report_figures import (
    RowFigures,
    Total,
    by_driver,
    by_namespace,
    total,
    totals_by,
    without_base,
    worst_by_amplification,
    worst_by_churn,
    worst_by_window,
)
from kubectl_cbt.output.volume_report.report_writer import PrintedReport, ReportWriter
from kubectl_cbt.output.volume_report.texts import (
    UNKNOWN,
    age_text,
    bytes_text,
    cbt_text,
    churn_text,
    cluster_sentences,
    ratio_text,
    rules_text,
    share_text,
    size_text,
    span_text,
    state_text,
)
from kubectl_cbt.output.writer import Write
from kubectl_cbt.units import human_bytes, human_span, printable, utc_minute

_BETWEEN = "   "
Lines = list[list[str]]


class TableReport(ReportWriter):
    """Printed at the end, because columns are aligned."""

    WIDE: ClassVar[bool] = False

    def __init__(self, write: Write) -> None:
        self._write = write

    def end(self, printed: PrintedReport) -> None:
        sections = [text for text in self._sections(printed) if text]
        self._write("\n".join(sections).encode())

    def _sections(self, printed: PrintedReport) -> Iterator[str]:
        rows = printed.rows
        if rows:
            yield _aligned([self._headings(printed), *(self._cells(printed, one) for one in rows)])
        yield "".join(f"{line}\n" for line in cluster_sentences(printed, total("", rows)))
        for heading, totals in (
            ("DRIVER", totals_by(by_driver, rows)),
            ("NAMESPACE", totals_by(by_namespace, rows)),
        ):
            if len(totals) > 1:
                yield _aligned([_total_headings(heading), *(_total_cells(one) for one in totals)])
        yield _worst(rows)
        if missing := without_base(rows):
            yield "".join(["No usable base, so the next backup is a full one:\n", *map(_reason_line, missing)])
        if printed.diff is not None:
            yield diff_text(printed.diff)

    def _headings(self, printed: PrintedReport) -> list[str]:
        cost = f"NEXT ({human_bytes(printed.report.chunk_bytes)})"
        if not self.WIDE:
            return ["NAMESPACE", "CLAIM", "SIZE", "SNAPS", "NEWEST", "RPO", "FULL", cost, "WINDOW", "SAVES", "CBT"]
        first = ["NAMESPACE", "CLAIM", "DRIVER", "SIZE", "SNAPS", "OLDEST", "NEWEST", "RPO", "FULL", "CHANGED"]
        return [*first, cost, "AMPLIFIED", "WINDOW", "SAVES", "CHURN", "RULES", "STREAM", "CBT"]

    def _cells(self, printed: PrintedReport, one: RowFigures) -> list[str]:
        row, now = one.row, printed.report.generated
        names = [row.namespace, row.volume]
        counts = [size_text(row.size_bytes), str(row.snapshots)]
        newest = [age_text(row.newest, now), age_text(row.recovery_point, now), bytes_text(one.allocated)]
        cost, end = bytes_text(one.cost), [span_text(one.window), share_text(one.saving)]
        if not self.WIDE:
            return [*names, *counts, *newest, cost, *end, cbt_text(one)]
        oldest, changed = age_text(row.oldest, now), bytes_text(one.changed)
        more = [churn_text(one.churn), rules_text(one), state_text(one), cbt_text(one)]
        first = [*names, row.driver or UNKNOWN, *counts, oldest, *newest, changed]
        return [*first, cost, ratio_text(one.amplification), *end, *more]


class WideReport(TableReport):
    """All columns."""

    WIDE: ClassVar[bool] = True


def diff_text(diff: ReportDiff) -> str:
    """What differs from an earlier report, a line each."""
    lines = [f"Since {utc_minute(diff.since)} UTC"]
    lines += [f"  new        {one.row.name}" for one in diff.new]
    lines += [f"  removed    {one.row.name}" for one in diff.removed]
    for change in diff.grown:
        before, now = change.before, change.now
        sizes = f"{size_text(before.row.size_bytes)} → {size_text(now.row.size_bytes)}"
        allocated = f"allocated {bytes_text(before.allocated)} → {bytes_text(now.allocated)}"
        lines.append(f"  grown      {now.row.name}   {sizes}, {allocated}")
    lines += [f"  lost CBT   {change.now.row.name}: {change.now.reason}" for change in diff.lost_cbt]
    lines += ["  nothing differs"] if diff.is_empty else []
    return "".join(f"{printable(line)}\n" for line in lines)


def _worst(rows: Sequence[RowFigures]) -> str:
    window = [f"{one.row.name} {span_text(one.window)}" for one in worst_by_window(rows)]
    churn = [f"{one.row.name} {churn_text(one.churn)}" for one in worst_by_churn(rows)]
    amplified = [f"{one.row.name} {ratio_text(one.amplification)}" for one in worst_by_amplification(rows)]
    lines = [list(line) for line in zip_longest(window, churn, amplified, fillvalue="")]
    return _aligned([["LONGEST WINDOW", "MOST CHURN", "MOST AMPLIFIED"], *lines]) if lines else ""


def _total_headings(name: str) -> list[str]:
    return [name, "VOLUMES", "CBT", "SIZE", "FULL", "NEXT", "WINDOW", "SAVES", "CHURN"]


def _total_cells(one: Total) -> list[str]:
    figures = [bytes_text(one.size), bytes_text(one.allocated), bytes_text(one.cost), span_text(one.window)]
    counts = [one.name or UNKNOWN, str(one.volumes), str(one.with_cbt)]
    return [*counts, *figures, share_text(one.saving), churn_text(one.churn)]


def _reason_line(one: RowFigures) -> str:
    rpo = f"   RPO {human_span(one.rpo_seconds)}" if one.rpo_seconds is not None else ""
    return printable(f"  {one.row.name}{rpo}   {one.reason or '; '.join(one.failures)}") + "\n"


def _aligned(lines: Lines) -> str:
    shown = [[printable(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return "".join(
        _BETWEEN.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in shown
    )
