"""Measures the history of one volume: the delta of each pair of snapshots, a few at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from kubectl_cbt.analysis.history import next_older_base, pairs_of, selected_snapshots
from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.errors import SnapshotUnusable
from kubectl_cbt.measuring.stream_meter import MeterSettings, StreamMeter
from kubectl_cbt.model.backend import Backend
from kubectl_cbt.model.pairing import Pairing
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.source_volume import SourceVolume
from kubectl_cbt.model.stream_figures import MeteredQuery, StreamFigures
from kubectl_cbt.model.volume_history import HistoryPair, HistoryRow, VolumeHistory
from kubectl_cbt.units import as_argument, utc_words


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """What to measure.

    Attributes:
        since: omit older snapshots; None for none.
        last: the number of newest snapshots to keep, at least 1; None for all.
        chunk_bytes: what a backup reads at once, a power of two.
    """

    pairing: Pairing = Pairing.NEIGHBOURS
    since: datetime | None = None
    last: int | None = None
    chunk_bytes: int = 2**20


def plan_history(volume: SourceVolume, options: HistoryOptions) -> VolumeHistory:
    """The history without figures.

    Raises:
        SnapshotUnusable: no snapshot can be queried, or none was taken in that time.
    """
    snapshots = selected_snapshots(volume, options.since, options.last)
    if not snapshots:
        raise _nothing_to_query(volume, options)
    return VolumeHistory(volume, snapshots, options.pairing, options.chunk_bytes)


def _nothing_to_query(volume: SourceVolume, options: HistoryOptions) -> SnapshotUnusable:
    subject = f"claim {volume.claim}" if volume.claim else f"volume {volume.volume_handle}"
    newest = volume.usable[-1] if volume.usable else None
    if newest is not None and newest.created is not None and options.since is not None:
        return SnapshotUnusable(
            f"no usable snapshot of {subject} was taken since {utc_words(options.since)}",
            hint=f"the newest one is {newest.ref.name}, of {utc_words(newest.created)}",
        )
    hint = f"see why for each: kubectl cbt snapshots -n {as_argument(volume.namespace)}"
    if "not readable" in volume.obstacle:
        hint += "\nan administrator can grant access: kubectl cbt rbac --browse | kubectl apply -f -"
    return SnapshotUnusable(f"no snapshot of {subject} can be queried: {volume.obstacle or 'time unknown'}", hint=hint)


class MeasuredHistory:
    """Measures a planned history: iterate once, then call :meth:`result`. Close it, or use it in a ``with`` block.

    Args:
        backend: opens the streams; called in several threads.
        plan: what to measure.
        cells: of the whole volume, counted for each row.
    """

    def __init__(self, backend: Backend, plan: VolumeHistory, cells: int = 1) -> None:
        self._plan = plan
        self._pairs = pairs_of(plan.snapshots, plan.pairing)
        newest = plan.snapshots[-1]
        self._allocated = MeteredQuery(SnapshotNames(newest.ref), newest.driver, (newest.content,))
        self._older: list[HistoryPair] = []
        self._is_cancelled = threading.Event()
        self._notify: Callable[[], None] = _ignore
        self._meter = StreamMeter(
            backend,
            StreamLimits(),
            MeterSettings(cells=cells, chunk_sizes=(plan.chunk_bytes,)),
            changed=lambda query: self._notify(),
        )

    def __enter__(self) -> MeasuredHistory:
        return self

    def __exit__(self, *_: object) -> None:
        self._meter.close()

    def __iter__(self) -> Iterator[HistoryRow]:
        """The rows as their streams end, complete or not."""
        by_query = {pair.query: pair for pair in self._pairs}
        for query, figures in self._meter.completed([*by_query, self._allocated], self._is_cancelled):
            if query in by_query:
                yield self._row(by_query[query], figures)
        self._query_older_bases()

    def _query_older_bases(self) -> None:
        """Find the newest base that works for the newest snapshot, if the one of the last row does not."""
        while not self._is_cancelled.is_set() and (pair := next_older_base(self._history())) is not None:
            self._older.append(pair)
            for _ in self._meter.completed([pair.query], self._is_cancelled):
                pass  # what follows uses its figures

    def watch(self, notify: Callable[[], None]) -> None:
        """Have a function called, in any thread, when figures change."""
        self._notify = notify

    def cancel(self) -> None:
        """End all streams; safe from any thread and at any time."""
        self._is_cancelled.set()
        self._meter.cancel()

    def result(self) -> VolumeHistory:
        """What was measured, with incomplete rows for streams that did not end. Waits for streams that are ending."""
        self._meter.close()
        return self._history()

    def _history(self) -> VolumeHistory:
        return replace(
            self._plan,
            rows=tuple(self._row(pair, self._figures(pair.query)) for pair in self._pairs),
            allocated=self._figures(self._allocated),
            older_bases=tuple(self._row(pair, self._figures(pair.query)) for pair in self._older),
        )

    @property
    def next_offset(self) -> int:
        """Progress: bytes of the volume that were described, in all streams together."""
        return sum(self._figures(query).known_end for query in self._queries())

    @property
    def capacity_bytes(self) -> int | None:
        """Progress at the end; None while the capacity is unknown."""
        queries = self._queries()
        capacity = max((self._figures(query).capacity_bytes or 0 for query in queries), default=0)
        return capacity * len(queries) or None

    def _queries(self) -> list[MeteredQuery]:
        return [*(pair.query for pair in (*self._pairs, *self._older)), self._allocated]

    def _figures(self, query: MeteredQuery) -> StreamFigures:
        return self._meter.result(query) or StreamFigures()

    def _row(self, pair: HistoryPair, figures: StreamFigures) -> HistoryRow:
        return HistoryRow(pair, figures, self._plan.chunk_bytes)


def _ignore() -> None:
    """Nothing watches the figures."""
