"""Compares two lists of extents, each a document, a recording or a list of another tool, while both are read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kubectl_cbt.analysis.class_figures import FiguresByClass
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.list_comparison import Comparison
from kubectl_cbt.analysis.rules.position_rules import WithinCapacity
from kubectl_cbt.errors import CbtError, Interrupted, OutOfOrder
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.comparison_outcome import ClassedRanges, ComparedList, ComparisonOutcome, SideOutcome
from kubectl_cbt.model.record import INT64_MAX, Int64Column, joined
from kubectl_cbt.model.resolved_query import ResolvedQuery, same_volume
from kubectl_cbt.model.results import Failure, Outcome, Violation
from kubectl_cbt.units import human_bytes

if TYPE_CHECKING:
    from kubectl_cbt.model.record import Batch

_ENOUGH_EXTENTS, _ENOUGH_SECONDS = 2**10, 0.05
"""Small batches, such as messages of 256 extents, are compared together; what a pipe holds at once is not small."""


class ComparedStreams:
    """Two lists; iterate over it once, for the ranges of all classes in order.

    Args:
        left, right: not closed here.
        names: of both, in messages.
        grain_bytes: extents are rounded outwards to multiples of it; 1 leaves them unchanged.
    """

    def __init__(
        self, left: OpenStream, right: OpenStream, names: tuple[str, str] = ("left", "right"), grain_bytes: int = 1
    ) -> None:
        self.left = ComparedList(names[0], left.resolved, left.operation)
        self.right = ComparedList(names[1], right.resolved, right.operation)
        self.grain_bytes = grain_bytes
        start = max(opened.resolved.query.starting_offset for opened in (left, right))
        self._comparison = Comparison(*names, grain_bytes, start)
        self._figures = FiguresByClass()
        self._readers = _SideReader(left), _SideReader(right)
        self._failure: CbtError | None = None
        self._cancelled = False

    @property
    def extents(self) -> int:
        """Of both sides, read so far."""
        return sum(reader.opened.stream.extents for reader in self._readers)

    @property
    def next_offset(self) -> int:
        """Progress in bytes: up to here both sides are compared."""
        frontier = self._comparison.frontier
        return frontier if frontier < INT64_MAX else max(reader.opened.stream.next_offset for reader in self._readers)

    @property
    def capacity_bytes(self) -> int | None:
        """Of the larger volume, as the sides have stated it so far."""
        known = [reader.capacity_bytes for reader in self._readers if reader.capacity_bytes]
        return max(known, default=None)

    @property
    def seconds(self) -> float:
        """Time since the first one was read."""
        return max(reader.opened.stream.seconds for reader in self._readers)

    def __iter__(self) -> Iterator[ClassedRanges]:
        """The ranges, some of them empty.

        Raises:
            OutOfOrder: a side does not ascend.
            Interrupted: after :meth:`cancel`. Any other error of a side ends that side; see :meth:`outcome`.
        """
        sides = (self._comparison.left, self._comparison.right)
        try:
            while unread := [pair for pair in zip(sides, self._readers, strict=True) if not pair[0].has_ended]:
                # The side that is known less far, so that no more than a batch of the other one waits.
                side, reader = min(unread, key=lambda pair: pair[0].frontier)
                offsets, sizes = reader.read()
                if self._cancelled:
                    raise Interrupted("the comparison was stopped")
                side.add(offsets, sizes, reader.capacity_bytes)
                if reader.has_ended:
                    side.end(reader.known_end if reader.known_end is not None else INT64_MAX)
                yield self._counted(self._comparison.advance())
            yield self._counted(self._comparison.finish())
        except (Interrupted, OutOfOrder) as error:
            self._failure = error
            raise

    def _counted(self, ranges: ClassedRanges) -> ClassedRanges:
        self._figures.add(ranges)
        return ranges

    def cancel(self) -> None:
        """Stop; safe from another thread and at any time."""
        self._cancelled = True
        for reader in self._readers:
            reader.opened.stream.cancel()

    def outcome(self, error: CbtError | None = None) -> ComparisonOutcome:
        """The state of the comparison.

        Args:
            error: what ended it early; None if that is known here, or if it has not ended early.
        """
        left, right = (reader.outcome() for reader in self._readers)
        failure = error or self._failure
        has_ended = all(reader.has_ended for reader in self._readers)
        if failure is None and not has_ended:
            failure = Interrupted("the comparison has not ended")
        end = self._comparison.reported_end
        return ComparisonOutcome(
            left=left,
            right=right,
            figures=self._figures.figures(),
            start=self._comparison.start,
            end=end if end < INT64_MAX else None,
            unknown=tuple(
                reason
                for side, read, reader in zip((self.left, self.right), (left, right), self._readers, strict=True)
                for reason in _unknown(side.name, read, has_ended=reader.has_ended)
            ),
            warnings=(
                *_mismatches(self.left, self.right),
                *(
                    warning
                    for side, reader in zip((self.left, self.right), self._readers, strict=True)
                    for warning in _beyond(side.name, reader.capacity_rule.violation())
                ),
            ),
            failure=Failure.of(failure) if failure else None,
        )


class _SideReader:
    """Reads one side.

    Attributes:
        has_ended: whether there is no more.
        known_end: then, up to where the side is known; None if it is complete.
        capacity_rule: watches for extents beyond the capacity, which are compared as they are.
    """

    def __init__(self, opened: OpenStream) -> None:
        self.opened = opened
        self.has_ended = False
        self.known_end: int | None = None
        self.capacity_rule = WithinCapacity(opened.resolved.query)
        self._batches: Iterator[Batch] = iter(opened.stream)
        self._error: CbtError | None = None

    @property
    def capacity_bytes(self) -> int | None:
        """As the stream has stated it so far."""
        return self.opened.stream.capacity_bytes

    def read(self) -> tuple[Int64Column, Int64Column]:
        """The next extents as sent; none at the end, and sometimes before."""
        offsets: list[Int64Column] = []
        sizes: list[Int64Column] = []
        due = time.monotonic() + _ENOUGH_SECONDS
        try:
            while sum(map(len, offsets)) < _ENOUGH_EXTENTS and time.monotonic() < due:
                batch = next(self._batches, None)
                if batch is None:
                    self._end()
                    break
                self.capacity_rule.check(batch.records)
                offsets.append(batch.offsets)
                sizes.append(batch.sizes)
        except CbtError as error:
            # The list is known up to here.
            self._error = error
            self._end()
        return joined(offsets), joined(sizes)

    def _end(self) -> None:
        self.has_ended = True
        outcome, query = self._outcome(), self.opened.resolved.query
        if not outcome.complete:
            self.known_end = max(KnownRange.of(query, outcome).end, query.starting_offset)
        elif query.end_offset is not None:
            self.known_end = query.end_offset

    def _outcome(self) -> Outcome:
        restore_size = self.opened.resolved.target.restore_size_bytes
        return self.opened.stream.outcome(self._error, restore_size)

    def outcome(self) -> SideOutcome:
        """What was read so far."""
        outcome, stream = self._outcome(), self.opened.stream
        capacity = outcome.volume_capacity_bytes
        return SideOutcome(
            capacity_bytes=capacity if capacity and capacity > 0 else None,
            extents=stream.extents,
            known_start=self.opened.resolved.query.starting_offset,
            known_end=self.known_end if self.has_ended else stream.next_offset,
            failure=outcome.failure,
        )


def _unknown(name: str, side: SideOutcome, *, has_ended: bool) -> Iterator[str]:
    if not has_ended:
        yield f"{name} was read only up to {human_bytes(side.known_end or 0)}"
    elif side.failure is not None:
        yield f"{name} is incomplete, known up to {human_bytes(side.known_end or 0)}: {side.failure.message}"
    elif side.known_end is not None:
        yield f"{name} is an excerpt that ends at {human_bytes(side.known_end)}"
    if side.known_start:
        yield f"{name} starts at {human_bytes(side.known_start)}: what is before is unknown"
    if side.capacity_bytes is None:
        yield f"{name} has no capacity, so the end of its volume is unknown"


def _beyond(name: str, violation: Violation | None) -> Iterator[str]:
    if violation is not None:
        times = "once" if violation.count == 1 else f"{violation.count} times"
        first = violation.examples[0].in_list()
        yield f"{name} broke {violation.rule} ({violation.level}) {times}: {violation.title}; {first}"


def _mismatches(left: ComparedList, right: ComparedList) -> Iterator[str]:
    """What is known to differ between the queries."""
    if None not in (left.operation, right.operation) and left.operation != right.operation:
        yield f"{left.name} is {left.operation}, {right.name} is {right.operation}"
    one, other = left.resolved, right.resolved
    if same_volume(one.target, other.target) is False:
        yield f"the volumes differ: {_volume(one)} and {_volume(other)}"
        return
    for what, ours, theirs in (("target", _target(one), _target(other)), ("base", _base(one), _base(other))):
        if ours and theirs and ours != theirs:
            yield f"the {what} snapshots differ: {ours} and {theirs}"


def _volume(resolved: ResolvedQuery) -> str:
    target = resolved.target
    return target.claim or target.volume_handle or str(target.ref)


def _target(resolved: ResolvedQuery) -> str:
    # A list that does not record its query has no handle.
    return resolved.target.ref.name if resolved.target.handle.value else ""


def _base(resolved: ResolvedQuery) -> str:
    if resolved.base is not None:
        return resolved.base.ref.name
    return ""
