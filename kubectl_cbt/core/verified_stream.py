"""Verifies a stream against the data of block devices or image files, while the stream arrives.

The volume is compared window by window, in a few threads: a window is read when the stream has described all of it,
and the stream is not read further while enough windows wait. So memory does not depend on the size of the volume.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.analysis.window_tally import (
    NO_RANGES,
    UNIT_BYTES,
    WINDOW_BYTES,
    JoinedRanges,
    WindowData,
    WindowTally,
)
from kubectl_cbt.core.compared_sizes import ComparedSizes
from kubectl_cbt.devices.device import Device
from kubectl_cbt.devices.window_reader import WindowReader
from kubectl_cbt.errors import CbtError, Interrupted
from kubectl_cbt.model.batch_stream import BatchStream
from kubectl_cbt.model.record import Batch, joined
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.verification import Verification
from kubectl_cbt.units import human_bytes, human_sizes

_THREADS = min(os.cpu_count() or 1, 4)
_WAITING_WINDOWS = 4 * _THREADS
_NAMED_ERRORS = 3


class _Submitted(NamedTuple):
    """A window, or many that are not read; in order.

    Attributes:
        data: what is being read; None if nothing is.
        reported: the extents in a window that is read.
        is_reported: whether the windows that are not read are reported; else nothing in them is.
    """

    start: int
    end: int
    data: Future[WindowData] | None = None
    reported: ByteRanges = NO_RANGES
    is_reported: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    """What an answer is compared with.

    Attributes:
        target: restored from the target snapshot, or from the only one.
        base: restored from the base snapshot; None for allocated extents, which are compared with zeros.
    """

    target: Device
    base: Device | None = None

    def changes(self) -> Iterator[str]:
        """What changed while they were read, a sentence each."""
        for device in (self.target, self.base):
            if device is not None and (change := device.changes()):
                yield change


class VerifiedStream:
    """One verification; iterate over it once, then take the :meth:`result`.

    Args:
        stream: of allocated extents, or of a delta; not begun.
        resolved: its query.
        devices: the data.
        starting_offset: compare from here on.
        quick: do not read inside the reported extents; what is reported needlessly is then not measured.

    Attributes:
        position: compared up to here, bytes.
        first_batch: of the stream; None before it arrived.
        stream: as given.
    """

    def __init__(
        self,
        stream: BatchStream,
        resolved: ResolvedQuery,
        devices: Devices,
        starting_offset: int = 0,
        *,
        quick: bool = False,
    ) -> None:
        self.stream = stream
        self.first_batch: Batch | None = None
        self._resolved = resolved
        self._devices = devices
        self._quick = quick
        self._reader = WindowReader(devices.target, devices.base, quick=quick)
        self._wanted_start = starting_offset
        start = max(starting_offset, resolved.query.starting_offset)
        # A unit before which the stream was cut cannot be compared.
        self._start = -(-start // UNIT_BYTES) * UNIT_BYTES
        # Windows are counted from the start of the volume, so that blocks are not cut.
        self.position = self._submitted = self._start
        self._tally = WindowTally()
        self._starts = self._ends = np.empty(0, dtype=np.int64)
        self._last_end = 0
        self._out_of_order_at: int | None = None
        self._joined = JoinedRanges()
        self._waiting: deque[_Submitted] = deque()
        self._is_cancelled = False

    def cancel(self) -> None:
        """Stop; safe from another thread and at any time. Windows that are being read are still compared."""
        self._is_cancelled = True
        self.stream.cancel()

    @property
    def end(self) -> int:
        """Where the comparison ends: with the volume, as far as there is data."""
        return self._sizes.end

    @property
    def _sizes(self) -> ComparedSizes:
        resolved, devices = self._resolved, self._devices
        volume_bytes = self.stream.capacity_bytes or resolved.target.restore_size_bytes or None
        base_bytes = resolved.base.restore_size_bytes if resolved.base is not None else None
        return ComparedSizes(volume_bytes, devices.target, devices.base, base_bytes)

    @property
    def next_offset(self) -> int:
        """Compared up to here, bytes."""
        return self.position

    @property
    def continue_at(self) -> int | None:
        """Where another verification can start, so that both compare everything; None if it cannot compare more.

        A unit that was compared in part is compared again, because a comparison starts with a whole unit.
        """
        at = self.position // UNIT_BYTES * UNIT_BYTES
        has_more = self._out_of_order_at is None and self.position < self.end
        return at if has_more and at > self._start else None

    @property
    def capacity_bytes(self) -> int:
        """Where the comparison ends."""
        return self.end

    @property
    def read_bytes(self) -> int:
        """Read from the devices so far."""
        return self._tally.read_bytes

    @property
    def missing_ranges(self) -> int:
        """How many were found so far."""
        return self._joined.count

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices, base first, as names with sizes."""
        both = (("base", self._devices.base), ("target", self._devices.target))
        present = [(what, device) for what, device in both if device is not None]
        sizes = human_sizes([device.size_bytes for _, device in present])
        return tuple(f"{what} {device.name} ({size})" for (what, device), size in zip(present, sizes, strict=True))

    def __iter__(self) -> Iterator[ByteRanges]:
        """The ranges that are missing from the answer, in order, as they are found, maximal; may be empty.

        Raises:
            CbtError: what ended the stream early. All that the stream described before is compared.
        """
        with ThreadPoolExecutor(_THREADS, "kubectl-cbt-verify") as pool:
            try:
                yield from self._verified(pool)
            finally:
                for waiting in self._waiting:
                    if waiting.data is not None:
                        waiting.data.cancel()

    def _verified(self, pool: ThreadPoolExecutor) -> Iterator[ByteRanges]:
        failure: CbtError | None = None
        try:
            for batch in self.stream:
                self.first_batch = self.first_batch or batch
                if not self._take(batch):
                    self.stream.cancel()
                    break
                yield from self._up_to(self._last_end, pool, is_end=False)
                # After each batch, so that progress is shown while the stream is slow.
                yield self._finished()
        except CbtError as error:
            failure = error
        yield from self._up_to(self._known_end(failure), pool, is_end=True)
        while self._waiting:
            yield self._oldest()
        yield self._joined.rest()
        if failure is not None:
            raise failure
        if self._is_cancelled:
            raise Interrupted("interrupted")

    def _take(self, batch: Batch) -> bool:
        """Add the extents of a batch; False after the first that is out of order, which is left out."""
        holds_bytes = batch.sizes > 0
        starts, ends = batch.offsets[holds_bytes], batch.ends[holds_bytes]
        before = np.concatenate(([self._last_end], ends[:-1]))
        late = np.flatnonzero(starts < before)
        if len(late):
            self._out_of_order_at = int(before[late[0]])
            starts, ends = starts[: late[0]], ends[: late[0]]
        if len(starts):
            self._last_end = int(ends[-1])
            self._tally.add_bounds(starts, ends, (self._start, self.stream.capacity_bytes or 0))
            # Those outside what is compared would be kept until the end.
            first = int(np.searchsorted(ends, self._submitted, side="right"))
            stop = int(np.searchsorted(starts, self.end, side="left"))
            if first < stop:
                self._starts = joined([self._starts, starts[first:stop]])
                self._ends = joined([self._ends, ends[first:stop]])
        return self._out_of_order_at is None

    def _known_end(self, failure: CbtError | None) -> int:
        """How far the stream describes the volume."""
        if self._out_of_order_at is not None:
            return min(self._out_of_order_at, self.end)
        outcome = self.stream.outcome(failure)
        end = self.end
        if self._resolved.query.end_offset is not None:
            end = min(end, self._resolved.query.end_offset)
        return end if outcome.complete else min(outcome.next_offset, end)

    def _up_to(self, known: int, pool: ThreadPoolExecutor, *, is_end: bool) -> Iterator[ByteRanges]:
        """Submit the windows that are known completely; at the end also the last one, which is a part."""
        known = min(known, self.end)
        while self._submitted < known and not self._is_cancelled:
            start = self._submitted
            end = (start // WINDOW_BYTES + 1) * WINDOW_BYTES
            if end > known:
                if not is_end:
                    break
                end = known
            # Sparse images of terabytes have millions of windows that need not be read.
            if (reported_to := self._reported_to(start, known)) > end:
                self._waiting.append(_Submitted(start, reported_to, is_reported=True))
            elif len(reported := self._reported(start, end)) or (empty_to := self._empty_to(start, known)) <= end:
                window = pool.submit(self._reader.read, start, end, reported)
                self._waiting.append(_Submitted(start, end, window, reported))
            else:
                self._waiting.append(_Submitted(start, empty_to))
            self._submitted = self._waiting[-1].end
            while len(self._waiting) >= _WAITING_WINDOWS:
                yield self._oldest()

    def _reported_to(self, start: int, known: int) -> int:
        """The end of whole windows from ``start`` on that one extent covers, and that are not read; 0 for none."""
        if start % WINDOW_BYTES or not len(self._starts) or self._starts[0] > start:
            return 0
        covered_to = min(int(self._ends[0]), known)
        if not self._quick:
            covered_to = min(covered_to, self._reader.skip_to(start))
        return covered_to // WINDOW_BYTES * WINDOW_BYTES

    def _empty_to(self, start: int, known: int) -> int:
        """The end of whole windows from ``start`` on without data and without extents."""
        next_extent = int(self._starts[0]) if len(self._starts) else known
        empty_to = min(self._reader.skip_to(start), next_extent, known)
        return empty_to if empty_to == known else empty_to // WINDOW_BYTES * WINDOW_BYTES

    def _reported(self, start: int, end: int) -> ByteRanges:
        """The extents in a window; forgets those that end in it."""
        stop = int(np.searchsorted(self._starts, end, side="left"))
        starts, ends = self._starts[:stop], self._ends[:stop]
        inside = ByteRanges.of(starts, ends - starts).within(start, end)
        keep = int(np.searchsorted(self._ends, end, side="right"))
        self._starts, self._ends = self._starts[keep:], self._ends[keep:]
        return inside

    def _oldest(self) -> ByteRanges:
        oldest = self._waiting.popleft()
        missing = NO_RANGES
        if oldest.data is not None:
            missing = self._tally.add(oldest.data.result(), oldest.reported)
        elif oldest.is_reported:
            self._tally.add_reported_windows(oldest.start, oldest.end, are_holes=not self._quick)
        else:
            self._tally.hole_bytes += oldest.end - oldest.start
        self.position = oldest.end
        return self._joined.add(missing, oldest.end)

    def _finished(self) -> ByteRanges:
        """What the windows contain that are read already; may be empty."""
        found = NO_RANGES
        while self._waiting and not len(found) and (self._waiting[0].data is None or self._waiting[0].data.done()):
            found = self._oldest()
        return found

    def result(self, error: CbtError | None) -> Verification:
        """The verdict and its figures.

        Args:
            error: what ended the stream or the comparison early; None at its end.
        """
        tally = self._tally
        outcome = self.stream.outcome(error, self._resolved.target.restore_size_bytes)
        return Verification(
            operation=self._resolved.query.operation,
            outcome=outcome,
            start=self._start,
            end=self.position,
            capacity_bytes=outcome.volume_capacity_bytes or self._devices.target.size_bytes,
            target_bytes=self._devices.target.size_bytes,
            base_bytes=None if self._devices.base is None else self._devices.base.size_bytes,
            different_bytes=None if self._quick else tally.different_bytes,
            reported_bytes=tally.reported_bytes,
            needless_bytes=None if self._quick else tally.needless_bytes,
            granularity=None if self._quick else tally.granularity(),
            missing_bytes=tally.missing_bytes,
            missing_ranges=self._joined.count,
            read_bytes=tally.read_bytes,
            hole_bytes=tally.hole_bytes,
            unread_bytes=tally.unread_bytes,
            unread=tuple(tally.unread),
            problems=tuple(self._problems(error)),
            # Without a comparison, its end is of no interest.
            notes=tuple(self._sizes.notes()) if self.position > self._start else (),
        )

    def _problems(self, error: CbtError | None) -> Iterator[str]:
        """Why not all was compared, a sentence each."""
        query, outcome = self._resolved.query, self.stream.outcome(error)
        if self._out_of_order_at is not None:
            yield f"the extents are out of order after {human_bytes(self._out_of_order_at)} (R2)"
        elif outcome.failure is not None:
            yield f"the answer is incomplete: {outcome.failure.message}"
        if query.starting_offset > self._wanted_start:
            yield f"the answer begins at {human_bytes(query.starting_offset)}"
        if query.end_offset is not None and query.end_offset < self.end:
            yield f"the answer is an excerpt that ends at {human_bytes(query.end_offset)}"
        if self._wanted_start >= (end := self._sizes.volume_bytes or self._devices.target.size_bytes):
            yield f"nothing was compared: the starting offset is not before the end of the volume, {human_bytes(end)}"
        yield from self._sizes.problems(self._last_end)
        if self._tally.unread_bytes:
            first = [str(error) for error in self._tally.unread[:_NAMED_ERRORS]]
            more = ["and more"] if len(self._tally.unread) > _NAMED_ERRORS else []
            yield f"{human_bytes(self._tally.unread_bytes)} could not be read: {'; '.join(first + more)}"
        yield from self._devices.changes()
