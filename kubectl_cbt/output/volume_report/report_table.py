"""``report -o table`` and ``-o wide``: a row a volume, the sums, and the volumes that need attention."""

from __future__ import annotations

from collections.abc import Iterator
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
)
from kubectl_cbt.output.volume_report.report_columns import COLUMNS, RANKINGS, TOTAL_COLUMNS, table_heading
from kubectl_cbt.output.volume_report.report_writer import PrintedReport, ReportWriter
from kubectl_cbt.output.volume_report.texts import UNKNOWN, bytes_text, cluster_sentences, size_text
from kubectl_cbt.output.writer import Write
from kubectl_cbt.units import human_span, printable, utc_minute

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
            shown = [column for column in COLUMNS if self.WIDE or not column.is_wide]
            headings = [table_heading(column, printed.report) for column in shown]
            yield _aligned([headings, *([column.text(printed.report, one) for column in shown] for one in rows)])
        yield "".join(f"{line}\n" for line in cluster_sentences(printed, total("", rows)))
        for heading, totals in (
            ("DRIVER", totals_by(by_driver, rows)),
            ("NAMESPACE", totals_by(by_namespace, rows)),
        ):
            if len(totals) > 1:
                yield _aligned([_total_headings(heading), *(_total_cells(one) for one in totals)])
        yield _worst(printed)
        if missing := without_base(rows):
            yield "".join(["No usable base, so the next backup is a full one:\n", *map(_reason_line, missing)])
        if printed.diff is not None:
            yield diff_text(printed.diff)


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


def _worst(printed: PrintedReport) -> str:
    columns = [
        [f"{one.row.name} {ranking.column.text(printed.report, one)}" for one in ranking.worst(printed.rows)]
        for ranking in RANKINGS
    ]
    lines = [list(line) for line in zip_longest(*columns, fillvalue="")]
    return _aligned([[ranking.title.upper() for ranking in RANKINGS], *lines]) if lines else ""


def _total_headings(name: str) -> list[str]:
    return [name, *(column.title.upper() for column in TOTAL_COLUMNS)]


def _total_cells(one: Total) -> list[str]:
    return [one.name or UNKNOWN, *(column.text(one) for column in TOTAL_COLUMNS)]


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
