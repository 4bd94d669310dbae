"""A recording as a source: the recorded queries, in their order, get the recorded answers, without waiting."""

from __future__ import annotations

from collections.abc import Generator

from kubectl_cbt.errors import CbtError, DocumentError, Interrupted
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.recording.format import RecordedAnswer, Recording
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.source import Origin


class RecordedSource:
    """Answers the queries of a recording.

    Attributes:
        codes: how the answers ended that were read to their end, as gRPC's names.
        seconds: from the start of the recording to what was read last.
        first_message_seconds: from the first query to the first message; None until then.
        slowest_gap_seconds: longest wait for a message, from its query or from the message before it.
        was_stopped_between: whether a query came after the last recorded one, of a recording that was finished in
            order. The same loop sent that query then, so it was stopped while it waited to do so.
    """

    def __init__(self, recording: Recording) -> None:
        self.codes: list[str] = []
        self.seconds = 0.0
        self.first_message_seconds: float | None = None
        self.slowest_gap_seconds = 0.0
        self.was_stopped_between = False
        self._recording = recording
        self._answers = recording.answers()
        self._first_query_microseconds: int | None = None

    @property
    def origin(self) -> Origin:
        return Origin("recording")

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        """The messages of the next recorded answer.

        Raises:
            DocumentError: the next recorded query is another one, or the recording cannot be read.
            Interrupted: there is no other, or this was cancelled.
            CbtError: the error that the recorded answer ended with.
        """
        with cancellation.calling(self._recording.cancel):
            answer = self._next(query)
            before = 0
            for microseconds, message in answer.messages():
                if cancellation.is_cancelled:
                    raise Interrupted("interrupted")
                self._note(answer, microseconds - before, microseconds)
                before = microseconds
                yield message
            error = self._end(answer)
        if error is not None:
            raise error

    def close(self) -> None:
        """The file is closed by its owner."""

    def _next(self, query: Query) -> RecordedAnswer:
        answer = next(self._answers, None)
        if answer is None:
            self.was_stopped_between = True
            raise Interrupted("interrupted")
        if answer.query != query:
            raise DocumentError(
                f"{self._recording.name} does not contain this request: the next one recorded is from"
                f" {_where(answer.query)}, not from {_where(query)}"
            )
        if self._first_query_microseconds is None:
            self._first_query_microseconds = answer.microseconds
        return answer

    def _note(self, answer: RecordedAnswer, gap: int, microseconds: int) -> None:
        """Count a message.

        Args:
            gap: microseconds since the message before it, or since the query.
            microseconds: since the query.
        """
        self.seconds = (answer.microseconds + microseconds) / 1e6
        self.slowest_gap_seconds = max(self.slowest_gap_seconds, gap / 1e6)
        if self.first_message_seconds is None:
            self.first_message_seconds = self.seconds - (self._first_query_microseconds or 0) / 1e6

    def _end(self, answer: RecordedAnswer) -> CbtError | None:
        """Count an answer that was read to its end; returns the error it ended with."""
        if answer.ending is None:
            return None
        self.seconds = answer.ending.microseconds / 1e6
        self.codes.append(answer.ending.code)
        return answer.ending.error


def _where(query: Query) -> str:
    return f"byte {query.starting_offset} with max_results {query.max_results}"
