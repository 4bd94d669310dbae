"""A stream in a thread of its own, and what came of it by now as one immutable frame after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from kubectl_cbt.analysis.known import Known
from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.errors import CbtError, Interrupted, StreamError
from kubectl_cbt.model.extents import ExtentLog, Received
from kubectl_cbt.model.question import Question
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.tui.ports import Opened

_EVERY_SECONDS = 0.1
_IDLE_SHARE = 9
"""A frame of a broken or very odd stream takes a while to make; this many times as long is spent reading."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """All there is to see of a stream at one moment.

    Attributes:
        received: the extents as they were sent.
        outcome: how the stream stands; ``complete`` is set only once it has ended.
        is_running: whether more may come.
        question: what was asked, which bounds what can be known.
        interruption: why nothing comes just now, of a stream that broke and is being resumed; empty otherwise.
    """

    received: Received
    summary: Summary
    outcome: Outcome
    is_running: bool
    question: Question
    interruption: str = ""

    @property
    def known(self) -> Known:
        """The bytes of the volume that the stream has described."""
        outcome, start = self.outcome, self.question.starting_offset
        capacity = end = outcome.volume_capacity_bytes or 0
        if self.question.end_offset is not None:
            end = min(end, self.question.end_offset)
        if not outcome.complete:
            # Out of order, the next extent may lie anywhere.
            end = start if outcome.is_out_of_order else outcome.next_offset
        return Known(start, end, capacity, outcome.complete)


class Loader:
    """Runs one opened stream to its end.

    Args:
        opened: closed once the stream has ended.

    Attributes:
        frame: the newest.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self._log = ExtentLog()
        self._figures = SummaryBuilder(opened.asked.question.starting_offset)
        self._stopped = False
        self._error: CbtError | None = None
        self._interruption = ""
        self._announce: Callable[[], None] = lambda: None
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cbt-loader", daemon=True)
        self.frame = self._frame(is_running=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self.opened.stream.notify_to(self._interrupted)
        self._thread.start()

    def announce_to(self, announce: Callable[[], None]) -> None:
        """Have ``announce`` called, from the loader's thread, whenever there is a newer frame."""
        self._announce = announce

    def wait_until_it_began(self, seconds: float) -> None:
        """Return when the first extents are there, or the stream has ended, or the time is up."""
        self._began.wait(seconds)

    def wait_until_it_ended(self) -> None:
        """Return when nothing comes any more."""
        self._thread.join()

    @property
    def error(self) -> CbtError | None:
        """What ended the stream early, if anything did."""
        return self._error

    def stop(self) -> None:
        """End the stream and keep what came."""
        self._stopped = True
        self.opened.stream.cancel()

    def close(self) -> None:
        """End the stream; nothing is announced any more."""
        self._announce = lambda: None
        self.stop()
        self.opened.close()

    def _run(self) -> None:
        try:
            self._read()
        except CbtError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  # a thread has nobody above it: the screen must learn of it
            self._error = StreamError(f"internal error: {type(error).__name__}", hint="this is a bug; please report it")
        if self._stopped:
            # Whatever gRPC makes of a cancelled call.
            self._error = Interrupted("stopped")
        self._publish(is_running=False)
        self.opened.close()

    def _read(self) -> None:
        due = 0.0
        for batch in self.opened.stream:
            self._interruption = ""
            self._log.append(batch.offsets, batch.sizes)
            self._figures.add(batch)
            now = time.monotonic()
            if now >= due:
                self._publish(is_running=True)
                took = time.monotonic() - now
                due = now + took + max(_EVERY_SECONDS, _IDLE_SHARE * took)

    def _interrupted(self, why: str) -> None:
        self._interruption = why
        self._publish(is_running=True)

    def _publish(self, *, is_running: bool) -> None:
        frame = self._frame(is_running=is_running)
        _ = frame.received.extents  # made here, where it holds up nobody
        self.frame = frame
        self._began.set()
        self._announce()

    def _frame(self, *, is_running: bool) -> Frame:
        error = Interrupted("still running") if is_running else self._error
        restore_size = self.opened.asked.target.snapshot.restore_size_bytes
        outcome = self.opened.stream.outcome(error, restore_size)
        summary = self._figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete)
        return Frame(
            self._log.received(),
            summary,
            outcome,
            is_running,
            self.opened.asked.question,
            self._interruption if is_running else "",
        )
