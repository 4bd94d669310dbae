"""``report -o csv``: a header, and a row a volume. What is unknown is empty."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from kubectl_cbt.analysis.report_figures import RowFigures, StreamState
from kubectl_cbt.output.volume_report.report_writer import PrintedReport, ReportWriter
from kubectl_cbt.output.writer import Write
from kubectl_cbt.units import printable, utc_time

_FORMULA = ("=", "+", "-", "@")
"""A spreadsheet would run a cell that begins with one of these."""


class CsvReport(ReportWriter):
    """RFC 4180, except that lines end with a newline alone."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def end(self, printed: PrintedReport) -> None:
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows([_cell(value) for value in _values(one)] for one in printed.rows)
        self._write(text.getvalue().encode())


COLUMNS = (
    "namespace",
    "claim",
    "volumeHandle",
    "driver",
    "sizeBytes",
    "snapshots",
    "usable",
    "oldest",
    "newest",
    "recoveryPoint",
    "rpoSeconds",
    "changedBlockTracking",
    "reason",
    "hasBase",
    "allocatedBytes",
    "fullCostBytes",
    "changedBytes",
    "costBytes",
    "amplification",
    "windowSeconds",
    "savingRatio",
    "churnBytesPerDay",
    "rulesBroken",
    "complete",
    "failure",
)


def _values(one: RowFigures) -> tuple[object, ...]:
    row = one.row
    complete = None if one.state is StreamState.NONE else one.state is StreamState.COMPLETE
    return (
        row.namespace,
        row.claim,
        row.volume_handle,
        row.driver,
        row.size_bytes,
        row.snapshots,
        row.usable,
        row.oldest,
        row.newest,
        row.recovery_point,
        one.rpo_seconds,
        one.has_cbt,
        one.reason,
        one.has_base,
        one.allocated.value,
        one.full_cost.value,
        one.changed.value,
        one.cost.value,
        one.amplification,
        one.window.value,
        one.saving,
        one.churn.value,
        " ".join(one.rules),
        complete,
        "; ".join(one.failures),
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return utc_time(value)
    text = printable(str(value))
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
