"""The base of formats that list every byte of the volume: runs of extents, and the gaps between them.

Such formats cannot represent extents that overlap, are out of order or are empty. Their text ends at the first of
these, and is marked as incomplete.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from kubectl_cbt.model.record import Batch, Int64Column
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.rows import PIECE_ROWS
from kubectl_cbt.output.writer import OutputTarget, Write, Writer
from kubectl_cbt.units import one_line


class CoveringWriter(Writer, ABC):
    """Prints runs and gaps, alternating, from the starting offset to the end of the volume.

    Extents that touch are one run. Without a capacity the list ends with the last run.
    """

    needs_operation = True

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._resolved = resolved
        self._position = resolved.query.starting_offset
        self._pending: tuple[int, int] | None = None
        self._problem = ""
        self._opening = self._head()

    def batch(self, batch: Batch) -> None:
        for begin in range(0, len(batch), PIECE_ROWS):
            piece = slice(begin, begin + PIECE_ROWS)
            if not self._problem:
                self._add(batch.offsets[piece], batch.ends[piece])

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if self._pending:
            self._print_runs(*(np.array([bound], dtype=np.int64) for bound in self._pending))
        failure = outcome.failure.message if outcome.failure else self._problem
        end = self._resolved.query.end_offset or outcome.volume_capacity_bytes or 0
        if not failure and end > self._position:
            self._print(self._gap(self._position, end - self._position))
        self._print(self._tail(one_line(failure), is_size_known=bool(end)))

    @abstractmethod
    def _head(self) -> bytes:
        """The text before the first row."""

    @abstractmethod
    def _rows(self, gaps: Int64Column, gap_sizes: Int64Column, runs: Int64Column, run_sizes: Int64Column) -> bytes:
        """Rows of a gap and the run after it: starts and sizes in bytes, none of them empty."""

    @abstractmethod
    def _run(self, start: int, size: int) -> bytes:
        """The row of a run without a gap before it."""

    @abstractmethod
    def _gap(self, start: int, size: int) -> bytes:
        """The row of the gap at the end of the volume."""

    @abstractmethod
    def _tail(self, failure: str, *, is_size_known: bool) -> bytes:
        """The text after the last row.

        Args:
            failure: why the list is incomplete, as one line; empty if it is complete.
            is_size_known: whether the list ends with the volume, if it is complete.
        """

    def _add(self, offsets: Int64Column, ends: Int64Column) -> None:
        """Print all runs but the last one, which the next extent may continue."""
        last_end = self._pending[1] if self._pending else self._position
        wrong = np.flatnonzero((offsets < np.concatenate(([last_end], ends[:-1]))) | (ends <= offsets))
        if len(wrong):
            self._problem = f"the extent at byte {offsets[wrong[0]]} is out of order, overlaps another or is empty"
            offsets, ends = offsets[: wrong[0]], ends[: wrong[0]]
        if self._pending:
            offsets = np.concatenate(([self._pending[0]], offsets))
            ends = np.concatenate(([self._pending[1]], ends))
        if not len(offsets):
            return
        opens = np.concatenate(([True], offsets[1:] > ends[:-1]))
        starts, ends = offsets[opens], ends[np.concatenate((opens[1:], [True]))]
        self._pending = int(starts[-1]), int(ends[-1])
        self._print_runs(starts[:-1], ends[:-1])

    def _print_runs(self, starts: Int64Column, ends: Int64Column) -> None:
        if not len(starts):
            return
        gaps = np.concatenate(([self._position], ends[:-1]))
        self._position = int(ends[-1])
        first = b""
        if starts[0] == gaps[0]:
            # Only the first run of all can be without a gap.
            first = self._run(int(starts[0]), int(ends[0] - starts[0]))
            gaps, starts, ends = gaps[1:], starts[1:], ends[1:]
        self._print(first + self._rows(gaps, starts - gaps, starts, ends - starts))

    def _print(self, text: bytes) -> None:
        self._write(self._opening + text)
        self._opening = b""
