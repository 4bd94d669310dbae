"""A stream that is read in a thread of its own, published as a sequence of immutable frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.errors import CbtError, Interrupted, StreamError
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.extents import ExtentBuffer, ExtentsSoFar
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.project import REPORT_A_BUG

_EVERY_SECONDS = 0.1
_IDLE_SHARE = 9
"""A frame of a broken stream may take long to make; this many times as long is spent reading."""
_IDLE_SECONDS = 1.0
"""When nothing is received for so long, the screen makes the frame of the last extents."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The state of a stream at one moment.

    Attributes:
        received: the extents as they were sent.
        outcome: so far; ``complete`` is set only after the stream has ended.
        is_running: whether more may be received.
        query: bounds what can be known.
        interruption: why nothing is received while a broken stream is being resumed; empty otherwise.
    """

    received: ExtentsSoFar
    summary: Summary
    outcome: Outcome
    is_running: bool
    query: Query
    interruption: str = ""

    @property
    def known(self) -> KnownRange:
        """The bytes of the volume that the stream has described."""
        return KnownRange.of(self.query, self.outcome)


class Loader:
    """Reads one stream to its end, and again when it is resumed.

    Args:
        opened: closed when the stream has ended.
        clock: returns monotonic seconds.

    Attributes:
        frame: the newest frame.
    """

    def __init__(self, opened: OpenStream, clock: Callable[[], float] = time.monotonic) -> None:
        self.opened = opened
        self._clock = clock
        self._received_at = clock()
        self._lock = threading.Lock()  # held while the figures change, and while a frame is made of them
        self._has_unpublished = False
        self._log = ExtentBuffer()
        self._figures = SummaryBuilder(opened.resolved.query.starting_offset)
        self._stopped = False
        self._closed = False
        self._has_bug = False
        self._error: CbtError | None = None
        self._interruption = ""
        self._on_frame: Callable[[], None] = lambda: None
        self._began = threading.Event()
        self._thread = self._new_thread()
        self.frame = self._frame(is_running=True)

    def start(self) -> None:
        """Start reading; returns immediately."""
        self.opened.stream.notify_to(self._interrupted)
        self._received_at = self._clock()
        self._thread.start()

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="cbt-loader", daemon=True)

    @property
    def resume_obstacle(self) -> str:
        """Why the stream cannot be resumed; empty when it can."""
        outcome = self.frame.outcome
        if self.frame.is_running:
            return "the stream is running: x stops it"
        if outcome.complete:
            return "the stream is complete: there is nothing to resume"
        if not self.opened.is_live:
            return "a document cannot be resumed: it has no live source"
        if outcome.is_out_of_order:
            return "extents arrived out of order, so the offset to resume from is unknown"
        # Part of a message may be counted and not stored: the blocks it described would look unchanged.
        return "an internal error ended the stream: it cannot be resumed" if self._has_bug else ""

    def resume(self) -> None:
        """Continue a stream that ended early; what was received is kept. Blocks while it connects.

        Raises:
            CbtError: there is no connection.
        """
        self._thread.join()  # it closes the stream at its end, which would close the new connection
        self.opened.resume()
        if self._closed:
            self.opened.close()
            return
        self._stopped, self._error = False, None
        self._thread = self._new_thread()
        with self._lock:
            self._publish(is_running=True)
        self.start()

    @property
    def idle_seconds(self) -> float:
        """For how long nothing has been received; 0 after the stream has ended."""
        return self._clock() - self._received_at if self.frame.is_running else 0.0

    def catch_up(self) -> None:
        """Publish what was received after the newest frame: an idle stream does not do so itself."""
        if not self._has_unpublished or self.idle_seconds < _IDLE_SECONDS or not self._lock.acquire(blocking=False):
            return
        try:
            if self._has_unpublished:
                self._publish(is_running=True)
        finally:
            self._lock.release()

    def notify_on_frame(self, on_frame: Callable[[], None]) -> None:
        """Call ``on_frame``, on the loader's thread, whenever there is a newer frame."""
        self._on_frame = on_frame

    def wait_for_first_frame(self, seconds: float) -> None:
        """Wait for the first extents or the end of the stream, at most ``seconds``."""
        self._began.wait(seconds)

    def wait_until_ended(self) -> None:
        """Wait for the end of the stream."""
        self._thread.join()

    @property
    def error(self) -> CbtError | None:
        """The error that ended the stream early, if any."""
        return self._error

    def stop(self) -> None:
        """End the stream and keep what was received."""
        self._stopped = True
        self.opened.stream.cancel()

    def close(self) -> None:
        """End the stream; ``on_frame`` is called no more."""
        self._on_frame = lambda: None
        self._closed = True
        self.stop()
        self.opened.close()

    def _run(self) -> None:
        try:
            self._read()
        except CbtError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  # no caller handles it: the screen must report it
            self._has_bug = True
            self._error = StreamError(f"internal error: {type(error).__name__}", hint=f"this is a bug; {REPORT_A_BUG}")
        if self._stopped:
            # Replaces the status that gRPC gives a cancelled call.
            self._error = Interrupted("stopped")
        with self._lock:
            self._publish(is_running=False)
        self.opened.close()

    def _read(self) -> None:
        due = self._clock()
        for batch in self.opened.stream:
            with self._lock:
                self._interruption = ""
                self._log.append(batch.offsets, batch.sizes)
                self._figures.add(batch)
                now = self._clock()
                self._received_at, self._has_unpublished = now, True
                if now >= due:
                    self._publish(is_running=True)
                    took = self._clock() - now
                    due = now + took + max(_EVERY_SECONDS, _IDLE_SHARE * took)

    def _interrupted(self, why: str) -> None:
        with self._lock:
            self._interruption = why
            self._publish(is_running=True)

    def _publish(self, *, is_running: bool) -> None:
        self._has_unpublished = False
        frame = self._frame(is_running=is_running)
        _ = frame.received.extents  # computed here, in the background thread
        self.frame = frame
        self._began.set()
        self._on_frame()

    def _frame(self, *, is_running: bool) -> Frame:
        error = Interrupted("still running") if is_running else self._error
        restore_size = self.opened.resolved.target.restore_size_bytes
        outcome = self.opened.stream.outcome(error, restore_size)
        summary = self._figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete)
        return Frame(
            self._log.received(),
            summary,
            outcome,
            is_running,
            self.opened.resolved.query,
            self._interruption if is_running else "",
        )
