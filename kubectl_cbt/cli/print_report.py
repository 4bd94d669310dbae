"""Runs a report and prints it to standard output. Whatever ends it, what is known is printed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubectl_cbt.cli.charset import as_text
from kubectl_cbt.cli.consume import consume
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode
from kubectl_cbt.cli.options import ColorWhen, TerminalFlags
from kubectl_cbt.cli.progress import volumes_bar, wants_progress
from kubectl_cbt.cli.signals import GracefulStop
from kubectl_cbt.cli.stdout import StandardOutput
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.output.volume_report.report_formats import VolumeReportFormat
from kubectl_cbt.units import counted, human_rate

if TYPE_CHECKING:
    from kubectl_cbt.analysis.report_guard import Condition
    from kubectl_cbt.core.measured_report import MeasuredVolumes
    from kubectl_cbt.documents.report_parts import MergedReport
    from kubectl_cbt.model.volume_report import ReportRow, ReportScope, VolumeReport
    from kubectl_cbt.output.volume_report.report_writer import PrintedReport, ReportWriter
    from kubectl_cbt.output.writer import Write


@dataclass(frozen=True, slots=True)
class ReportOutput:
    """How a report is printed.

    Attributes:
        conditions: under which a volume fails.
        compared: an earlier report to list the differences from; None for none.
        now: the time that ages refer to; None for the clock's.
        folder: where a part is also written to; empty for nowhere.
    """

    form: VolumeReportFormat
    terminal: TerminalFlags
    conditions: tuple[Condition, ...]
    compared: VolumeReport | None = None
    now: datetime | None = None
    folder: str = ""


def print_report(measured: MeasuredVolumes, scope: ReportScope, output: ReportOutput) -> int:
    """Measure all volumes, and print the report; returns the exit code."""
    from kubectl_cbt.analysis.report_figures import row_figures

    diagnostics = _diagnostics(output.terminal)
    now = (output.now or datetime.now(UTC)).replace(microsecond=0)
    bar = wants_progress(quiet=output.terminal.quiet, prints_rows=output.form is VolumeReportFormat.NDJSON)
    begun = measured.begun(now, scope)
    with GracefulStop(measured.cancel) as stop, _opened(output, begun, stop) as writer:
        writer.begin(begun)
        with volumes_bar(measured, lambda: _streams(measured), diagnostics, shown=bar) as advance:

            def use(row: ReportRow) -> None:
                writer.volume(row_figures(row, now, begun.rate))
                advance()

            error, code = consume(measured, use, stop)
        printed = _printed(measured.report(now, scope, error), output)
        writer.end(printed)
    if error is not None:
        diagnostics.error(error)
    judged = _exit_code(printed, output, diagnostics)
    return code or judged


def print_merged(merged: MergedReport, output: ReportOutput) -> int:
    """Print the report of all parts; returns the exit code."""
    diagnostics = _diagnostics(output.terminal)
    with _opened(output, merged.report) as writer:
        writer.begin(replace(merged.report, rows=()))
        printed = _printed(merged.report, output)
        writer.end(printed)
    for note in merged.notes:
        diagnostics.warning(note)
    if (failure := merged.report.failure) is not None:
        diagnostics.error(DocumentError(failure.message, hint=failure.hint))
    return _exit_code(printed, output, diagnostics)


def _diagnostics(terminal: TerminalFlags) -> Diagnostics:
    return Diagnostics(quiet=terminal.quiet, verbosity=terminal.verbosity, no_color=terminal.color is ColorWhen.NEVER)


@contextlib.contextmanager
def _opened(output: ReportOutput, begun: VolumeReport, stop: GracefulStop | None = None) -> Iterator[ReportWriter]:
    """The writer of the report."""
    write: Write = StandardOutput(stop).write
    form = output.form
    with contextlib.ExitStack() as stack:
        if output.folder and begun.part is not None:
            from kubectl_cbt.cli.part_file import copied_to

            write = stack.enter_context(copied_to(output.folder, begun.part.shard, write))
        yield form.writer((lambda data: write(as_text(data))) if form.is_text else write)


def _printed(report: VolumeReport, output: ReportOutput) -> PrintedReport:
    from kubectl_cbt.analysis.report_diff import report_diff
    from kubectl_cbt.output.volume_report.report_writer import PrintedReport

    return PrintedReport.of(report, None if output.compared is None else report_diff(output.compared, report))


def _exit_code(printed: PrintedReport, output: ReportOutput, diagnostics: Diagnostics) -> int:
    fails = _print_failing(printed, output, diagnostics)
    return ExitCode.FAILED if fails or printed.report.failure is not None else ExitCode.DONE


def _print_failing(printed: PrintedReport, output: ReportOutput, diagnostics: Diagnostics) -> bool:
    """Print what is missing from the report, and the volumes that fail; returns whether one does."""
    from kubectl_cbt.analysis.report_figures import is_interrupted
    from kubectl_cbt.analysis.report_guard import failing

    report = printed.report
    if not printed.rows and report.part is None and report.failure is None:
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
