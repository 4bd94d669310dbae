"""The interface of a format: a writer that receives the batches of one stream and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.units import one_line

Write = Callable[[bytes], None]
"""Writes UTF-8 text to standard output; raises OutputError when this fails."""


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """The output that the text is formatted for.

    Attributes:
        width: columns.
        is_terminal: whether the output is a terminal.
        color_system: rich's name of the colour system (``truecolor``, ``256``, ``standard``); None without colours.
    """

    width: int = 80
    is_terminal: bool = False
    color_system: str | None = None


class Writer(Protocol):
    """Formats one stream.

    :meth:`end` is called exactly once, also for a stream that failed, which the format reports if it can.

    Attributes:
        shows_summary: whether :meth:`end` uses the summary; computing it costs as much as decoding.
    """

    needs_summary: ClassVar[bool]

    def batch(self, batch: Batch) -> None:
        """Add the next batch."""
        ...

    def end(self, outcome: Outcome, summary: Summary) -> None:
        """Finish the document."""
        ...


MakeWriter = Callable[[Write, ResolvedQuery, OutputTarget], Writer]


def incomplete_note(outcome: Outcome) -> bytes:
    """Return the last line of a text format after a failed stream; empty if the stream is complete.

    It starts with ``#``, so that a parser of numbers fails instead of accepting a part as complete.
    """
    if outcome.failure is None:
        return b""
    return f"# incomplete: {one_line(outcome.failure.message)}\n".encode()
