"""A recorded stream through the same loop as a live one: what was taken up again then is put together again now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.results import Asked, Outcome
from kubectl_cbt.recording.recorded_source import RecordedSource
from kubectl_cbt.stream.loop import ExtentStream
from kubectl_cbt.stream.resume import Retries


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How patient the recorded stream was: the same answers lead to the same questions only with the same settings."""

    retries: int
    probe: bool
    max_results_is_ours: bool


class ReplayedStream:
    """A :class:`~kubectl_cbt.model.batch_stream.BatchStream` that takes no time; ``seconds`` are those it took then.

    Attributes:
        asked: question and subject.
        kind: ``delta`` or ``allocated``.
    """

    def __init__(self, source: RecordedSource, asked: Asked, how: StreamSettings) -> None:
        self.asked = asked
        self.kind: str = asked.query.verb
        self._source = source
        self._stream = ExtentStream(
            source,
            asked.query,
            max_results_is_ours=how.max_results_is_ours,
            retries=Retries(limit=how.retries, first_seconds=0.0),
            probe=how.probe,
            read_ahead=False,
        )
        # A stream that was stopped is asked for no more, and not taken for whole because only its probe was cut.
        source.stop = self._stream.cancel

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._stream)

    @property
    def extents(self) -> int:
        return self._stream.extents

    @property
    def next_offset(self) -> int:
        return self._stream.next_offset

    @property
    def capacity_bytes(self) -> int | None:
        return self._stream.capacity_bytes

    @property
    def seconds(self) -> float:
        return self._source.seconds

    def notify_to(self, notify: Callable[[str], None]) -> None:
        self._stream.notify_to(notify)

    def cancel(self) -> None:
        self._stream.cancel()

    def outcome(self, error: CbtError | None = None, restore_size_bytes: int | None = None) -> Outcome:
        found = self._stream.outcome(error, restore_size_bytes)
        # What was only waited for then was not taken up.
        resumes = found.resumes - (self._source.was_stopped_between and self._stream.resumes > 0)
        return replace(found, seconds=self.seconds, resumes=resumes)
