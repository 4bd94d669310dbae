"""The one loop between a source and everything that uses its extents.

It decodes, passes the records as received to the rules, clips to the starting offset, and counts how far the stream
got. A stream that breaks is resumed from there, with a fresh token and a fresh port-forward if the source needs them.
After OK one more query, the probe, checks that nothing follows. Outputs see one clean stream and the number of resumes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

import numpy as np

from kubectl_cbt.analysis.rules.message_rules import OneCapacity
from kubectl_cbt.analysis.rules.position_rules import Ascending
from kubectl_cbt.analysis.rules.rule_watch import RuleWatch
from kubectl_cbt.errors import (
    CbtError,
    DocumentError,
    Interrupted,
    InvalidRequest,
    MalformedMessage,
    MessageTooLarge,
    OffsetOutOfRange,
    StreamDeadline,
)
from kubectl_cbt.model.record import INT64_MAX, Batch, Records
from kubectl_cbt.model.results import Failure, Outcome
from kubectl_cbt.model.stream_query import DEFAULT_MAX_RESULTS, Query
from kubectl_cbt.stream.read_ahead import grouped, read_ahead
from kubectl_cbt.stream.resume import ENOUGH_MESSAGES, NEVER, Retries, RetryState, smaller_max_results
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.units import human_bytes
from kubectl_cbt.wire.decode import decoded
from kubectl_cbt.wire.source import Source

_FINAL = (DocumentError, Interrupted)
"""Errors after which nothing is queried again: a recording that is damaged, a stream that was stopped."""


def _ignore(text: str) -> None:
    """Report nothing."""


class ExtentStream:
    """Iterate over it once for the batches; :meth:`outcome` reports the state then, or at any time.

    Args:
        source: answers the queries.
        query: the first one; resumes differ in ``starting_offset`` and ``max_results``.
        max_results_is_ours: whether ``max_results`` is our default and not the user's. Only then is a driver that
            rejects it queried once more without a limit.
        retries: the limits for resuming a broken stream.
        probe: after OK before the volume's capacity, query for what follows the last extent.
        read_ahead: receive in a thread of its own, ahead of the caller; for sources that wait for a network.

    Attributes:
        extents: received so far, without those that were received again after a resume.
        clipped: extents cut or left out because they began before the first query's starting offset.
        resumes: how often the stream was resumed.

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
        self._query = query  # the one being answered; only offset and max_results change
        self._first_offset = query.starting_offset
        self._max_results = query.max_results
        self._messages_before = 0
        self._may_drop_limit = max_results_is_ours and query.max_results == DEFAULT_MAX_RESULTS
        self._retry_state = RetryState(retries)
        self._probe = probe
        self._probing = False
        self._read_ahead = read_ahead
        self._notify: Callable[[str], None] = _ignore
        self._watch = RuleWatch(query)
        self._error: CbtError | None = None  # what ended the newest answer
        self._cancellation = Cancellation()
        self._started = time.monotonic()
        self._seconds: float | None = None

    def __iter__(self) -> Iterator[Batch]:
        try:
            more = True
            while more:
                more = yield from self._answer()
        finally:
            self.cancel()
            self._seconds = time.monotonic() - self._started

    def notify_to(self, notify: Callable[[str], None]) -> None:
        """Call ``notify`` with a sentence when the stream is resumed."""
        self._notify = notify

    def resume(self, source: Source) -> None:
        """Make a stream that ended early iterable once more: it continues after its last extent.

        Extents, messages, rules and seconds continue to count; consecutive failures start from zero.

        Args:
            source: answers the queries from now on; the previous one may be closed.
        """
        self._source = source
        self._cancellation = Cancellation()
        self._retry_state = self._retry_state.renewed()
        self._started, self._seconds = time.monotonic() - self.seconds, None
        self.resumes += 1
        self._query_from_here(self._max_results_after(self._error))

    def cancel(self) -> None:
        """Stop the stream; safe from another thread and at any time, before it began too."""
        self._cancellation.cancel()

    @property
    def seconds(self) -> float:
        """Time from the start to the end, or to now."""
        return time.monotonic() - self._started if self._seconds is None else self._seconds

    def _answer(self) -> Generator[Batch, None, bool]:
        """The answer to one query; returns whether another query follows."""
        try:
            yield from self._batches()
        except CbtError as error:
            self._error = error
            if self._cancellation.is_cancelled or isinstance(error, _FINAL):
                raise
            return self._continues_after(error)
        return self._continues_after_ok()

    def _batches(self) -> Iterator[Batch]:
        if self._cancellation.is_cancelled:
            raise Interrupted("interrupted")
        self._messages_before = self.messages
        with self._cancellation.part() as cancellation:
            messages = self._source.query(self._query, cancellation)
            for group in read_ahead(messages, cancellation) if self._read_ahead else grouped(messages):
                for records in decoded(group, self.messages + 1):
                    self._account(records)
                    self._watch.check(records)
                    yield self._clip(records)
                    del records  # or a large message stays in memory while the next one is decoded

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
        # Messages without such an extent are kept completely, even if they are invalid.
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
        self._retry_state.progress()

    # After the end of an answer.

    @property
    def _is_at_the_end(self) -> bool:
        """Whether the last extent reached the capacity. Some drivers report a query from there as out of range.

        Unknown for a driver that reports different capacities.
        """
        known = self.capacity_bytes is not None and not self._watch.is_broken(OneCapacity)
        return known and self.extents > 0 and self.next_offset >= (self.capacity_bytes or 0)

    @property
    def _is_out_of_order(self) -> bool:
        """Whether extents before the furthest one may be missing."""
        return self._watch.is_broken(Ascending)

    @property
    def _made_no_progress(self) -> bool:
        """Whether the last answer had no new extent."""
        return self.next_offset == self._query.starting_offset

    @property
    def _may_be_out_of_range(self) -> bool:
        """Whether a driver may report a query from here as out of range: at the capacity, or where that is unknown."""
        return self._is_at_the_end or (self._probing and self.capacity_bytes is None)

    def _continues_after_ok(self) -> bool:
        """Whether to probe. OK is not proof: a driver may have sent its first page only.

        An empty answer is not proof either: gRPC also reports OK after a frame that it cannot read, or a message that
        is cut. Two such answers in a row count as the end.
        """
        if not self._probe or self._is_at_the_end or self._is_out_of_order:
            return False
        if self._probing and self._made_no_progress:
            return False
        self._probing = True
        self._query_from_here(self._max_results)
        return True

    def _continues_after(self, error: CbtError) -> bool:
        """Whether to query again after an error; waits until it is time to do so.

        Raises:
            CbtError: the error, when it is final.
        """
        if isinstance(error, InvalidRequest) and not self.extents and self._may_drop_limit:
            self._may_drop_limit = False
            self._max_results = 0
            self._query_from_here(0)
            return True
        if isinstance(error, OffsetOutOfRange) and self._may_be_out_of_range:
            return False  # it means that nothing follows the last extent
        if self._is_out_of_order:
            raise error
        if self._is_at_the_end and self._retry_state.is_retryable(error):
            return False
        return self._is_resumed_after(error)

    def _is_resumed_after(self, error: CbtError) -> bool:
        failures = self._retry_state.failures
        pause = self._retry_state.pause_after(error)
        if pause is not None:
            self._resume(error, pause)
            return True
        if self._probing and not isinstance(error, MalformedMessage | MessageTooLarge):
            self._watch.end_unknown(self.messages, f"from byte {self.next_offset}: {error.message}")
            return False
        if failures:
            raise error.because(f"gave up after {failures} {'retry' if failures == 1 else 'retries'}") from error
        raise error

    def _max_results_after(self, error: CbtError | None) -> int:
        max_results = self._query.max_results
        if isinstance(error, StreamDeadline) and self._made_no_progress:
            return smaller_max_results(max_results)
        if isinstance(error, StreamDeadline) and self.messages - self._messages_before >= ENOUGH_MESSAGES:
            return self._max_results  # extents may be dense again after a sparse range
        return max_results

    def _resume(self, error: CbtError, pause: float) -> None:
        max_results = self._max_results_after(error)
        soon = f" in {pause:g} s" if pause else ""
        self._notify(f"resuming at {human_bytes(self.next_offset)}{soon}: {error.message}")
        if self._cancellation.wait(pause):
            raise error
        self.resumes += 1
        self._query_from_here(max_results)

    def _query_from_here(self, max_results: int) -> None:
        self._query = replace(self._query, starting_offset=self.next_offset, max_results=max_results)
        self._watch.resume(self._query)

    def outcome(self, error: CbtError | None = None, restore_size_bytes: int | None = None) -> Outcome:
        """The state of the stream.

        Args:
            error: what ended it early; None when it reached its end.
            restore_size_bytes: the snapshot's own size, for a stream without a capacity.
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
