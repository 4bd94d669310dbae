"""Findings to standard output as they come; what is known is printed whatever ends it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial

from kubectl_cbt.cli.charset import why_ascii
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode, is_a_terminal
from kubectl_cbt.cli.options import ColorWhen, Terminal
from kubectl_cbt.cli.signals import Terminated
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.model.finding import Finding, Verdict
from kubectl_cbt.output.report import Report, ReportFormat
from kubectl_cbt.units import printable

OnStart = Callable[[str], None]


def print_report(
    findings: Callable[[OnStart], Iterator[Finding]],
    form: ReportFormat,
    name: str,
    about: dict[str, str],
    terminal: Terminal,
    *,
    shows_what_is_there: bool = False,
) -> int:
    """Run the checks through a report; returns the exit code.

    Args:
        shows_what_is_there: see :class:`~kubectl_cbt.output.report.Report`.
        findings: makes the iterator; is given whom to tell what is being looked at.
    """
    from kubectl_cbt.cli.terminal import stdout_target

    screen = stdout_target(terminal.color)
    write = partial(write_stdout, is_document=form is not ReportFormat.TABLE)
    report = Report(form, write, screen, name, about, shows_what_is_there=shows_what_is_there)
    report.begin()
    try:
        # Closed here, whatever ends the loop: what the checks hold open is not left to the garbage collector.
        with _watching(form, terminal) as on_start, contextlib.closing(_each(findings(on_start))) as found:
            for finding in found:
                report.add(finding)
    except Terminated:
        report.end(complete=False)
        raise
    report.end(complete=True)
    failed = any(finding.verdict is Verdict.FAIL for finding in report.findings)
    looked = any(finding.verdict is not Verdict.SKIPPED for finding in report.findings)
    return ExitCode.FAILED if failed or not looked else ExitCode.DONE


def _each(findings: Iterator[Finding]) -> Generator[Finding, None, None]:
    """The same findings from something that can be closed."""
    yield from findings


@contextlib.contextmanager
def _watching(form: ReportFormat, terminal: Terminal) -> Iterator[OnStart]:
    """Shows on stderr what is being looked at, unless a table on the same terminal does."""
    fills_terminal = form is ReportFormat.TABLE and is_a_terminal(sys.stdout)
    if terminal.quiet or fills_terminal or not is_a_terminal(sys.stderr) or why_ascii(sys.stderr):
        yield lambda what: None
        return
    console = Diagnostics(no_color=terminal.color is ColorWhen.NEVER).console()
    from rich.text import Text

    with console.status("") as status:
        # A hop may have the name of a driver, in which rich would look for markup.
        yield lambda what: status.update(Text(printable(what)))
