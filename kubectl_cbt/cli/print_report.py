"""Runs a report and prints it to standard output. Whatever ends it, what is known is printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubectl_cbt.cli.charset import as_text
from kubectl_cbt.cli.consume import consume
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode
from kubectl_cbt.cli.options import ColorWhen, TerminalFlags
from kubectl_cbt.cli.progress import volumes_bar, wants_progress
from kubectl_cbt.cli.signals import GracefulStop
from kubectl_cbt.cli.stdout import StandardOutput
from kubectl_cbt.output.volume_report.report_formats import VolumeReportFormat
from kubectl_cbt.units import counted, human_rate

if TYPE_CHECKING:
    from kubectl_cbt.analysis.report_guard import Condition
    from kubectl_cbt.core.measured_report import MeasuredVolumes
    from kubectl_cbt.model.volume_report import ReportRow, ReportScope, VolumeReport
    from kubectl_cbt.output.volume_report.report_writer import PrintedReport


@dataclass(frozen=True, slots=True)
class ReportOutput:
    """How a report is printed.

    Attributes:
        conditions: under which a volume fails.
        compared: an earlier report to list the differences from; None for none.
    """

    form: VolumeReportFormat
    terminal: TerminalFlags
    conditions: tuple[Condition, ...]
    compared: VolumeReport | None = None


def print_report(measured: MeasuredVolumes, scope: ReportScope, output: ReportOutput) -> int:
    """Measure all volumes, and print the report; returns the exit code."""
    from kubectl_cbt.analysis.report_diff import report_diff
    from kubectl_cbt.analysis.report_figures import row_figures
    from kubectl_cbt.output.volume_report.report_writer import PrintedReport

    terminal, form = output.terminal, output.form
    diagnostics = Diagnostics(
        quiet=terminal.quiet, verbosity=terminal.verbosity, no_color=terminal.color is ColorWhen.NEVER
    )
    now = datetime.now(UTC).replace(microsecond=0)
    bar = wants_progress(quiet=terminal.quiet, prints_rows=form is VolumeReportFormat.NDJSON)
    with GracefulStop(measured.cancel) as stop:
        write = StandardOutput(stop).write
        writer = form.writer((lambda data: write(as_text(data))) if form.is_text else write)
        begun = measured.begun(now, scope)
        writer.begin(begun)
        with volumes_bar(measured, lambda: _streams(measured), diagnostics, shown=bar) as advance:

            def use(row: ReportRow) -> None:
                writer.volume(row_figures(row, now, begun.rate))
                advance()

            error, code = consume(measured, use, stop)
        report = measured.report(now, scope, error)
        diff = None if output.compared is None else report_diff(output.compared, report)
        printed = PrintedReport.of(report, diff)
        writer.end(printed)
    if error is not None:
        diagnostics.error(error)
    fails = _print_failing(printed, output, diagnostics)
    return code or (ExitCode.FAILED if fails or report.failure is not None else ExitCode.DONE)


def _print_failing(printed: PrintedReport, output: ReportOutput, diagnostics: Diagnostics) -> bool:
    """Print what is missing from the report, and the volumes that fail; returns whether one does."""
    from kubectl_cbt.analysis.report_figures import is_interrupted
    from kubectl_cbt.analysis.report_guard import failing

    report = printed.report
    if not printed.rows:
        where = "any namespace" if report.scope.namespace is None else f"namespace {report.scope.namespace}"
        diagnostics.note(f"No snapshots found in {where}.")
    left = [one for one in printed.rows if is_interrupted(one)]
    if left:
        diagnostics.print_line(
            f"note: {counted(len(left), 'volume')} of {len(printed.rows)} not measured to the end; continue with"
            " --resume-from FILE, if this was -o json"
        )
    measured = [one for one in printed.rows if not is_interrupted(one)]
    found = list(failing(measured, output.conditions))
    for one, reasons in found:
        diagnostics.print_line(f"failed: {one.row.name}: {'; '.join(reasons)}")
    return bool(found or left)


def _streams(measured: MeasuredVolumes) -> str:
    """The streams that run now, and how fast they are together."""
    outcomes = [outcome for one in measured.running if (outcome := one.outcome) is not None]
    rate = sum(outcome.extents / max(outcome.seconds, 1e-3) for outcome in outcomes)
    return f"{counted(len(outcomes), 'stream')} running, {human_rate(rate)} extents/s"
