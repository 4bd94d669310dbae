"""A recorded stream through the same loop as a live one: what was resumed then is put together again now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome
from kubectl_cbt.recording.recorded_source import RecordedSource
from kubectl_cbt.stream.loop import ExtentStream
from kubectl_cbt.stream.resume import Retries


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """The recorded stream's settings: the same answers lead to the same queries only with the same settings."""

    retries: int
    probe: bool
    max_results_is_ours: bool


class ReplayedStream:
    """A :class:`~kubectl_cbt.model.batch_stream.BatchStream` without waits; ``seconds`` are the recorded ones.

    Attributes:
        resolved: the recorded query.
        operation: ``delta`` or ``allocated``.
    """

    def __init__(self, source: RecordedSource, resolved: ResolvedQuery, settings: StreamSettings) -> None:
        self.resolved = resolved
        self.operation = resolved.query.operation
        self._source = source
        self._stream = ExtentStream(
            source,
            resolved.query,
            max_results_is_ours=settings.max_results_is_ours,
            retries=Retries(limit=settings.retries, first_seconds=0.0),
            probe=settings.probe,
            read_ahead=False,
        )

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
        # A resume that was only waited for did not happen.
        resumes = found.resumes - (self._source.was_stopped_between and self._stream.resumes > 0)
        return replace(found, seconds=self.seconds, resumes=resumes)
