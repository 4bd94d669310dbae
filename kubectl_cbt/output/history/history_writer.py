"""The interface of the formats of a history: a writer gets its rows as their streams end, and the whole at the end."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Protocol

from kubectl_cbt.analysis.history import pairs_of
from kubectl_cbt.model.stream_figures import MeteredQuery
from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import one_line


class HistoryWriter(Protocol):
    """Prints one history in one format; :meth:`end` is called exactly once, however the history ended.

    Attributes:
        prints_rows: whether it prints while streams end; on a terminal there is then no progress bar.
        is_text: whether it is for people, with ASCII replacements where the locale requires; data is always UTF-8.
    """

    prints_rows: ClassVar[bool] = True
    is_text: ClassVar[bool] = False

    def __init__(self, write: Write, plan: VolumeHistory, target: OutputTarget) -> None: ...

    @classmethod
    def cells(cls, plan: VolumeHistory, target: OutputTarget) -> int:
        """How many cells of the volume it draws for each row."""
        return 1

    def row(self, row: HistoryRow) -> None:
        """Add a row whose stream ended."""
        ...

    def end(self, history: VolumeHistory) -> None:
        """Finish the document; it has all rows, also those whose streams did not end."""
        ...


class OrderedHistoryWriter(HistoryWriter):
    """Prints the rows in order of time: a row that is late delays those after it."""

    def __init__(self, write: Write, plan: VolumeHistory, target: OutputTarget) -> None:
        self._write = write
        self._plan = plan
        self._order = [pair.query for pair in pairs_of(plan.snapshots, plan.pairing)]
        self._waiting: dict[MeteredQuery, HistoryRow] = {}
        self._printed = 0

    def row(self, row: HistoryRow) -> None:
        self._waiting[row.pair.query] = row
        while self._printed < len(self._order) and (found := self._waiting.pop(self._order[self._printed], None)):
            self._print(found)

    def end(self, history: VolumeHistory) -> None:
        for row in history.rows[self._printed :]:
            self._print(row)
        self._finish(history)

    def _print(self, row: HistoryRow) -> None:
        self._print_row(row)
        self._printed += 1

    @abstractmethod
    def _print_row(self, row: HistoryRow) -> None:
        """Print the next row."""

    @abstractmethod
    def _finish(self, history: VolumeHistory) -> None:
        """Print what follows the rows."""


def incomplete_note(history: VolumeHistory) -> str:
    """The last line of a text format if a stream is incomplete; empty if all are complete."""
    if history.is_complete:
        return ""
    figures = [*(row.figures for row in history.rows), *([history.allocated] if history.allocated else [])]
    incomplete = [one for one in figures if not one.is_complete]
    reason = next((one.failure.message for one in incomplete if one.failure), "not queried")
    return f"# incomplete: {len(incomplete)} of {len(figures)} streams, the first: {one_line(reason)}\n"
