"""One answer taken as it comes: nothing is clipped, repaired or asked again. For who judges a driver."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from kubectl_cbt.analysis.rules import RuleWatch
from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.errors import CbtError, StreamError
from kubectl_cbt.model.query import Query
from kubectl_cbt.model.record import Int64Column, Record, block_metadata_type_name, joined
from kubectl_cbt.model.results import Violation
from kubectl_cbt.units import counted, human_bytes, human_seconds
from kubectl_cbt.wire.decode import decoded
from kubectl_cbt.wire.source import Answer, Source

_LONG_WAITS = 2
_LONG_SHARE = 0.1
"""A silence is long that lasts more than twice the longest wait before it, and a tenth of the whole time."""


@dataclass(frozen=True)
class Collected:
    """What came.

    Attributes:
        offsets: int64[n], as sent, of all messages.
        sizes: int64[n], as sent.
        per_message: int64[messages], how many extents each held.
        block_metadata_type: of the first message; None without one.
        volume_capacity_bytes: of the first message; None without one.
        error: what ended it; None for OK, and when we ended it.
        cut: why we ended it (``deadline``, ``enough``); empty when the driver did.
        first_message_seconds: None without a message.
        slowest_gap_seconds: longest wait for a message, the first included.
        usual_wait_seconds: longest wait between two messages; for the first one, when there is only one.
        silent_seconds: from the last message, or without one from the question, to the end.
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
    cut: str
    seconds: float
    first_message_seconds: float | None
    slowest_gap_seconds: float
    usual_wait_seconds: float = 0.0
    silent_seconds: float = 0.0
    received_bytes: int = 0

    @property
    def messages(self) -> int:
        """How many came."""
        return len(self.per_message)

    @property
    def is_whole(self) -> bool:
        """Whether it ended with OK."""
        return self.error is None and not self.cut

    @property
    def is_stalled(self) -> bool:
        """Whether the deadline came after a silence that is long for this stream; without a message it always is."""
        if self.cut != "deadline":
            return False
        usual = max(_LONG_WAITS * self.usual_wait_seconds, _LONG_SHARE * self.seconds)
        return not self.messages or self.silent_seconds > usual

    @property
    def is_flowing(self) -> bool:
        """Whether messages were still coming when the deadline came: more time would have brought more."""
        return self.cut == "deadline" and not self.is_stalled

    @property
    def failed(self) -> bool:
        """Whether an error or a silence ended it; what else came is as good as the beginning of a whole answer."""
        return self.error is not None or self.is_stalled

    @cached_property
    def runs(self) -> ByteRanges:
        """The bytes it tells of."""
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
        """The status code, for comparing: ``OK`` also when we ended it for ``enough``; else what there was instead."""
        if self.cut == "deadline":
            return "no end" if self.is_flowing else "no answer"
        if self.error is None:
            return "OK"
        return self.error.code if isinstance(self.error, StreamError) else self.error.kind

    def describe(self) -> str:
        """What came, in one line."""
        if self.error is not None:
            return self.error.message
        if self.cut == "deadline" and not self.messages:
            return f"no message in {human_seconds(self.seconds)}"
        words = f"{counted(len(self.offsets), 'extent')} in {counted(self.messages, 'message')}"
        if self.block_metadata_type is not None:
            words += f", {block_metadata_type_name(self.block_metadata_type)}"
        ends = {"deadline": self._end_by_deadline(), "enough": "and more", "": "then OK"}
        return f"{words}, {ends[self.cut]}"

    def _end_by_deadline(self) -> str:
        came = f"when the deadline came, after {human_seconds(self.seconds)}"
        if self.is_stalled:
            return f"then nothing for {human_seconds(self.silent_seconds)} {came}"
        capacity = self.volume_capacity_bytes
        reached = f"{human_bytes(self.end)} of {human_bytes(capacity)}" if capacity else human_bytes(self.end)
        return f"{human_bytes(self.received_bytes)} received, up to offset {reached}, still flowing {came}"


@dataclass
class _Progress:
    """What is noted while it comes.

    Attributes:
        last_time: of the last message, or of the question.
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
    """Ask, and take what comes.

    Args:
        deadline_seconds: for the whole answer; a driver that never ends is cut off.
        at_most: extents after which it is cut off, because enough was seen; None takes all.
    """
    started = time.monotonic()
    sheet = _Progress(RuleWatch(query), started)
    error: CbtError | None = None
    cut = ""
    try:
        answer = source.ask(query)
        with _CollectDeadline(answer, deadline_seconds) as cut_off:
            try:
                cut = _read(answer, sheet, started, at_most)
            except CbtError as failure:
                error = None if cut_off.struck.is_set() else failure
            cut = "deadline" if cut_off.struck.is_set() else cut
    except CbtError as failure:
        error = failure
    return _taken(query, sheet, error, cut, started)


def _read(answer: Answer, sheet: _Progress, started: float, at_most: int | None) -> str:
    for message in answer:
        now = time.monotonic()
        sheet.slowest_gap_seconds = max(sheet.slowest_gap_seconds, now - sheet.last_time)
        if sheet.first is not None:
            sheet.slowest_pause_seconds = max(sheet.slowest_pause_seconds, now - sheet.last_time)
        sheet.last_time = now
        sheet.received_bytes += len(message)
        (records,) = decoded((message,), len(sheet.offsets) + 1)
        sheet.watch.look(records)
        if sheet.first is None:
            sheet.first, sheet.first_message_seconds = next(iter(records)), now - started
        sheet.offsets.append(records.offsets)
        sheet.sizes.append(records.sizes)
        sheet.extents += len(records)
        if at_most is not None and sheet.extents >= at_most:
            return "enough"
    return ""


def _taken(query: Query, sheet: _Progress, error: CbtError | None, cut: str, started: float) -> Collected:
    now = time.monotonic()
    return Collected(
        query=query,
        offsets=joined(sheet.offsets),
        sizes=joined(sheet.sizes),
        per_message=np.array([len(column) for column in sheet.offsets], dtype=np.int64),
        block_metadata_type=sheet.first.block_metadata_type if sheet.first else None,
        volume_capacity_bytes=sheet.first.volume_capacity_bytes if sheet.first else None,
        violations=sheet.watch.violations(),
        error=error,
        cut=cut,
        seconds=now - started,
        first_message_seconds=sheet.first_message_seconds,
        slowest_gap_seconds=sheet.slowest_gap_seconds,
        usual_wait_seconds=sheet.slowest_pause_seconds
        if len(sheet.offsets) > 1
        else sheet.first_message_seconds or 0.0,
        silent_seconds=now - sheet.last_time,
        received_bytes=sheet.received_bytes,
    )


class _CollectDeadline:
    """Cancels an answer at its deadline, and in any case when the block is left."""

    def __init__(self, answer: Answer, seconds: float) -> None:
        self.struck = threading.Event()
        self._answer = answer
        self._timer = threading.Timer(seconds, self._strike)
        self._timer.daemon = True

    def _strike(self) -> None:
        self.struck.set()
        self._answer.cancel()

    def __enter__(self) -> _CollectDeadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._answer.cancel()
