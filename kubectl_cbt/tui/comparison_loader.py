"""A comparison that is read in a thread of its own. Its differences are the extents of the map."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePath
from typing import Protocol

import numpy as np

from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.comparison_outcome import (
    SHOWN_CLASSES,
    ClassedRanges,
    ComparedList,
    ComparisonOutcome,
    RangeClass,
)
from kubectl_cbt.model.extents import ExtentBuffer, Extents
from kubectl_cbt.model.record import Batch, Record, Records
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.results import Failure, Outcome
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.tui.loader import Frame, Loader


class Compared(Protocol):
    """Two lists that are compared; see :class:`~kubectl_cbt.core.compare.ComparedStreams`."""

    left: ComparedList
    right: ComparedList
    grain_bytes: int

    @property
    def next_offset(self) -> int: ...

    @property
    def capacity_bytes(self) -> int | None: ...

    @property
    def seconds(self) -> float: ...

    def __iter__(self) -> Iterator[ClassedRanges]: ...

    def cancel(self) -> None:
        """Stop; safe from another thread and at any time."""
        ...

    def outcome(self, error: CbtError | None = None) -> ComparisonOutcome:
        """The state of the comparison."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The ranges of a comparison by class, in the order of classes, and its state when there were no more of them."""

    extents: dict[RangeClass, Extents]
    outcome: ComparisonOutcome


class DifferenceStream:
    """The differences of a comparison as a :class:`~kubectl_cbt.model.batch_stream.BatchStream`."""

    def __init__(self, compared: Compared) -> None:
        self.compared = compared
        self.extents = 0
        self._messages = 0
        self._lock = threading.Lock()
        self._buffers = {found: ExtentBuffer() for found in SHOWN_CLASSES}
        self._outcome = compared.outcome()

    @property
    def next_offset(self) -> int:
        """Progress in bytes."""
        return self.compared.next_offset

    @property
    def capacity_bytes(self) -> int | None:
        """Of the larger volume; None until a side has it."""
        return self.compared.capacity_bytes

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return self.compared.seconds

    def __iter__(self) -> Iterator[Batch]:
        """Batches of the ranges that differ, some of them empty."""
        try:
            for ranges in self.compared:
                self._messages += 1
                with self._lock:
                    for kind, buffer in self._buffers.items():
                        found = ranges.where(ranges.classes == kind)
                        buffer.append(found.starts, found.sizes)
                    # Kept with the ranges: the comparison may be ahead of them when a frame is made.
                    self._outcome = self.compared.outcome()
                different = ranges.where(ranges.classes != RangeClass.BOTH)
                self.extents += len(different)
                capacity = self.capacity_bytes or 0
                yield Batch.whole(Records.of(Record(self._messages, 0, capacity, different.starts, different.sizes)))
        finally:
            self._outcome = self.compared.outcome()

    def notify_to(self, notify: Callable[[str], None]) -> None:
        """Do nothing: there are no notes."""

    def cancel(self) -> None:
        """Stop; safe from another thread and at any time."""
        self.compared.cancel()

    def classes(self) -> Classes:
        """The classes so far; at most a batch ahead of what was received from the iterator."""
        with self._lock:
            received, outcome = {kind: buffer.received() for kind, buffer in self._buffers.items()}, self._outcome
        return Classes({kind: found.extents for kind, found in received.items()}, outcome)

    def outcome(self, error: CbtError | None = None, restore_size_bytes: int | None = None) -> Outcome:
        """The state of the comparison as that of a stream: incomplete if not everything could be compared."""
        outcome = self._outcome if error is None else replace(self._outcome, failure=Failure.of(error))
        failure = outcome.failure
        if failure is None and outcome.unknown:
            failure = Failure("DocumentError", "", outcome.unknown[0], "")
        return Outcome(
            complete=failure is None,
            block_metadata_type=None,
            volume_capacity_bytes=outcome.capacity_bytes,
            messages=self._messages,
            extents=self.extents,
            next_offset=self._end(outcome),
            clipped=0,
            resumes=0,
            seconds=self.seconds,
            violations=(),
            failure=failure,
            has_messages=False,
        )

    def _end(self, outcome: ComparisonOutcome) -> int:
        if outcome.end is None:
            # Both lists are complete, though a volume's size may be unknown.
            return outcome.capacity_bytes or self.next_offset
        return outcome.end


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonFrame(Frame):
    """The state of a comparison at one moment.

    Attributes:
        classes: of what was received.
    """

    classes: Classes = field(kw_only=True)


class ComparisonLoader(Loader):
    """Reads a comparison to its end.

    Attributes:
        frame: the newest frame.
    """

    frame: ComparisonFrame

    def __init__(self, compared: Compared) -> None:
        self.stream = DifferenceStream(compared)
        super().__init__(OpenStream(_resolved(compared), self.stream, None))

    def _frame(self, *, is_running: bool) -> ComparisonFrame:
        classes = self.stream.classes()
        frame = super()._frame(is_running=is_running)
        values = {field.name: getattr(frame, field.name) for field in fields(Frame)}
        return ComparisonFrame(**values, classes=classes)


def _resolved(compared: Compared) -> ResolvedQuery:
    """A query for the texts that name a map."""
    left, right = compared.left, compared.right
    names = "..".join(PurePath(side.name).name for side in (left, right))
    ref = SnapshotRef("", names)
    target = Snapshot(ref, "", "", SnapshotHandle(""), None, None, None, None)
    return ResolvedQuery(Query(ref, starting_offset=compared.outcome().start), target)


def covered_by_class(
    frame: ComparisonFrame, edges: np.typing.NDArray[np.int64]
) -> tuple[np.typing.NDArray[np.int64], ...]:
    """Bytes between neighbouring edges that only the left side has, both have, and only the right side has.

    Args:
        edges: int64[n + 1], bytes, not descending.
    """
    return tuple(np.diff(extents.covered_before(edges)) for extents in frame.classes.extents.values())
