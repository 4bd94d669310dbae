"""The one loop between a source and everything that looks at its extents.

It decodes, lets the rules see the records as they came, clips to the starting offset, and knows how far the stream
got. A stream that breaks is asked for again from there, with whatever the source needs anew (a token, a forwarded
port), and one that ends is asked once whether that was all. Outputs see one clean stream, and how often that was done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

import numpy as np

from kubectl_cbt.analysis.rules import Ascending, OneCapacity, RuleWatch
from kubectl_cbt.errors import (
    CbtError,
    Interrupted,
    InvalidRequest,
    MalformedMessage,
    MessageTooLarge,
    OffsetOutOfRange,
    StreamDeadline,
)
from kubectl_cbt.model.query import DEFAULT_MAX_RESULTS, Query
from kubectl_cbt.model.record import INT64_MAX, Batch, Records
from kubectl_cbt.model.results import Failure, Outcome
from kubectl_cbt.stream.read_ahead import ReadAhead, grouped
from kubectl_cbt.stream.resume import ENOUGH_MESSAGES, NEVER, Retries, RetryState, smaller_max_results
from kubectl_cbt.units import counted, human_bytes
from kubectl_cbt.wire.decode import decoded
from kubectl_cbt.wire.source import Answer, Source


def _silent(text: str) -> None:
    """Nobody wants to know."""


class ExtentStream:
    """Iterate over it once for the batches; then, or at any time, ask for the :meth:`outcome`.

    Args:
        source: where to ask.
        question: what to ask.
        max_results_is_ours: whether the user left ``max_results`` to us. Only then may a driver that rejects it
            be asked once more without.
        retries: how patient to be with a stream that breaks.
        probe: ask a stream that ended with OK before the volume's capacity whether that was all.
        read_ahead: receive in a thread of its own what is not taken yet; for sources that have to be waited for.

    Attributes:
        extents: received so far, without those that came again when the stream was taken up again.
        clipped: extents cut or left out because they began before the question's own starting offset.
        resumes: how often the stream was taken up again.

    Iterating raises :class:`~kubectl_cbt.errors.CbtError`.
    """

    def __init__(
        self,
        source: Source,
        query: Query,
        *,
        max_results_is_ours: bool = False,
        retries: Retries = NEVER,
        probe: bool = False,
        read_ahead: bool = True,
    ) -> None:
        self.messages = 0
        self.extents = 0
        self.clipped = 0
        self.resumes = 0
        self.next_offset = query.starting_offset
        self.block_metadata_type: int | None = None
        self.capacity_bytes: int | None = None
        self._source = source
        self._query = query  # the one being answered; only offset and max_results ever change
        self._first_offset = query.starting_offset
        self._max_results = query.max_results
        self._messages_before = 0
        self._may_ask_without_limit = max_results_is_ours and query.max_results == DEFAULT_MAX_RESULTS
        self._patience = RetryState(retries)
        self._probe = probe
        self._probing = False
        self._read_ahead = read_ahead
        self._notify: Callable[[str], None] = _silent
        self._watch = RuleWatch(query)
        self._error: CbtError | None = None  # what ended the newest answer
        self._answer: Answer | ReadAhead | None = None
        self._cancelled = threading.Event()
        self._started = time.monotonic()
        self._seconds: float | None = None

    def __iter__(self) -> Iterator[Batch]:
        try:
            more = True
            while more:
                more = yield from self._answered()
        finally:
            self.cancel()
            self._seconds = time.monotonic() - self._started

    def notify_to(self, notify: Callable[[str], None]) -> None:
        """Have ``notify`` told, in words, when the stream is taken up again."""
        self._notify = notify

    def resume(self, source: Source) -> None:
        """Make a stream that ended early iterable once more: it continues after its last extent.

        Everything counts on from where it stopped: extents, messages, rules, seconds. The failures in a row do not.

        Args:
            source: to query from now on; the one before may be closed.
        """
        self._source = source
        self._answer = None
        self._cancelled.clear()
        self._patience = self._patience.renewed()
        self._started, self._seconds = time.monotonic() - self.seconds, None
        self.resumes += 1
        self._ask_from_here(self._max_results_after(self._error))

    def cancel(self) -> None:
        """Stop the stream; safe from another thread and at any time, before it began too."""
        self._cancelled.set()
        self._source.cancel()
        if self._answer is not None:
            self._answer.cancel()

    @property
    def seconds(self) -> float:
        """Time from the start to the end, or to now."""
        return time.monotonic() - self._started if self._seconds is None else self._seconds

    def _answered(self) -> Generator[Batch, None, bool]:
        """The answer to one question; returns whether there is another to ask."""
        try:
            yield from self._batches()
        except CbtError as error:
            self._error = error
            if self._cancelled.is_set():
                raise
            return self._goes_on_after(error)
        return self._goes_on_after_ok()

    def _batches(self) -> Iterator[Batch]:
        if self._cancelled.is_set():
            raise Interrupted("interrupted")
        self._messages_before = self.messages
        answer = self._source.ask(self._query)
        ahead = ReadAhead(answer) if self._read_ahead else None
        self._answer = ahead or answer
        if self._cancelled.is_set():
            self._answer.cancel()
        for group in ahead or grouped(answer):
            for records in decoded(group, self.messages + 1):
                self._account(records)
                self._watch.look(records)
                yield self._clip(records)
                del records  # or a large message would be held while the next one is decoded

    def _account(self, records: Records) -> None:
        self.messages += records.messages
        if self.block_metadata_type is None:
            self.block_metadata_type = int(records.block_metadata_types[0])
        if self.capacity_bytes is None and (records.capacities > 0).any():
            self.capacity_bytes = int(records.capacities[np.argmax(records.capacities > 0)])

    def _clip(self, records: Records) -> Batch:
        """Cut the records to ``[starting_offset, …)``. What the driver sent stays in the batch's records."""
        if not len(records):
            return Batch.whole(records)
        furthest = int(records.ends.max())
        if furthest == INT64_MAX:
            # Only a broken driver's extent ends nowhere; going on from there would lose what it has not sent.
            furthest = int(records.ends.max(initial=0, where=records.ends < INT64_MAX))
        self._advance(records, furthest)
        start = self._query.starting_offset
        if start == 0 or records.offsets.min() >= start:
            self.extents += len(records)
            return Batch.whole(records)
        early = records.offsets < start
        # Of messages without such an extent nothing is left out, whatever is odd about them.
        cut_messages = np.zeros(records.messages, dtype=np.bool_)
        cut_messages[records.message_of(np.flatnonzero(early))] = True
        keep = (records.ends > start) | ~np.repeat(cut_messages, np.diff(records.bounds))
        offsets = np.maximum(records.offsets[keep], start)
        if start == self._first_offset:
            self.extents += len(records)
            self.clipped += int(np.count_nonzero(early))
        else:
            self.extents += len(offsets)
        bounds = np.concatenate(([0], np.cumsum(keep)))[records.bounds]
        return Batch(records, bounds, offsets, records.ends[keep] - offsets)

    def _advance(self, records: Records, furthest: int) -> None:
        if furthest <= self.next_offset:
            return
        if self._probing:
            beyond = np.flatnonzero((records.ends > self.next_offset) & (records.ends < INT64_MAX))
            first = records.first_number + int(records.message_of(beyond[:1])[0])
            self._watch.ended_early(first, self.next_offset)
            self._probing = False
        self.next_offset = furthest
        self._patience.progress()

    # What comes behind the end of an answer.

    @property
    def _is_at_the_end(self) -> bool:
        """Whether the last extent reached the capacity: some drivers call a question from there out of range.

        Of a driver that says now this capacity and now another nobody knows.
        """
        known = self.capacity_bytes is not None and not self._watch.broken(OneCapacity)
        return known and self.extents > 0 and self.next_offset >= (self.capacity_bytes or 0)

    @property
    def _is_out_of_order(self) -> bool:
        """Then nobody knows what lies in front of the furthest extent and was not sent yet."""
        return self._watch.broken(Ascending)

    @property
    def _brought_nothing(self) -> bool:
        """Whether the answer to the last question led nowhere."""
        return self.next_offset == self._query.starting_offset

    @property
    def _may_be_out_of_range(self) -> bool:
        """Whether a question from here may be called out of range: at the capacity, or where nobody knows that."""
        return self._is_at_the_end or (self._probing and self.capacity_bytes is None)

    def _goes_on_after_ok(self) -> bool:
        """OK is not proof: a driver may have sent its first page only. Asked from there, it has to have no more.

        Nor is an answer without anything: gRPC reports OK also after a frame that it cannot read, or a message that is
        cut. Two such answers in a row are taken for the end.
        """
        if not self._probe or self._is_at_the_end or self._is_out_of_order:
            return False
        if self._probing and self._brought_nothing:
            return False
        self._probing = True
        self._ask_from_here(self._max_results)
        return True

    def _goes_on_after(self, error: CbtError) -> bool:
        """Whether to ask again after an error; waits for the right time to do so.

        Raises:
            CbtError: the error, when it is final.
        """
        if isinstance(error, InvalidRequest) and not self.extents and self._may_ask_without_limit:
            self._may_ask_without_limit = False
            self._max_results = 0
            self._ask_from_here(0)
            return True
        if isinstance(error, OffsetOutOfRange) and self._may_be_out_of_range:
            return False  # in other words: there is nothing behind the last extent
        if self._is_out_of_order:
            raise error
        if self._is_at_the_end and self._patience.is_retryable(error):
            return False
        return self._is_taken_up_after(error)

    def _is_taken_up_after(self, error: CbtError) -> bool:
        failures = self._patience.failures
        pause = self._patience.pause_after(error)
        if pause is not None:
            self._resume(error, pause)
            return True
        if self._probing and not isinstance(error, MalformedMessage | MessageTooLarge):
            self._watch.end_unknown(self.messages, f"from byte {self.next_offset}: {error.message}")
            return False
        if failures:
            raise error.because(f"asked again {counted(failures, 'time')} in vain") from error
        raise error

    def _max_results_after(self, error: CbtError | None) -> int:
        max_results = self._query.max_results
        if isinstance(error, StreamDeadline) and self._brought_nothing:
            return smaller_max_results(max_results)
        if isinstance(error, StreamDeadline) and self.messages - self._messages_before >= ENOUGH_MESSAGES:
            return self._max_results  # what follows a quiet stretch need not be quiet
        return max_results

    def _resume(self, error: CbtError, pause: float) -> None:
        max_results = self._max_results_after(error)
        soon = f" in {pause:g} s" if pause else ""
        self._notify(f"asking again from {human_bytes(self.next_offset)}{soon}: {error.message}")
        if self._cancelled.wait(pause):
            raise error
        self.resumes += 1
        self._ask_from_here(max_results)

    def _ask_from_here(self, max_results: int) -> None:
        self._query = replace(self._query, starting_offset=self.next_offset, max_results=max_results)
        self._watch.asked_again(self._query)

    def outcome(self, error: CbtError | None = None, restore_size_bytes: int | None = None) -> Outcome:
        """How the stream stands.

        Args:
            error: what ended it early; None when it came to its end.
            restore_size_bytes: the snapshot's own size, for a stream that brought no capacity.
        """
        capacity = self.capacity_bytes if self.capacity_bytes is not None else restore_size_bytes
        return Outcome(
            complete=error is None,
            block_metadata_type=self.block_metadata_type,
            volume_capacity_bytes=capacity,
            messages=self.messages,
            extents=self.extents,
            next_offset=self.next_offset,
            clipped=self.clipped,
            resumes=self.resumes,
            seconds=self.seconds,
            violations=self._watch.violations(),
            failure=Failure.of(error) if error else None,
        )
