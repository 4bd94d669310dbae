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
    """What a script may rely on."""

    DONE = 0
    FAILED = 1  # also: incomplete, or the stream broke a MUST
    USAGE = 2
    # 130 (Ctrl-C) and its kin: Stopped.exit_code
    READER_GONE = 141  # 128 + SIGPIPE: whoever read stdout has closed it


class Diagnostics:
    """Talks to the person on stderr; standard output is for data.

    Every text is one line, printable, whoever wrote it: a line that a server or a document makes up would pass for
    one of ours. A hint has lines of its own, which are indented.

    Args:
        quiet: leave out notes.
        verbosity: from 1 on, errors come with their traceback.
        no_color: whatever the terminal can do.
    """

    def __init__(self, *, quiet: bool = False, verbosity: int = 0, no_color: bool = False) -> None:
        self.quiet = quiet
        self.verbosity = verbosity
        self.no_color = no_color

    def console(self) -> Console:
        """Where something that moves may be drawn."""
        from rich.console import Console

        # None leaves NO_COLOR to rich.
        return Console(stderr=True, no_color=self.no_color or None)

    def say(self, text: str) -> None:
        """Something that was asked for."""
        _say(text)

    def prompt(self, query: str) -> str:
        """Ask on the terminal, and read a line.

        Raises:
            UsageError: the input ended, as Ctrl-D does.
        """
        _say(query, end="")
        line = sys.stdin.readline()
        if not line:
            _say("")
            raise UsageError("nothing was chosen")
        return line.strip()

    def note(self, *lines: str) -> None:
        """Something good to know."""
        if not self.quiet:
            _say(*lines)

    def warning(self, text: str, *details: str) -> None:
        """Something that may be wrong with the answer; details are lines below it."""
        _say(f"warning: {text}", *(f"  {detail}" for detail in details))

    def error(self, error: CbtError) -> ExitCode:
        """What failed and what to do; returns the exit code for it."""
        if self.verbosity > 0:
            _say(*_traceback(error))
        _say(f"{error.prefix}{error.message}")
        if error.hint:
            first, *more = error.hint.split("\n")
            _say(f"hint: {first}", *(f"      {line}" for line in more))
        return ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.FAILED

    def outcome(self, outcome: Outcome) -> None:
        """What is to be known of a stream that ended: the rules it broke, each with its first examples, and resumes."""
        for violation in outcome.violations:
            self.warning(*_in_words(violation))
        if outcome.clipped:
            extents = "1 extent was" if outcome.clipped == 1 else f"{outcome.clipped} extents were"
            self.note(f"note: {extents} cut at the starting offset, or left out for ending before it")
        if outcome.resumes:
            self.note(f"note: the stream was taken up again {counted(outcome.resumes, 'time')}")


def log_entry(*lines: str) -> None:
    """An entry of the log that ``-v`` asks for; a tab indents the lines that continue its first."""
    _say(*lines)


def _traceback(error: CbtError) -> Iterator[str]:
    """Lines of it; those of an exception's own words are one each, as everywhere."""
    for part in traceback.format_exception(error):
        yield from part.rstrip().split("\n") if part.startswith("  File ") else [part.strip()]


def _in_words(violation: Violation) -> list[str]:
    times = "once" if violation.count == 1 else f"{violation.count} times"
    lines = [f"the stream broke {violation.rule} ({violation.level}) {times}: {violation.title}"]
    lines += map(str, violation.examples)
    if violation.count > len(violation.examples):
        lines.append("…")
    return lines


def is_a_terminal(stream: TextIO | None) -> bool:
    """Whether a person is at the other end; a standard stream the caller closed is None."""
    return stream is not None and stream.isatty()


def _say(*lines: str, end: str = "\n") -> None:
    if sys.stderr is None:
        return  # closed by the caller; print would take stdout instead, which is for data
    if signals.seen is not None and not signals.takes_text(sys.stderr):
        return  # a command that is to end does not wait for a reader
    text = "\n".join("\t" * line.startswith("\t") + one_line(line.removeprefix("\t")) for line in lines)
    try:
        print(text, end=end, file=sys.stderr, flush=True)  # noqa: T201  # this is the file that owns stderr
    except (OSError, ValueError):
        # Nobody listens. That must not hide the exit code.
        return
