"""Measures a history and prints it to standard output. Whatever ends it, the document is finished."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from kubectl_cbt.cli.charset import as_text
from kubectl_cbt.cli.consume import consume
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode
from kubectl_cbt.cli.options import ColorWhen, TerminalFlags
from kubectl_cbt.cli.progress import progress_bar, wants_progress
from kubectl_cbt.cli.signals import GracefulStop
from kubectl_cbt.cli.stdout import StandardOutput
from kubectl_cbt.core.measured_history import MeasuredHistory
from kubectl_cbt.units import counted, human_bytes

if TYPE_CHECKING:
    from kubectl_cbt.model.backend import Backend
    from kubectl_cbt.model.volume_history import VolumeHistory
    from kubectl_cbt.output.history.history_formats import HistoryFormat
    from kubectl_cbt.output.writer import OutputTarget


def print_history(
    backend: Backend, plan: VolumeHistory, form: HistoryFormat, terminal: TerminalFlags, target: OutputTarget
) -> int:
    """Measure all, and print it; returns the exit code."""
    diagnostics = Diagnostics(
        quiet=terminal.quiet, verbosity=terminal.verbosity, no_color=terminal.color is ColorWhen.NEVER
    )
    format_writer = form.writer
    bar = wants_progress(quiet=terminal.quiet, prints_rows=format_writer.prints_rows)
    measured = MeasuredHistory(backend, plan, format_writer.cells(plan, target))
    with GracefulStop(measured.cancel) as stop, measured:
        write = StandardOutput(stop).write
        to_stdout = (lambda data: write(as_text(data))) if format_writer.is_text else write
        writer = format_writer(to_stdout, plan, target)
        with progress_bar(measured, _rate(measured), diagnostics, shown=bar) as advance:
            measured.watch(advance)
            failure, code = consume(measured, writer.row, stop)
            measured.watch(lambda: None)
        history = measured.result()
        writer.end(history)
    if failure is not None:
        diagnostics.error(failure)
        return code
    _report(diagnostics, history)
    return ExitCode.DONE if history.is_trusted else ExitCode.FAILED


def _report(diagnostics: Diagnostics, history: VolumeHistory) -> None:
    """What is wrong with the streams, each kind of error once, with its first message."""
    figures = [*(row.figures for row in history.rows), *([history.allocated] if history.allocated else [])]
    failures = [one.failure for one in figures if one.failure is not None]
    for code, first in {failure.code or failure.type: failure for failure in reversed(failures)}.items():
        streams = counted(sum((failure.code or failure.type) == code for failure in failures), "stream")
        diagnostics.warning(f"{streams} incomplete, the first: {first.message}", *first.hint.split("\n"))
    rules = {
        violation.rule: violation for one in figures if one.outcome is not None for violation in one.outcome.violations
    }
    for violation in rules.values():
        diagnostics.warning(f"a stream broke {violation.rule} ({violation.level}): {violation.title}")


def _rate(measured: MeasuredHistory) -> Callable[[], str]:
    """How fast the volume is described, in all streams together."""
    started = time.monotonic()
    return lambda: f"{human_bytes(int(measured.next_offset / max(time.monotonic() - started, 1e-3)))}/s"
