"""A saved document as a stream of batches, like a live one, for every output and screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.documents.document_head import DocumentHead
from kubectl_cbt.documents.document_tail import DocumentEnding
from kubectl_cbt.errors import CbtError, DocumentError, Interrupted
from kubectl_cbt.model.record import INT64_MAX, Batch, Record, Records, saturating_ends
from kubectl_cbt.model.results import Failure, Outcome, Violation
from kubectl_cbt.model.stream_query import Operation


class Document(Protocol):
    """A document of any format; formats inherit from it.

    Attributes:
        head: everything before the extents; ``query_of_file`` for a format that does not record its query.
        ending: how its stream ended; None until it was read, and for a format without it.
        note: a note for the user after the document was read; can be empty.
        has_messages: whether it contains, or was made of, messages of a driver.
    """

    head: DocumentHead
    ending: DocumentEnding | None = None
    note: str = ""
    has_messages: bool = True

    def records(self) -> Iterator[Record]:
        """Its extents; raises DocumentError at the first error, after all extents before it."""
        ...

    def violations(self) -> tuple[Violation, ...]:
        """The rules that its messages broke so far, if it contains messages."""
        return ()


class SavedStream:
    """A :class:`~kubectl_cbt.model.batch_stream.BatchStream`; iterate over it once.

    The records of a lister document are its messages. Other documents do not record messages: there a record is a chunk
    of extents that was in memory at once. Nothing is clipped; the document already is.

    Attributes:
        resolved: the query; of a lister document the namespace is ``unknown`` and the name the file's.
        operation: ``delta`` or ``allocated``; None if the file does not record it and it was not given.

    Args:
        capacity_bytes: size of the volume, from the user, for a file that does not record it; None if not given.
    """

    def __init__(
        self,
        document: Document,
        source: RewindableInput,
        operation: Operation | None,
        capacity_bytes: int | None = None,
    ) -> None:
        head = document.head
        self.resolved = head.resolved
        self.operation = operation
        self.extents = 0
        self.next_offset = self.resolved.query.starting_offset
        self._block_metadata_type = head.block_metadata_type
        self._document = document
        self._source = source
        self._given_capacity_bytes = capacity_bytes
        self.capacity_bytes = self._checked_capacity(_positive(head.volume_capacity_bytes))
        self._notify: Callable[[str], None] = _ignore
        self._records = 0
        self._error: CbtError | None = None
        self._cancelled = False
        self._finished = False
        self._started = time.monotonic()
        self._seconds: float | None = None

    def notify_to(self, notify: Callable[[str], None]) -> None:
        """Call ``notify`` with the document's note after it was read to its end."""
        self._notify = notify

    def __iter__(self) -> Iterator[Batch]:
        """The batches.

        Raises:
            DocumentError: at the first error, after all extents before it.
            Interrupted: after :meth:`cancel`.
        """
        try:
            for record in map(self._with_capacity, self._document.records()):
                self._check_cancelled()
                self._account(record)
                yield Batch.whole(Records.of(record))
            self._check_cancelled()
            self._finished = True
            if self._document.note:
                self._notify(self._document.note)
        except CbtError as error:
            self._error = error
            raise
        finally:
            self._seconds = time.monotonic() - self._started

    def cancel(self) -> None:
        """Stop; safe from another thread and at any time. The file is not closed."""
        self._cancelled = True
        self._source.cancel()

    @property
    def seconds(self) -> float:
        """Time from the start to the end, or to now."""
        return time.monotonic() - self._started if self._seconds is None else self._seconds

    def outcome(self, error: CbtError | None = None, restore_size_bytes: int | None = None) -> Outcome:
        """The outcome: complete only if it was read to its end and its stream was complete.

        Args:
            error: the error that ended it early; None at its end.
            restore_size_bytes: the snapshot's own size, for a document without capacity.
        """
        ending = self._document.ending or self._so_far()
        error = error or self._error
        failure = Failure.of(error) if error else ending.failure
        # A document of ours that was made from a list declares no messages.
        has_messages = self._document.has_messages and (ending.messages > 0 or not self.extents)
        return Outcome(
            complete=failure is None,
            block_metadata_type=self._block_metadata_type,
            volume_capacity_bytes=restore_size_bytes if self.capacity_bytes is None else self.capacity_bytes,
            messages=ending.messages if has_messages else self._records,
            extents=self.extents,
            next_offset=ending.next_offset,
            clipped=ending.clipped,
            resumes=ending.resumes,
            seconds=self.seconds,
            violations=ending.violations,
            failure=failure,
            has_messages=has_messages,
        )

    def _so_far(self) -> DocumentEnding:
        """What was read so far, for a document without an ending or before it was read."""
        unread = Failure.of(DocumentError(f"{self._source.name} was not read to its end"))
        return DocumentEnding(
            messages=self._records,
            extents=self.extents,
            clipped=0,
            next_offset=self.next_offset,
            resumes=0,
            violations=self._document.violations(),
            failure=None if self._finished else unread,
        )

    def _check_cancelled(self) -> None:
        if self._cancelled:
            raise Interrupted(f"reading {self._source.name} was stopped")

    def _checked_capacity(self, recorded_bytes: int | None) -> int | None:
        """The capacity that the file records or, if it records none, the user gave."""
        given_bytes = self._given_capacity_bytes
        if given_bytes is None or recorded_bytes is None:
            return recorded_bytes or given_bytes
        if recorded_bytes != given_bytes:
            raise DocumentError(
                f"{self._source.name} records a capacity of {recorded_bytes} bytes, not {given_bytes}",
                hint="omit --capacity: the file records it",
            )
        return recorded_bytes

    def _with_capacity(self, record: Record) -> Record:
        """A record of a format without capacity gets the one that the user gave."""
        if self._given_capacity_bytes is None:
            return record
        capacity_bytes = self._checked_capacity(_positive(record.volume_capacity_bytes))
        return replace(record, volume_capacity_bytes=capacity_bytes or 0)

    def _account(self, record: Record) -> None:
        self._records += 1
        self.extents += len(record)
        if self._block_metadata_type is None:
            self._block_metadata_type = record.block_metadata_type
        if self.capacity_bytes is None:
            self.capacity_bytes = _positive(record.volume_capacity_bytes)
        if len(record):
            furthest = int(saturating_ends(record.offsets, record.sizes).max())
            # Only the extents of a broken driver end at the maximum.
            if self.next_offset < furthest < INT64_MAX:
                self.next_offset = furthest


def _ignore(text: str) -> None:
    """Discard a note."""


def _positive(capacity_bytes: int | None) -> int | None:
    """A known capacity: 0 means that a message omitted it."""
    return capacity_bytes if capacity_bytes and capacity_bytes > 0 else None
