"""The one loop between a source and everything that looks at its extents.

It decodes, lets the rules see each record as it came, clips to the starting offset, and knows how far the stream
got. Outputs see one clean stream. Taking a broken stream up again belongs here too: everything it needs
(``next_offset``, a question that can be asked again) is at hand, and callers would not notice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kubectl_cbt.analysis.rules import RuleWatch
from kubectl_cbt.errors import CbtError, InvalidRequest
from kubectl_cbt.model.question import DEFAULT_MAX_RESULTS, Question
from kubectl_cbt.model.record import INT64_MAX, Batch, Record, saturating_ends
from kubectl_cbt.model.results import Failure, Outcome
from kubectl_cbt.wire.decode import decode_record
from kubectl_cbt.wire.source import Answer, Source


class ExtentStream:
    """Iterate over it once for the batches; then, or at any time, ask for the :meth:`outcome`.

    Args:
        source: where to ask.
        question: what to ask.
        max_results_is_ours: whether the user left ``max_results`` to us. Only then may a driver that rejects it
            be asked once more without.

    Iterating raises :class:`~kubectl_cbt.errors.StreamError`.
    """

    def __init__(self, source: Source, question: Question, *, max_results_is_ours: bool = False) -> None:
        self.question = question
        self.messages = 0
        self.extents = 0
        self.clipped = 0
        self.next_offset = question.starting_offset
        self.block_metadata_type: int | None = None
        self.capacity_bytes: int | None = None
        self._source = source
        self._may_ask_without_limit = max_results_is_ours and question.max_results == DEFAULT_MAX_RESULTS
        self._watch = RuleWatch(question)
        self._answer: Answer | None = None
        self._cancelled = False
        self._started = time.monotonic()
        self._seconds: float | None = None

    def __iter__(self) -> Iterator[Batch]:
        try:
            yield from self._batches()
        except InvalidRequest:
            if self.extents or not self._may_ask_without_limit:
                raise
            self._may_ask_without_limit = False
            self.question = replace(self.question, max_results=0)
            self._watch = RuleWatch(self.question)
            yield from self._batches()
        finally:
            self.cancel()
            self._seconds = time.monotonic() - self._started

    def cancel(self) -> None:
        """Stop the stream; safe from another thread and at any time, before it began too."""
        self._cancelled = True
        if self._answer is not None:
            self._answer.cancel()

    @property
    def seconds(self) -> float:
        """Time from the start to the end, or to now."""
        return time.monotonic() - self._started if self._seconds is None else self._seconds

    def _batches(self) -> Iterator[Batch]:
        self._answer = self._source.ask(self.question)
        if self._cancelled:
            self._answer.cancel()
        for message in self._answer:
            record = decode_record(message, self.messages + 1)
            self._account(record)
            self._watch.look(record)
            yield self._clip(record)

    def _account(self, record: Record) -> None:
        self.messages += 1
        self.extents += len(record)
        if self.block_metadata_type is None:
            self.block_metadata_type = record.block_metadata_type
        if self.capacity_bytes is None and record.volume_capacity_bytes > 0:
            self.capacity_bytes = record.volume_capacity_bytes

    def _clip(self, record: Record) -> Batch:
        """Cut the record to ``[starting_offset, …)``. What the driver sent stays in the batch's record."""
        if not len(record):
            return Batch(record, record.offsets, record.sizes)
        start = self.question.starting_offset
        ends = saturating_ends(record.offsets, record.sizes)
        furthest = int(ends.max())
        # Only a broken driver ends nowhere; going on from there would lose what it has not sent.
        if self.next_offset < furthest < INT64_MAX:
            self.next_offset = furthest
        if start == 0 or record.offsets.min() >= start:
            return Batch(record, record.offsets, record.sizes)
        self.clipped += int(np.count_nonzero(record.offsets < start))
        keep = ends > start
        offsets = np.maximum(record.offsets[keep], start)
        return Batch(record, offsets, ends[keep] - offsets)

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
            resumes=0,
            seconds=self.seconds,
            violations=self._watch.violations(),
            failure=Failure.of(error) if error else None,
        )
