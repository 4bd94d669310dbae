"""What every format is: a writer that gets the batches of one stream and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from kubectl_cbt.analysis.heat_scale import LOG, HeatScale
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.units import one_line

Write = Callable[[bytes], None]
"""Takes text for standard output, as UTF-8; raises OutputError when it cannot be written."""


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """Where the text goes.

    Attributes:
        width: columns.
        scale: of heat.
        is_terminal: whether a person is looking.
        color_system: what rich calls the terminal's colours (``truecolor``, ``256``, ``standard``); None for none.
    """

    width: int = 80
    is_terminal: bool = False
    color_system: str | None = None
    scale: HeatScale = LOG


class Writer(Protocol):
    """Formats one stream.

    :meth:`end` is called exactly once, for a stream that failed too: what a format can say about that, it says.

    Attributes:
        shows_summary: whether :meth:`end` says anything of the summary; counting it costs as much as decoding.
    """

    needs_summary: ClassVar[bool]

    def batch(self, batch: Batch) -> None:
        """Take the next batch."""
        ...

    def end(self, outcome: Outcome, summary: Summary) -> None:
        """Finish the document."""
        ...


MakeWriter = Callable[[Write, ResolvedQuery, OutputTarget], Writer]


def incomplete_note(outcome: Outcome) -> bytes:
    """The last line of a text format whose stream failed; empty when it is complete.

    It begins with ``#``, so that whoever reads numbers stops there instead of taking a part for the whole.
    """
    if outcome.failure is None:
        return b""
    return f"# incomplete: {one_line(outcome.failure.message)}\n".encode()
