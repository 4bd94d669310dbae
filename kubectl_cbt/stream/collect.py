"""One answer collected as it was sent: nothing is clipped, repaired or resumed. For checks of a driver."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import numpy as np

from kubectl_cbt.analysis.rules.rule_watch import RuleWatch
from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.errors import CbtError, StreamError
from kubectl_cbt.model.record import Int64Column, Record, block_metadata_type_name, joined
from kubectl_cbt.model.results import Violation
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.units import counted, human_bytes, human_seconds
from kubectl_cbt.wire.decode import decoded
from kubectl_cbt.wire.source import Source

_LONG_WAITS = 2
_LONG_SHARE = 0.1
"""A silence is long if it lasts more than twice the longest wait before it, and a tenth of the whole time."""


class StopReason(Enum):
    """Why an answer was cancelled before its end."""

    ENOUGH = "enough"
    DEADLINE = "deadline"


@dataclass(frozen=True)
class Collected:
    """One answer, as it was sent.

    Attributes:
        offsets: int64[n], as sent, of all messages.
        sizes: int64[n], as sent.
        per_message: int64[messages], number of extents in each.
        block_metadata_type: of the first message; None without one.
        volume_capacity_bytes: of the first message; None without one.
        error: what ended it; None for OK, and when we ended it.
        stopped: why it was cancelled; None when the driver ended it.
        first_message_seconds: None without a message.
        slowest_gap_seconds: longest wait for a message, the first included.
        usual_wait_seconds: longest wait between two messages; for the first one, when there is only one.
        silent_seconds: from the last message, or from the query if there is none, to the end.
        received_bytes: of all messages.
    """

    query: Query
    offsets: Int64Column
    sizes: Int64Column
    per_message: Int64Column
    block_metadata_type: int | None
    volume_capacity_bytes: int | None
    violations: tuple[Violation, ...]
    error: CbtError | None
    stopped: StopReason | None
    seconds: float
    first_message_seconds: float | None
    slowest_gap_seconds: float
    usual_wait_seconds: float = 0.0
    silent_seconds: float = 0.0
    received_bytes: int = 0

    @property
    def messages(self) -> int:
        """Number of messages."""
        return len(self.per_message)

    @property
    def is_whole(self) -> bool:
        """Whether it ended with OK."""
        return self.error is None and self.stopped is None

    @property
    def is_stalled(self) -> bool:
        """Whether the deadline expired after a silence that is long for this stream; without a message it always is."""
        if self.stopped is not StopReason.DEADLINE:
            return False
        usual = max(_LONG_WAITS * self.usual_wait_seconds, _LONG_SHARE * self.seconds)
        return not self.messages or self.silent_seconds > usual

    @property
    def is_flowing(self) -> bool:
        """Whether messages were still arriving at the deadline: more time would have given more."""
        return self.stopped is StopReason.DEADLINE and not self.is_stalled

    @property
    def failed(self) -> bool:
        """Whether an error or a silence ended it; otherwise it is a valid start of a whole answer."""
        return self.error is not None or self.is_stalled

    @cached_property
    def runs(self) -> ByteRanges:
        """The bytes that it covers."""
        return ByteRanges.of(self.offsets, self.sizes)

    @property
    def end(self) -> int:
        """Where its last run ends; the starting offset when there is none."""
        return int(self.runs.ends[-1]) if len(self.runs) else self.query.starting_offset

    @property
    def reaches_capacity(self) -> bool:
        """Whether its last run ends at the volume's end or beyond, so that nothing can follow."""
        return bool(self.volume_capacity_bytes and self.end >= self.volume_capacity_bytes)

    @property
    def code(self) -> str:
        """The status code, for comparisons: ``OK`` also when it was ended after ``enough``; otherwise the failure."""
        if self.stopped is StopReason.DEADLINE:
            return "no end" if self.is_flowing else "no answer"
        if self.error is None:
            return "OK"
        return self.error.code if isinstance(self.error, StreamError) else self.error.kind

    def describe(self) -> str:
        """The answer, in one line."""
        if self.error is not None:
            return self.error.message
        if self.stopped is StopReason.DEADLINE and not self.messages:
            return f"no message in {human_seconds(self.seconds)}"
        words = f"{counted(len(self.offsets), 'extent')} in {counted(self.messages, 'message')}"
        if self.block_metadata_type is not None:
            words += f", {block_metadata_type_name(self.block_metadata_type)}"
        ends = {StopReason.DEADLINE: self._end_by_deadline(), StopReason.ENOUGH: "and more", None: "then OK"}
        return f"{words}, {ends[self.stopped]}"

    def _end_by_deadline(self) -> str:
        came = f"when the deadline came, after {human_seconds(self.seconds)}"
        if self.is_stalled:
            return f"then nothing for {human_seconds(self.silent_seconds)} {came}"
        capacity = self.volume_capacity_bytes
        reached = f"{human_bytes(self.end)} of {human_bytes(capacity)}" if capacity else human_bytes(self.end)
        return f"{human_bytes(self.received_bytes)} received, up to offset {reached}, still flowing {came}"


@dataclass
class _Progress:
    """What is counted while messages arrive.

    Attributes:
        last_time: of the last message, or of the query.
    """

    watch: RuleWatch
    last_time: float
    offsets: list[Int64Column] = field(default_factory=list)
    sizes: list[Int64Column] = field(default_factory=list)
    first: Record | None = None
    extents: int = 0
    first_message_seconds: float | None = None
    slowest_gap_seconds: float = 0.0
    slowest_pause_seconds: float = 0.0
    received_bytes: int = 0


def collect(source: Source, query: Query, *, deadline_seconds: float, at_most: int | None = None) -> Collected:
    """Send one query, and collect what the service answers.

    Args:
        deadline_seconds: for the whole answer; a driver that never ends is cancelled then.
        at_most: extents after which it is cancelled, because enough was seen; None collects all.
    """
    started = time.monotonic()
    progress = _Progress(RuleWatch(query), started)
    error: CbtError | None = None
    stopped: StopReason | None = None
    cancellation = Cancellation()
    deadline = threading.Timer(deadline_seconds, cancellation.cancel)
    deadline.daemon = True
    deadline.start()
    try:
        with contextlib.closing(source.query(query, cancellation)) as messages:
            stopped = _read(messages, progress, started, at_most)
    except CbtError as failure:
        error = failure
    finally:
        deadline.cancel()
    if cancellation.is_cancelled:
        stopped, error = StopReason.DEADLINE, None
    return _collected(query, progress, error, stopped, started)


def _read(messages: Iterator[bytes], progress: _Progress, started: float, at_most: int | None) -> StopReason | None:
    for message in messages:
        now = time.monotonic()
        progress.slowest_gap_seconds = max(progress.slowest_gap_seconds, now - progress.last_time)
        if progress.first is not None:
            progress.slowest_pause_seconds = max(progress.slowest_pause_seconds, now - progress.last_time)
        progress.last_time = now
        progress.received_bytes += len(message)
        (records,) = decoded((message,), len(progress.offsets) + 1)
        progress.watch.check(records)
        if progress.first is None:
            progress.first, progress.first_message_seconds = next(iter(records)), now - started
        progress.offsets.append(records.offsets)
        progress.sizes.append(records.sizes)
        progress.extents += len(records)
        if at_most is not None and progress.extents >= at_most:
            return StopReason.ENOUGH
    return None


def _collected(
    query: Query, progress: _Progress, error: CbtError | None, stopped: StopReason | None, started: float
) -> Collected:
    now = time.monotonic()
    return Collected(
        query=query,
        offsets=joined(progress.offsets),
        sizes=joined(progress.sizes),
        per_message=np.array([len(column) for column in progress.offsets], dtype=np.int64),
        block_metadata_type=progress.first.block_metadata_type if progress.first else None,
        volume_capacity_bytes=progress.first.volume_capacity_bytes if progress.first else None,
        violations=progress.watch.violations(),
        error=error,
        stopped=stopped,
        seconds=now - started,
        first_message_seconds=progress.first_message_seconds,
        slowest_gap_seconds=progress.slowest_gap_seconds,
        usual_wait_seconds=progress.slowest_pause_seconds
        if len(progress.offsets) > 1
        else progress.first_message_seconds or 0.0,
        silent_seconds=now - progress.last_time,
        received_bytes=progress.received_bytes,
    )
