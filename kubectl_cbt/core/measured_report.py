"""A report on the volumes of a cluster: listed once, then measured by a few streams at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from kubectl_cbt.analysis.report_figures import INTERRUPTED
from kubectl_cbt.analysis.report_rows import delta_query, full_query, inventory_row, measured_stream, queried_snapshots
from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.errors import CbtError, Interrupted
from kubectl_cbt.measuring.stream_meter import MeterSettings, StreamMeter
from kubectl_cbt.model.report_part import ReportPart
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.source_volume import SourceVolume
from kubectl_cbt.model.stream_figures import MeteredQuery, StreamFigures
from kubectl_cbt.model.volume_report import CELLS, MeasuredStream, ReportRow, ReportScope, VolumeReport, in_order

if TYPE_CHECKING:
    from kubectl_cbt.core.options import ServiceOptions
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.model.backend import Backend

STREAMS_PER_SERVICE = 2
_OUT_OF_TIME = Failure(INTERRUPTED, "", "not measured within --max-time", "")


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What is measured.

    Attributes:
        chunk_bytes: a power of two.
        rate: bytes that a backup reads a second.
        parallel: streams at a time.
        max_seconds: for all streams; None for no limit.
        has_streams: False for the inventory alone.
        part: which volumes are measured; None for all.
    """

    chunk_bytes: int = 2**20
    rate: int = 200_000_000
    parallel: int = 4
    max_seconds: float | None = None
    has_streams: bool = True
    part: ReportPart | None = None


class MeasuredVolumes:
    """The volumes of a report, each when its streams have ended; iterate once.

    Args:
        backend: opens the streams; called in several threads.
        earlier: a report whose complete streams are kept instead of querying them again; None for none.
        clock: returns monotonic seconds.

    Attributes:
        done: number of volumes whose streams have ended.
    """

    def __init__(
        self,
        backend: Backend,
        volumes: Sequence[SourceVolume],
        options: ReportOptions,
        earlier: VolumeReport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._clock = clock
        self._meter = StreamMeter(
            backend,
            StreamLimits(per_service=min(STREAMS_PER_SERVICE, options.parallel), total=options.parallel),
            MeterSettings(cells=CELLS, chunk_sizes=(options.chunk_bytes,), threads=options.parallel),
        )
        kept = {row.key: row for row in earlier.rows} if earlier is not None else {}
        self._volumes = [_Volume.of(volume, options, kept.get(volume.key)) for volume in volumes]
        self._is_cancelled = threading.Event()
        self._is_out_of_time = False
        self.done = 0
        self._started: float | None = None

    def __iter__(self) -> Iterator[ReportRow]:
        self._started = self._clock()
        waiting: dict[MeteredQuery, _Volume] = {}
        for volume in self._volumes:
            waiting |= dict.fromkeys(volume.queries, volume)
            if not volume.queries:
                self.done += 1
                yield volume.row
        timer = self._start_timer() if waiting else None
        try:
            for query, figures in self._meter.completed(list(waiting), self._is_cancelled):
                volume = waiting.pop(query)
                volume.add(self._measured(query, figures))
                self._meter.forget(query)
                if not volume.queries:
                    self.done += 1
                    yield volume.row
        finally:
            if timer is not None:
                timer.cancel()
            self._meter.close()

    def cancel(self) -> None:
        """End all streams, also those that are being connected; safe from another thread and at any time."""
        self._is_cancelled.set()
        self._meter.cancel()

    @property
    def total(self) -> int:
        """Number of volumes."""
        return len(self._volumes)

    @property
    def running(self) -> list[StreamFigures]:
        """The streams that run now."""
        return self._meter.running

    @property
    def seconds(self) -> float:
        """Time since the streams were started."""
        return 0.0 if self._started is None else self._clock() - self._started

    def begun(self, now: datetime, scope: ReportScope) -> VolumeReport:
        """The report before its first volume."""
        options = self._options
        return VolumeReport(now, scope, options.chunk_bytes, options.rate, options.has_streams, (), part=options.part)

    def report(self, now: datetime, scope: ReportScope, error: CbtError | None = None) -> VolumeReport:
        """All volumes; those whose streams did not end are incomplete.

        Args:
            now: the time that ages refer to.
            error: ended the iteration early.
        """
        for volume in self._volumes:
            for query in volume.queries:
                volume.add(self._measured(query, self._meter.result(query) or StreamFigures()))
        rows = in_order(volume.row for volume in self._volumes)
        failure = Failure.of(error) if error is not None else None
        if failure is None and any(stream.failure is _OUT_OF_TIME for row in rows for stream in row.streams):
            failure = _OUT_OF_TIME
        return replace(self.begun(now, scope), rows=rows, failure=failure)

    def _measured(self, query: MeteredQuery, figures: StreamFigures) -> MeasuredStream:
        if figures.is_running:
            figures = replace(figures, is_running=False, failure=Failure.of(Interrupted("interrupted")))
        stream = measured_stream(query, figures, self._options.chunk_bytes)
        if self._is_out_of_time and stream.failure is not None and stream.failure.type == INTERRUPTED:
            return replace(stream, failure=_OUT_OF_TIME)
        return stream

    def _start_timer(self) -> threading.Timer | None:
        if self._options.max_seconds is None:
            return None
        timer = threading.Timer(self._options.max_seconds, self._end_in_time)
        timer.name, timer.daemon = "cbt-max-time", True
        timer.start()
        return timer

    def _end_in_time(self) -> None:
        self._is_out_of_time = True
        self.cancel()


@dataclass(eq=False, slots=True)
class _Volume:
    """A volume that is being measured.

    Attributes:
        queries: those whose streams have not ended.
    """

    row: ReportRow
    queries: list[MeteredQuery]

    @classmethod
    def of(cls, volume: SourceVolume, options: ReportOptions, earlier: ReportRow | None) -> _Volume:
        found = cls(inventory_row(volume), [])
        if not options.has_streams:
            return found
        known = earlier.streams if earlier is not None else ()
        for query in (full_query(volume), delta_query(volume)):
            if query is None:
                continue
            stream = next((one for one in known if one.is_complete and one.contents == query.contents), None)
            if stream is None:
                found.queries.append(query)
            else:
                found._set(stream)
        return found

    def add(self, stream: MeasuredStream) -> None:
        """Keep a stream that ended."""
        self.queries = [query for query in self.queries if query.contents != stream.contents]
        self._set(stream)

    def _set(self, stream: MeasuredStream) -> None:
        self.row = replace(self.row, full=stream) if stream.base is None else replace(self.row, delta=stream)


def open_report(
    session: Session,
    service: ServiceOptions,
    scope: ReportScope,
    options: ReportOptions,
    earlier: VolumeReport | None = None,
) -> MeasuredVolumes:
    """List the volumes of a cluster; their streams start with the iteration.

    Args:
        earlier: as for :class:`MeasuredVolumes`.

    Raises:
        CbtError: the snapshots cannot be listed.
    """
    from kubectl_cbt.core.listed_backend import ListedBackend
    from kubectl_cbt.core.options import QueryOptions
    from kubectl_cbt.core.volume_list import list_volumes
    from kubectl_cbt.kube.list_options import ListOptions

    volumes = list_volumes(session.catalogue, scope.namespace, ListOptions(labels=scope.selector))
    volumes = [volume for volume in volumes if scope.driver in ("", volume.driver)]
    if options.part is not None:
        volumes = [volume for volume in volumes if options.part.shard.has(volume.key)]
    # Not all snapshots: volumes can have hundreds of them.
    entries = (entry for volume in volumes if options.has_streams for entry in queried_snapshots(volume))
    return MeasuredVolumes(ListedBackend(session, service, QueryOptions(), entries), volumes, options, earlier)
