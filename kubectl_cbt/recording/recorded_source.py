"""A recording as a source: the same questions get the same answers, without waiting. Others get none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from kubectl_cbt.errors import CbtError, DocumentError, Interrupted
from kubectl_cbt.model.query import Query
from kubectl_cbt.recording.format import RecordedAnswer, Recording
from kubectl_cbt.wire.source import Answer

_STOPS = (DocumentError, Interrupted)


def _nothing() -> None:
    """Nobody has to know."""


class RecordedSource:
    """Answers the questions of a recording, in their order.

    Attributes:
        stop: called before the error is raised that ends the recording early: where it was cut, damaged, or
            interrupted while it was made. Who would ask again after an error shall not after this one.
        codes: how the answers ended so far that were read to their end, as gRPC's names.
        seconds: from the beginning of the recording to what was read last.
        first_message_seconds: from the first question to the first message; None until then.
        slowest_gap_seconds: longest wait for a message, from its question or from the message before it.
        was_stopped_between: whether more was asked than was recorded, of a recording that was finished in order.
            The same loop asked then, so it was stopped while it waited to do so.
    """

    def __init__(self, recording: Recording) -> None:
        self.stop: Callable[[], None] = _nothing
        self.codes: list[str] = []
        self.seconds = 0.0
        self.first_message_seconds: float | None = None
        self.slowest_gap_seconds = 0.0
        self.was_stopped_between = False
        self._recording = recording
        self._answers = recording.answers()
        self._first_asked: int | None = None

    def ask(self, query: Query) -> Answer:
        """The next answer.

        Raises:
            DocumentError: it is one to another question, or cannot be read.
            Interrupted: there is none.
        """
        try:
            found = self._next(query)
        except _STOPS:
            self.stop()
            raise
        if self._first_asked is None:
            self._first_asked = found.microseconds
        return _ReplayedAnswer(self, found)

    def cancel(self) -> None:
        self._recording.cancel()

    def close(self) -> None:
        """Whoever opened the file closes it."""

    def came(self, answer: RecordedAnswer, gap: int, microseconds: int) -> None:
        """A message was read.

        Args:
            gap: microseconds it was waited for.
            microseconds: since its question.
        """
        self.seconds = (answer.microseconds + microseconds) / 1e6
        self.slowest_gap_seconds = max(self.slowest_gap_seconds, gap / 1e6)
        if self.first_message_seconds is None:
            self.first_message_seconds = self.seconds - (self._first_asked or 0) / 1e6

    def ended(self, answer: RecordedAnswer) -> CbtError | None:
        """An answer was read to its end; returns what it ended with."""
        ending = answer.ending
        if ending is None:
            return None
        self.seconds = ending.microseconds / 1e6
        self.codes.append(ending.code)
        return ending.error

    def _next(self, query: Query) -> RecordedAnswer:
        found = next(self._answers, None)
        if found is None:
            self.was_stopped_between = True
            raise Interrupted("interrupted")
        if found.query != query:
            raise DocumentError(
                f"{self._recording.name} does not go on so: recorded is a question from {_where(found.query)},"
                f" not one from {_where(query)}"
            )
        return found


class _ReplayedAnswer:
    def __init__(self, source: RecordedSource, answer: RecordedAnswer) -> None:
        self._source = source
        self._answer = answer
        self._cancelled = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._messages()
        except _STOPS:
            self._source.stop()
            raise

    def _messages(self) -> Iterator[bytes]:
        before = 0
        for microseconds, message in self._answer.messages():
            if self._cancelled.is_set():
                raise Interrupted("interrupted")
            self._source.came(self._answer, microseconds - before, microseconds)
            before = microseconds
            yield message
        error = self._source.ended(self._answer)
        if error is not None:
            raise error

    def cancel(self) -> None:
        self._cancelled.set()


def _where(query: Query) -> str:
    return f"byte {query.starting_offset} with max_results {query.max_results}"
