"""Runs a verification and prints it to standard output. Whatever ends it, the document is finished."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from kubectl_cbt.cli.charset import as_text
from kubectl_cbt.cli.consume import consume
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode
from kubectl_cbt.cli.options import ColorWhen, TerminalFlags
from kubectl_cbt.cli.progress import progress_bar, wants_progress
from kubectl_cbt.cli.signals import GracefulStop
from kubectl_cbt.cli.stdout import StandardOutput
from kubectl_cbt.errors import Interrupted
from kubectl_cbt.output.verification.verification_formats import VerificationFormat
from kubectl_cbt.units import human_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_cbt.analysis.set_algebra import ByteRanges
    from kubectl_cbt.core.verified_stream import VerifiedStream
    from kubectl_cbt.model.resolved_query import ResolvedQuery
    from kubectl_cbt.output.verification.verification_formats import VerificationWriter


@dataclass(frozen=True, slots=True)
class VerificationOutput:
    """Where a verification is printed.

    Attributes:
        copy: a file that gets the same as JSON; None for none.
    """

    form: VerificationFormat
    terminal: TerminalFlags
    copy: BinaryIO | None = None


def print_verification(
    verified: VerifiedStream, resolved: ResolvedQuery, output: VerificationOutput, *, is_live: bool
) -> int:
    """Compare all, and print the result; returns the exit code.

    Args:
        is_live: whether the query can be repeated from where the stream ended.
    """
    terminal = output.terminal
    diagnostics = Diagnostics(
        quiet=terminal.quiet, verbosity=terminal.verbosity, no_color=terminal.color is ColorWhen.NEVER
    )
    verified.stream.notify_to(lambda text: diagnostics.note(f"note: {text}"))
    bar = wants_progress(quiet=terminal.quiet, prints_rows=output.form is VerificationFormat.JSON)
    with GracefulStop(verified.cancel) as stop:
        writers = _writers(output, stop, resolved, verified.devices)
        with progress_bar(verified, _rate(verified), diagnostics, shown=bar) as advance:

            def use(missing: ByteRanges) -> None:
                for writer in writers:
                    writer.missing(missing, verified.first_batch)
                advance()

            failure, code = consume(verified, use, stop)
        result = verified.result(failure)
        for writer in writers:
            writer.end(result, verified.first_batch)
    diagnostics.outcome(result.outcome)
    if failure:
        diagnostics.error(failure)
    # The same list, the same device or the same disorder would end another verification at the same place.
    can_continue = (is_live and failure is not None) or isinstance(failure, Interrupted)
    if can_continue and (at := verified.continue_at) is not None:
        diagnostics.print_line(f"note: compared up to {human_bytes(result.end)}; continue with --starting-offset {at}")
    return code or (ExitCode.DONE if result.is_trusted else ExitCode.FAILED)


def _writers(
    output: VerificationOutput, stop: GracefulStop, resolved: ResolvedQuery, devices: tuple[str, ...]
) -> list[VerificationWriter]:
    write = StandardOutput(stop).write
    to_stdout = (lambda data: write(as_text(data))) if output.form is VerificationFormat.SUMMARY else write
    writers = [output.form.writer(to_stdout, resolved, devices)]
    copy = output.copy
    if copy is not None:

        def to_copy(data: bytes) -> None:
            copy.write(data)

        writers.append(VerificationFormat.JSON.writer(to_copy, resolved, devices))
    return writers


def _rate(verified: VerifiedStream) -> Callable[[], str]:
    """How fast the volume is compared, holes included."""
    started, first = time.monotonic(), verified.next_offset
    return lambda: f"{human_bytes(int((verified.next_offset - first) / max(time.monotonic() - started, 1e-3)))}/s"
