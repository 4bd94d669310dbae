"""Prints findings to standard output as they arrive; the report is complete even if a signal ends the command."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial

from kubectl_cbt.cli.charset import why_ascii
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode, is_a_terminal
from kubectl_cbt.cli.options import ColorWhen, TerminalFlags
from kubectl_cbt.cli.signals import Terminated
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.model.finding import Finding, Verdict
from kubectl_cbt.output.report import Report, ReportFormat, Write
from kubectl_cbt.units import printable

OnStart = Callable[[str], None]


def print_report(
    findings: Callable[[OnStart], Iterator[Finding]],
    form: ReportFormat,
    name: str,
    about: dict[str, str],
    terminal: TerminalFlags,
    *,
    shows_evidence: bool = False,
    write: Write | None = None,
) -> int:
    """Run the checks through a report; returns the exit code.

    Args:
        findings: makes the iterator, given a function to call with the name of each check when it starts.
        shows_evidence: see :class:`~kubectl_cbt.output.report.Report`.
        write: called with each part of the report, instead of writing it to standard output.
    """
    from kubectl_cbt.cli.terminal import stdout_target

    screen = stdout_target(terminal.color)
    write = write or partial(write_stdout, is_document=form is not ReportFormat.TABLE)
    report = Report(form, write, screen, name, about, shows_evidence=shows_evidence)
    report.begin()
    try:
        # Closed here, whatever ends the loop: connections of the checks are not left to the garbage collector.
        with _status_line(form, terminal) as on_start, contextlib.closing(_closeable(findings(on_start))) as found:
            for finding in found:
                report.add(finding)
    except Terminated:
        report.end(complete=False)
        raise
    report.end(complete=True)
    failed = any(finding.verdict is Verdict.FAIL for finding in report.findings)
    checked = any(finding.verdict is not Verdict.SKIPPED for finding in report.findings)
    return ExitCode.FAILED if failed or not checked else ExitCode.DONE


def _closeable(findings: Iterator[Finding]) -> Generator[Finding, None, None]:
    """The same findings, as a generator, which can be closed."""
    yield from findings


@contextlib.contextmanager
def _status_line(form: ReportFormat, terminal: TerminalFlags) -> Iterator[OnStart]:
    """Shows the running check on stderr, unless a table on the same terminal does."""
    fills_terminal = form is ReportFormat.TABLE and is_a_terminal(sys.stdout)
    if terminal.quiet or fills_terminal or not is_a_terminal(sys.stderr) or why_ascii(sys.stderr):
        yield lambda what: None
        return
    console = Diagnostics(no_color=terminal.color is ColorWhen.NEVER).console()
    from rich.text import Text

    with console.status("") as status:
        # The name of a hop may contain the name of a driver, which rich would parse for markup.
        yield lambda what: status.update(Text(printable(what)))
