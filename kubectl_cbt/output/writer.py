"""The interface of all formats: a writer gets the batches of one stream, and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from kubectl_cbt.analysis.heat_scale import LOG, HeatScale
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.default_palette import DEFAULT_PALETTE
from kubectl_cbt.output.picture_size import DEFAULT_PICTURE_SIZE, PictureSize
from kubectl_cbt.units import one_line

Write = Callable[[bytes], None]
"""Writes UTF-8 to standard output; raises OutputError if that fails."""


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """Where the output is shown.

    Attributes:
        width: in columns.
        is_terminal: whether it is a terminal.
        color_system: rich's name for the terminal's colors (``truecolor``, ``256``, ``standard``); None for no color.
        scale: of heat.
        palette: name of the palette of a picture.
        is_dark: whether a picture is drawn in the dark theme.
        picture_size: of a picture.
    """

    width: int = 80
    is_terminal: bool = False
    color_system: str | None = None
    scale: HeatScale = LOG
    palette: str = DEFAULT_PALETTE
    is_dark: bool = True
    picture_size: PictureSize = DEFAULT_PICTURE_SIZE


class Writer(Protocol):
    """Prints one stream in one format; formats inherit from it and override what differs.

    :meth:`end` is called exactly once, also for a stream that failed: every format that can shows the failure.

    Attributes:
        needs_summary: whether :meth:`end` prints figures of the summary; computing it costs as much as decoding.
        needs_operation: whether it prints if the stream is a delta or allocated, which some documents do not record.
        prints_rows: whether it prints while batches arrive; on a terminal there is then no progress bar.
        is_text: whether it is for people, with ASCII replacements where the locale requires; data is always UTF-8.
    """

    needs_summary: ClassVar[bool] = False
    needs_operation: ClassVar[bool] = False
    prints_rows: ClassVar[bool] = True
    is_text: ClassVar[bool] = False

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None: ...

    def batch(self, batch: Batch) -> None:
        """Print the next batch."""
        ...

    def end(self, outcome: Outcome, summary: Summary) -> None:
        """Finish the document."""
        ...


def incomplete_note(outcome: Outcome) -> bytes:
    """The last line of a text format if the stream failed; empty if it is complete.

    It starts with ``#``, so that a reader of numbers fails there and does not treat a part as the whole.
    """
    if outcome.failure is None:
        return b""
    return f"# incomplete: {one_line(outcome.failure.message)}\n".encode()
