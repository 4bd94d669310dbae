"""Everything that goes to stderr, and every exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, TextIO

from kubectl_cbt.cli import signals
from kubectl_cbt.errors import CbtError, UsageError
from kubectl_cbt.units import counted, one_line

if TYPE_CHECKING:
    from rich.console import Console

    from kubectl_cbt.model.results import Outcome, Violation


class ExitCode(IntEnum):
    """Exit codes, which scripts can rely on."""

    DONE = 0
    FAILED = 1  # also: incomplete, or the stream broke a MUST
    DIFFERENT = 1  # as that of diff
    USAGE = 2
    TROUBLE = 2  # as that of diff: nothing could be said
    # 130 for SIGINT and so on: Terminated.exit_code
    STDOUT_CLOSED = 141  # 128 + SIGPIPE: the reader of stdout closed it


class Diagnostics:
    """Prints messages to stderr; standard output is for data.

    Each message is one printable line, whatever its source: a second line from a server or a document would look like a
    message of this command. Hints can have several lines, which are indented.

    Args:
        quiet: print no notes.
        verbosity: from 1 on, print the traceback of errors.
        no_color: use no color, even on a terminal that supports it.
    """

    def __init__(self, *, quiet: bool = False, verbosity: int = 0, no_color: bool = False) -> None:
        self.quiet = quiet
        self.verbosity = verbosity
        self.no_color = no_color

    def console(self) -> Console:
        """A console on stderr, for progress bars and status lines."""
        from rich.console import Console

        # None leaves NO_COLOR to rich.
        return Console(stderr=True, no_color=self.no_color or None)

    def print_line(self, text: str) -> None:
        """A line that is printed even when notes are not."""
        _print_lines(text)

    def prompt(self, query: str) -> str:
        """Print a prompt and read a line.

        Raises:
            UsageError: the input ended, for example with Ctrl-D.
        """
        _print_lines(query, end="")
        line = sys.stdin.readline()
        if not line:
            _print_lines("")
            raise UsageError("no answer was given")
        return line.strip()

    def note(self, *lines: str) -> None:
        """Information that is not needed to use the output."""
        if not self.quiet:
            _print_lines(*lines)

    def warning(self, text: str, *details: str) -> None:
        """A possible problem with the output; details are indented lines after it."""
        _print_lines(f"warning: {text}", *(f"  {detail}" for detail in details))

    def error(self, error: CbtError) -> ExitCode:
        """An error and its hint; returns the exit code."""
        if self.verbosity > 0:
            _print_lines(*_traceback(error))
        _print_lines(f"{error.prefix}{error.message}")
        if error.hint:
            first, *more = error.hint.split("\n")
            _print_lines(f"hint: {first}", *(f"      {line}" for line in more))
        return ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.FAILED

    def outcome(self, outcome: Outcome) -> None:
        """The problems of a stream that ended: broken rules with their first examples, clipped extents, resumes."""
        for violation in outcome.violations:
            self.warning(*_describe(violation, has_messages=outcome.has_messages))
        if outcome.clipped:
            extents = "1 extent was" if outcome.clipped == 1 else f"{outcome.clipped} extents were"
            self.note(f"note: {extents} clipped to the starting offset, or omitted because of it")
        if outcome.resumes:
            self.note(f"note: the stream was resumed {counted(outcome.resumes, 'time')}")


def log_entry(*lines: str) -> None:
    """Print an entry of the log for ``-v``; its further lines start with a tab."""
    _print_lines(*lines)


def _traceback(error: CbtError) -> Iterator[str]:
    """The lines of the traceback; the text of each exception becomes one line."""
    for part in traceback.format_exception(error):
        yield from part.rstrip().split("\n") if part.startswith("  File ") else [part.strip()]


def _describe(violation: Violation, *, has_messages: bool) -> list[str]:
    times = "once" if violation.count == 1 else f"{violation.count} times"
    source = "stream" if has_messages else "list"
    lines = [f"the {source} broke {violation.rule} ({violation.level}) {times}: {violation.title}"]
    lines += [str(example) if has_messages else example.in_list() for example in violation.examples]
    if violation.count > len(violation.examples):
        lines.append("…")
    return lines


def is_a_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; a standard stream that the caller closed is None."""
    return stream is not None and stream.isatty()


def _print_lines(*lines: str, end: str = "\n") -> None:
    if sys.stderr is None:
        return  # closed by the caller; print would use stdout instead, which is for data
    if signals.received is not None and not signals.is_writable(sys.stderr):
        return  # a command that a signal ends does not wait for a reader
    text = "\n".join("\t" * line.startswith("\t") + one_line(line.removeprefix("\t")) for line in lines)
    try:
        print(text, end=end, file=sys.stderr, flush=True)  # noqa: T201  # this is the file that owns stderr
    except (OSError, ValueError):
        # stderr cannot be written. That must not change the exit code.
        return
