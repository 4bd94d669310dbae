"""Measures deltas in the background: their sum and a bar of cells, without keeping their extents."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kubectl_cbt.analysis.cells import CellCounter
from kubectl_cbt.errors import CbtError, Interrupted, StreamError
from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.snapshot_entry import SnapshotEntry

BAR_CELLS = 240
"""Divisible by many numbers of columns."""
STREAMS = 2
"""At a time: each costs the driver something."""
_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class SnapshotPair:
    """A snapshot and the one before it, as keys of what was measured.

    Attributes:
        contents: names of their contents: a snapshot that was deleted and made again is another one.
    """

    names: SnapshotNames
    contents: tuple[str, str]

    @classmethod
    def of(cls, base: SnapshotEntry, target: SnapshotEntry) -> SnapshotPair:
        """The delta from ``base`` to ``target``."""
        return cls(SnapshotNames(target.ref, base.ref), (base.content, target.content))


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredDelta:
    """The state of one measurement.

    Attributes:
        is_running: whether it waits or its stream runs.
        is_complete: whether the stream reached its end; otherwise the figures are lower bounds.
        edges: int64[BAR_CELLS + 1], bytes; None before the first message.
        covered: int64[BAR_CELLS], changed bytes of each cell.
        known_end: bytes of the volume that the stream has described.
        error: why it ended early; empty while it runs, and when it is complete.
    """

    is_running: bool = True
    is_complete: bool = False
    edges: Int64Column | None = None
    covered: Int64Column = field(default_factory=lambda: np.zeros(BAR_CELLS, dtype=np.int64))
    known_end: int = 0
    error: str = ""

    @property
    def covered_bytes(self) -> int:
        """All changed bytes."""
        return int(self.covered.sum())

    @property
    def capacity_bytes(self) -> int:
        """Of the volume; 0 before the first message."""
        return 0 if self.edges is None else int(self.edges[-1])


class _Measuring:
    """One call of :meth:`DeltaMeter.measure`, until it is done or canceled."""

    def __init__(self, backend: Backend, pairs: Sequence[SnapshotPair]) -> None:
        self.backend = backend
        self.waiting = deque(pairs)
        self.is_cancelled = False
        self.workers = min(STREAMS, len(pairs))
        self.streams: set[OpenStream] = set()


class DeltaMeter:
    """Streams one delta after another, at most :data:`STREAMS` at a time.

    Args:
        changed: called, in any thread, when a result changed.
        clock: returns monotonic seconds.
    """

    def __init__(self, changed: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._changed = changed
        self._clock = clock
        self._lock = threading.Lock()  # of everything below, and of the present run
        self._results: dict[SnapshotPair, MeasuredDelta] = {}
        self._run: _Measuring | None = None

    @property
    def is_running(self) -> bool:
        """Whether a stream runs or waits."""
        return self._run is not None

    def result(self, pair: SnapshotPair) -> MeasuredDelta | None:
        """The newest state of a delta; None if it was not measured."""
        return self._results.get(pair)

    def is_measuring(self, pair: SnapshotPair) -> bool:
        """Whether its stream runs or waits."""
        result = self._results.get(pair)
        return result is not None and result.is_running

    def measure(self, backend: Backend, pairs: Sequence[SnapshotPair]) -> bool:
        """Measure those that are not complete yet; returns whether there are any. Ends the run before."""
        self.cancel()
        missing = [pair for pair in pairs if not self._results.get(pair, MeasuredDelta()).is_complete]
        if not missing:
            return False
        run = _Measuring(backend, missing)
        with self._lock:
            self._run = run
            self._results.update({pair: MeasuredDelta() for pair in missing})
        for _ in range(run.workers):
            threading.Thread(target=self._work, args=(run,), name="cbt-meter", daemon=True).start()
        return True

    def cancel(self) -> None:
        """End the streams; what they measured so far is kept as incomplete. Safe without any."""
        with self._lock:
            run, self._run = self._run, None
            if run is None:
                return
            run.is_cancelled = True
            streams = list(run.streams)
            for pair, result in list(self._results.items()):
                if result.is_running and result.edges is None:
                    del self._results[pair]
                elif result.is_running:
                    self._results[pair] = replace(result, is_running=False, error="canceled")
        for stream in streams:
            stream.close()
        self._changed()

    def clear(self) -> None:
        """Cancel, and forget all results."""
        self.cancel()
        self._results.clear()

    def _work(self, run: _Measuring) -> None:
        while True:
            with self._lock:
                if run.is_cancelled or not run.waiting:
                    run.workers -= 1
                    if not run.workers and self._run is run:
                        self._run = None
                    break
                pair = run.waiting.popleft()
            self._publish(run, pair, self._measured(run, pair))
        self._changed()

    def _publish(self, run: _Measuring, pair: SnapshotPair, result: MeasuredDelta) -> None:
        with self._lock:
            if run.is_cancelled:
                return
            self._results[pair] = result
        self._changed()

    def _measured(self, run: _Measuring, pair: SnapshotPair) -> MeasuredDelta:
        try:
            opened = run.backend.open(pair.names)
        except CbtError as error:
            return MeasuredDelta(is_running=False, error=f"{error.prefix}{error.message}")
        except Exception as error:  # noqa: BLE001  # no caller handles it: the panel must report it
            return MeasuredDelta(is_running=False, error=f"internal error: {type(error).__name__}")
        with opened:
            with self._lock:
                if run.is_cancelled:
                    return MeasuredDelta()
                run.streams.add(opened)
            try:
                return self._streamed(run, pair, opened)
            finally:
                with self._lock:
                    run.streams.discard(opened)

    def _streamed(self, run: _Measuring, pair: SnapshotPair, opened: OpenStream) -> MeasuredDelta:
        stream, failure, due = opened.stream, None, self._clock()
        counter: CellCounter | None = None
        try:
            for batch in stream:
                if counter is None and stream.capacity_bytes:
                    counter = CellCounter.of_volume(stream.capacity_bytes, BAR_CELLS)
                if counter is not None:
                    counter.add(batch.offsets, batch.sizes)
                    if self._clock() >= due:
                        self._publish(run, pair, _state(counter, stream.next_offset))
                        due = self._clock() + _EVERY_SECONDS
        except CbtError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  # no caller handles it: the panel must report it
            failure = StreamError(f"internal error: {type(error).__name__}")
        outcome = stream.outcome(failure, opened.resolved.target.restore_size_bytes)
        counter = counter or CellCounter.of_volume(outcome.volume_capacity_bytes or 0, BAR_CELLS)
        known_end = 0 if outcome.is_out_of_order else outcome.next_offset
        result = replace(_state(counter, known_end), is_running=False, is_complete=outcome.complete)
        if outcome.complete:
            return result
        failure = failure or Interrupted("incomplete")
        return replace(result, error=f"{failure.prefix}{failure.message}")


def _state(counter: CellCounter, known_end: int) -> MeasuredDelta:
    return MeasuredDelta(edges=counter.edges, covered=counter.covered, known_end=known_end)
