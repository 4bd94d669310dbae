"""Measures streams in threads of its own, each batch as it comes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Protocol

import numpy as np

from kubectl_cbt.analysis.cells import CellCounter, cell_edges
from kubectl_cbt.analysis.largest_run import LargestRun
from kubectl_cbt.analysis.summary import CHUNK_SIZES_BYTES, SummaryBuilder
from kubectl_cbt.errors import CbtError, Interrupted, StreamError
from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.stream_figures import MeteredQuery, StreamFigures
from kubectl_cbt.system.cancellation import Cancellation

_EVERY_SECONDS = 0.1
_WAITING = StreamFigures()


class Limits(Protocol):
    """How many streams run at once."""

    def slot(self, service: str, cancellation: Cancellation | None = None) -> contextlib.AbstractContextManager[None]:
        """Run the block as one of the service's streams; waits until it may begin."""
        ...


@dataclass(frozen=True, slots=True)
class MeterSettings:
    """What is measured.

    Attributes:
        cells: of the whole volume, or of ``part``; a number with many divisors fits many widths.
        chunk_sizes: powers of two, bytes: what a backup that reads such chunks would read is counted.
        threads: streams at a time; ``limits`` may allow fewer.
        part: bytes ``[start, end)`` of the volume to count, cut at its capacity; a stream ends as incomplete after
            them. None for all.
    """

    cells: int = 240
    chunk_sizes: tuple[int, ...] = CHUNK_SIZES_BYTES
    threads: int = 4
    part: tuple[int, int] | None = None


class StreamMeter:
    """Measures queries of one backend, a few at a time. Close it, or use it in a ``with`` block.

    The service with the fewest running streams is next, so that one that is slow or limited does not hold up the
    others; the queries of a service are in order.

    Args:
        backend: opens the streams; called in several threads.
        limits: of the streams; may be shared with other meters.
        changed: called with a query, in any thread, when its figures changed.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        backend: Backend,
        limits: Limits,
        settings: MeterSettings = MeterSettings(),  # immutable
        changed: Callable[[MeteredQuery], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self._limits = limits
        self._settings = settings
        self._changed = changed or _ignore
        self._clock = clock
        self._lock = threading.Lock()  # of everything below
        self._results: dict[MeteredQuery, StreamFigures] = {}
        self._waiting: dict[str, deque[MeteredQuery]] = {}  # by service, none empty
        self._started: Counter[str] = Counter()  # by service, without those that ended
        self._threads: list[threading.Thread] = []  # without those that open a stream after they were cancelled
        self._opening: dict[MeteredQuery, threading.Thread] = {}
        self._cancellation = Cancellation()
        self._cancellations: dict[MeteredQuery, Cancellation] = {}
        self._ended: SimpleQueue[MeteredQuery] = SimpleQueue()

    def __enter__(self) -> StreamMeter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, queries: Sequence[MeteredQuery]) -> None:
        """Measure these after those before; a query that is measured completely, or is about to be, is left out."""
        with self._lock:
            new = [query for query in dict.fromkeys(queries) if not self._is_known(query)]
            self._results.update(dict.fromkeys(new, _WAITING))
            self._cancellations.update(dict.fromkeys(new, self._cancellation))
            for query in new:
                self._waiting.setdefault(query.service, deque()).append(query)
            waiting = sum(map(len, self._waiting.values()))
            for _ in range(min(self._settings.threads - len(self._threads), waiting)):
                arguments = (self._cancellation,)
                thread = threading.Thread(target=self._work, args=arguments, name="cbt-meter", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _is_known(self, query: MeteredQuery) -> bool:
        result = self._results.get(query)
        if result is None:
            return False
        # One that was cancelled may still be ending.
        is_running = result.is_running and self._cancellations[query] is self._cancellation
        return is_running or result.is_complete

    def completed(
        self, queries: Sequence[MeteredQuery], is_cancelled: threading.Event | None = None
    ) -> Iterator[tuple[MeteredQuery, StreamFigures]]:
        """Measure queries, from now on, and give each when it ends, complete or not. Only one iteration at a time.

        Args:
            is_cancelled: set by who cancelled this meter for good, perhaps before it had anything to measure.
        """
        if is_cancelled is not None and is_cancelled.is_set():
            return self._skipped(queries)
        self.submit(queries)
        found = self._as_they_end(queries)
        if is_cancelled is not None and is_cancelled.is_set():
            # Meanwhile: there was nothing to end yet.
            self.cancel()
        return found

    def _as_they_end(self, queries: Sequence[MeteredQuery]) -> Iterator[tuple[MeteredQuery, StreamFigures]]:
        left = set(queries)
        for query in queries:
            if query in left and not (result := self._results[query]).is_running:
                left.remove(query)
                yield query, result
        while left:
            query = self._ended.get()
            # One that was submitted again after its end is still running.
            if query in left and not (result := self._results[query]).is_running:
                left.remove(query)
                yield query, result

    def _skipped(self, queries: Sequence[MeteredQuery]) -> Iterator[tuple[MeteredQuery, StreamFigures]]:
        """Give queries that are not measured, as interrupted."""
        with self._lock:
            figures = {query: _ended(StreamFigures(), Interrupted("interrupted")) for query in queries}
            self._results.update(figures)
        yield from figures.items()

    def result(self, query: MeteredQuery) -> StreamFigures | None:
        """The newest figures; None if it was not submitted."""
        return self._results.get(query)

    def forget(self, query: MeteredQuery) -> None:
        """Free the figures of a query that ended; they are no longer needed."""
        with self._lock:
            self._results.pop(query, None)
            self._cancellations.pop(query, None)

    @property
    def is_running(self) -> bool:
        """Whether a stream runs or waits."""
        with self._lock:
            return any(result.is_running for result in self._results.values())

    @property
    def running(self) -> list[StreamFigures]:
        """Those whose stream has begun and not ended."""
        with self._lock:
            return [result for result in self._results.values() if result.is_running and result.outcome is not None]

    def cancel(self) -> None:
        """End all streams, and forget what waits; what was measured so far is kept as incomplete. Safe anywhere.

        A stream that is still being opened ends for the caller at once: a token or a port-forward may take a minute.
        """
        with self._lock:
            cancellation, self._cancellation = self._cancellation, Cancellation()
            self._threads = []
            ending = [*(query for queries in self._waiting.values() for query in queries), *self._opening]
            self._waiting, self._started, self._opening = {}, Counter(), {}
            self._results.update({query: _ended(self._results[query], Interrupted("interrupted")) for query in ending})
            # What is opened later is not published.
            self._cancellations.update(dict.fromkeys(ending, self._cancellation))
        for query in ending:
            self._ended.put(query)
            self._changed(query)
        cancellation.cancel()

    def close(self) -> None:
        """Cancel, and wait for the threads of the streams that were opened."""
        with self._lock:
            opening = set(self._opening.values())
            threads = [thread for thread in self._threads if thread not in opening]
        self.cancel()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    def _work(self, cancellation: Cancellation) -> None:
        while True:
            with self._lock:
                if cancellation.is_cancelled or cancellation is not self._cancellation or not self._waiting:
                    with contextlib.suppress(ValueError):
                        self._threads.remove(threading.current_thread())
                    return
                query = self._next()
            is_newest = self._publish(query, self._measured(query, cancellation), cancellation)
            with self._lock:
                if cancellation is self._cancellation:
                    self._started[query.service] -= 1
            if is_newest:
                self._ended.put(query)

    def _next(self) -> MeteredQuery:
        """Take the query to measure next; called with the lock."""
        service = min(self._waiting, key=self._started.__getitem__)
        queries = self._waiting[service]
        query = queries.popleft()
        if not queries:
            del self._waiting[service]
        self._started[service] += 1
        return query

    def _publish(self, query: MeteredQuery, result: StreamFigures, cancellation: Cancellation) -> bool:
        """Store the newest figures; False, and nothing is stored, if the query was submitted again meanwhile."""
        with self._lock:
            if self._cancellations.get(query) is not cancellation:
                return False
            self._results[query] = result
        self._changed(query)
        return True

    def _measured(self, query: MeteredQuery, cancellation: Cancellation) -> StreamFigures:
        try:
            with (
                self._limits.slot(query.service, cancellation),
                self._opened(query, cancellation) as opened,
                cancellation.calling(opened.close),
            ):
                return self._streamed(query, opened, cancellation)
        except CbtError as error:
            return _ended(StreamFigures(), Interrupted("interrupted") if cancellation.is_cancelled else error)
        except Exception as error:  # noqa: BLE001  # no caller handles it: the row must report it
            return _ended(StreamFigures(), StreamError(f"internal error: {type(error).__name__}"))

    def _opened(self, query: MeteredQuery, cancellation: Cancellation) -> OpenStream:
        with self._lock:
            if cancellation is not self._cancellation:
                raise Interrupted("interrupted")
            self._opening[query] = threading.current_thread()
        try:
            return self._backend.open(query.names)
        finally:
            with self._lock:
                if self._opening.get(query) is threading.current_thread():
                    del self._opening[query]

    def _streamed(self, query: MeteredQuery, opened: OpenStream, cancellation: Cancellation) -> StreamFigures:
        stream, due = opened.stream, self._clock()
        failure: CbtError | None = None
        figures, run = SummaryBuilder(chunk_sizes=self._settings.chunk_sizes), LargestRun()
        counter: CellCounter | None = None
        try:
            for batch in stream:
                if counter is None and stream.capacity_bytes:
                    counter = self._counter(stream.capacity_bytes)
                if counter is not None:
                    counter.add(batch.offsets, batch.sizes)
                figures.add(batch)
                run.add(batch.offsets, batch.ends)
                if self._clock() >= due:
                    self._publish(query, _state(opened, counter, run, None), cancellation)
                    due = self._clock() + _EVERY_SECONDS
                if self._settings.part is not None and stream.next_offset >= self._settings.part[1]:
                    failure = Interrupted("the rest of the volume was not read")
                    break
        except CbtError as error:
            # A stream that is cancelled reports how its connection ended.
            failure = Interrupted("interrupted") if cancellation.is_cancelled else error
        except Exception as error:  # noqa: BLE001  # no caller handles it: the row must report it
            failure = StreamError(f"internal error: {type(error).__name__}")
        if counter is None and (capacity := _capacity(opened, failure)):
            counter = self._counter(capacity)
        result = _state(opened, counter, run, failure)
        assert result.outcome is not None  # noqa: S101  # a state has one
        complete = result.outcome.complete
        summary = figures.summary(result.capacity_bytes, complete=complete)
        return replace(result, is_running=False, summary=summary, failure=result.outcome.failure)

    def _counter(self, capacity_bytes: int) -> CellCounter:
        if self._settings.part is None:
            return CellCounter.of_volume(capacity_bytes, self._settings.cells)
        start, end = self._settings.part
        return CellCounter(np.minimum(cell_edges(start, end, self._settings.cells), capacity_bytes))


def _capacity(opened: OpenStream, failure: CbtError | None) -> int | None:
    return opened.stream.outcome(failure, opened.resolved.target.restore_size_bytes).volume_capacity_bytes


def _state(opened: OpenStream, counter: CellCounter | None, run: LargestRun, failure: CbtError | None) -> StreamFigures:
    outcome = opened.stream.outcome(failure, opened.resolved.target.restore_size_bytes)
    found = StreamFigures(outcome=outcome, largest_run_bytes=run.size_bytes)
    return found if counter is None else replace(found, edges=counter.edges, covered=counter.covered)


def _ended(figures: StreamFigures, error: CbtError) -> StreamFigures:
    return replace(figures, is_running=False, failure=Failure.of(error))


def _ignore(query: MeteredQuery) -> None:
    """Nobody watches the figures."""
