"""Prints a comparison to standard output. Whatever ends it, the writer finishes its document first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_cbt.cli.charset import as_text
from kubectl_cbt.cli.consume import consume
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode
from kubectl_cbt.cli.launch_tui import why_no_screen
from kubectl_cbt.cli.options import ColorWhen, MapFlags, PictureFlags, TerminalFlags
from kubectl_cbt.cli.progress import extent_rate, progress_bar, wants_progress
from kubectl_cbt.cli.signals import GracefulStop
from kubectl_cbt.cli.stdout import StandardOutput
from kubectl_cbt.errors import Interrupted
from kubectl_cbt.model.comparison_outcome import ClassedRanges, ComparisonResult, RangeClass
from kubectl_cbt.output.comparison.comparison_formats import ComparisonFormat

if TYPE_CHECKING:
    from kubectl_cbt.core.compare import ComparedStreams
    from kubectl_cbt.errors import CbtError
    from kubectl_cbt.model.comparison_outcome import ComparisonOutcome

_EXIT_CODES = {
    ComparisonResult.EQUAL: ExitCode.DONE,
    ComparisonResult.COVERED: ExitCode.DONE,
    ComparisonResult.DIFFERENT: ExitCode.DIFFERENT,
    ComparisonResult.NOT_COVERED: ExitCode.DIFFERENT,
    ComparisonResult.INCOMPLETE: ExitCode.TROUBLE,
}


def print_comparison(
    compared: ComparedStreams,
    output: ComparisonFormat | None,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
    *,
    covers: bool,
) -> int:
    """Run the comparison through a writer, and print problems to stderr; returns the exit code, as that of ``diff``.

    Args:
        covers: whether the question is if the left side contains the right one.
    """
    from kubectl_cbt.cli.terminal import picture_target
    from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead

    diagnostics = Diagnostics(
        quiet=terminal.quiet, verbosity=terminal.verbosity, no_color=terminal.color is ColorWhen.NEVER
    )
    if output is None and (reason := why_no_screen()):
        diagnostics.note(f"note: printing the summary instead of the map: {reason}")
    format_writer = (output or ComparisonFormat.SUMMARY).writer
    bar = wants_progress(quiet=terminal.quiet, prints_rows=format_writer.prints_rows)
    with GracefulStop(compared.cancel) as stop:
        write = StandardOutput(stop).write
        to_stdout = (lambda data: write(as_text(data))) if format_writer.is_text else write
        head = ComparisonHead(compared.left, compared.right, compared.grain_bytes, covers=covers)
        writer = format_writer(to_stdout, head, picture_target(terminal, map_flags, picture))
        with progress_bar(compared, extent_rate(compared), diagnostics, shown=bar) as advance:

            def use(ranges: ClassedRanges) -> None:
                wanted = ranges.where(ranges.classes == RangeClass.ONLY_RIGHT) if covers else ranges
                writer.ranges(wanted, compared.capacity_bytes)
                advance()

            failure, code = consume(compared, use, stop)
        outcome = compared.outcome(failure)
        writer.end(outcome)
    _report(diagnostics, outcome, failure)
    return code if isinstance(failure, Interrupted) else exit_code(outcome, covers=covers)


def exit_code(outcome: ComparisonOutcome, *, covers: bool) -> int:
    """The exit code of a comparison that no signal ended.

    A map that was left before everything was compared has the code of what was found until then.
    """
    if outcome.failure is not None and outcome.failure.type != Interrupted.kind:
        return ExitCode.TROUBLE
    return _EXIT_CODES[outcome.result(covers=covers)]


def _report(diagnostics: Diagnostics, outcome: ComparisonOutcome, failure: CbtError | None) -> None:
    from kubectl_cbt.units import human_sizes

    for warning in outcome.warnings:
        diagnostics.warning(warning)
    if outcome.different_capacities:
        left, right = human_sizes(outcome.different_capacities)
        diagnostics.warning(f"the capacities of the volumes differ: {left} left, {right} right")
    for reason in outcome.unknown:
        diagnostics.warning(f"not compared in full: {reason}")
    if failure is not None:
        diagnostics.error(failure)
