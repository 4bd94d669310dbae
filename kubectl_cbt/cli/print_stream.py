"""Prints a stream to standard output. Whatever ends the stream, the writer finishes its document first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_cbt.cli.charset import as_text
from kubectl_cbt.cli.consume import consume
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode
from kubectl_cbt.cli.launch_tui import why_no_screen
from kubectl_cbt.cli.options import ColorWhen, MapFlags, PictureFlags, TerminalFlags
from kubectl_cbt.cli.progress import extent_rate, progress_bar, wants_progress
from kubectl_cbt.cli.signals import GracefulStop, Terminated
from kubectl_cbt.cli.stdout import StandardOutput
from kubectl_cbt.errors import Interrupted
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.units import counted, human_bytes

if TYPE_CHECKING:
    from kubectl_cbt.model.batch_stream import BatchStream
    from kubectl_cbt.model.record import Batch
    from kubectl_cbt.model.resolved_query import ResolvedQuery
    from kubectl_cbt.model.results import Outcome


def print_stream(
    stream: BatchStream,
    resolved: ResolvedQuery,
    output: StreamFormat | None,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
    *,
    can_resume: bool = True,
) -> int:
    """Run the stream through a writer, and print problems to stderr; returns the exit code.

    Args:
        can_resume: whether the query can be repeated from where the stream ended.
    """
    from kubectl_cbt.analysis.summary import SummaryBuilder
    from kubectl_cbt.cli.terminal import picture_target

    no_color = terminal.color is ColorWhen.NEVER
    diagnostics = Diagnostics(quiet=terminal.quiet, verbosity=terminal.verbosity, no_color=no_color)
    stream.notify_to(lambda text: diagnostics.note(f"note: {text}"))
    format_writer = (output or StreamFormat.SUMMARY).writer
    if output is None and (reason := why_no_screen()):
        diagnostics.note(f"note: printing the summary instead of the map: {reason}")
    bar = wants_progress(quiet=terminal.quiet, prints_rows=format_writer.prints_rows)
    with GracefulStop(stream.cancel) as stop:
        write = StandardOutput(stop).write
        to_stdout = (lambda data: write(as_text(data))) if format_writer.is_text else write
        writer = format_writer(to_stdout, resolved, picture_target(terminal, map_flags, picture))
        figures = SummaryBuilder(resolved.query.starting_offset)
        written = _Written(stream.next_offset)
        try:
            with progress_bar(stream, extent_rate(stream), diagnostics, shown=bar) as advance:

                def use(batch: Batch) -> None:
                    if writer.needs_summary:
                        figures.add(batch)
                    writer.batch(batch)
                    written.next_offset, written.extents = stream.next_offset, stream.extents
                    advance()

                failure, code = consume(stream, use, stop)
            outcome = stream.outcome(failure, resolved.target.restore_size_bytes)
            writer.end(outcome, figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete))
        except Terminated:
            # In the middle of a batch: the stream is ahead of what was written.
            outcome = replace(stream.outcome(Interrupted("interrupted")), next_offset=written.next_offset)
            diagnostics.print_line(_incomplete_note(replace(outcome, extents=written.extents), can_resume=can_resume))
            raise
    diagnostics.outcome(outcome)
    if failure:
        diagnostics.error(failure)
        diagnostics.print_line(_incomplete_note(outcome, can_resume=can_resume))
    elif outcome.failure:
        # The saved stream had failed.
        diagnostics.warning(f"incomplete when it was saved: {outcome.failure.message}")
        code = ExitCode.FAILED
    elif outcome.broke_a_must:
        code = ExitCode.FAILED
    return code


@dataclass(slots=True)
class _Written:
    """What is in the document: whole batches."""

    next_offset: int
    extents: int = 0


def _incomplete_note(outcome: Outcome, *, can_resume: bool) -> str:
    if not outcome.messages:
        return "note: nothing was received" if can_resume else "note: nothing was read"
    received = counted(outcome.extents, "extent")
    if not can_resume:
        return f"note: incomplete: {received}, up to {human_bytes(outcome.next_offset)}"
    if outcome.is_out_of_order:
        return f"note: incomplete: {received}, out of order, so the missing range is unknown: run the command again"
    return (
        f"note: incomplete: {received} in {counted(outcome.messages, 'message')},"
        f" up to {human_bytes(outcome.next_offset)}; continue with --starting-offset {outcome.next_offset}"
    )
