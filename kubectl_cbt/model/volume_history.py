"""The history of one volume: the delta of each pair of its snapshots, as figures and cells, without extents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kubectl_cbt.model.backup_figures import amplification, chunk_cost, churn_per_day
from kubectl_cbt.model.pairing import Pairing
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.source_volume import SourceVolume
from kubectl_cbt.model.stream_figures import MeteredQuery, StreamFigures

_UNUSABLE_BASE = frozenset(
    {"DriverSnapshotNotFound", "SnapshotNotFound", "CbtNotEnabled", "ForeignSnapshot", "SnapshotUnusable"}
)
"""Kinds of errors after which the same base fails again: NOT_FOUND, FAILED_PRECONDITION, or an unusable object."""


class BaseState(StrEnum):
    """Whether a snapshot can be the base of a delta, by the answer of its driver."""

    WORKS = "works"
    FAILS = "fails"
    UNKNOWN = "unknown"
    """Not answered yet, or the stream failed for another reason."""


@dataclass(frozen=True, slots=True)
class HistoryPair:
    """Two snapshots of one volume; both can be queried and have a time."""

    base: SnapshotEntry
    target: SnapshotEntry

    @property
    def names(self) -> SnapshotNames:
        """The delta's query."""
        return SnapshotNames(self.target.ref, self.base.ref)

    @property
    def query(self) -> MeteredQuery:
        """The delta to measure."""
        return MeteredQuery(self.names, self.target.driver, (self.base.content, self.target.content))

    @property
    def interval_seconds(self) -> float | None:
        """Time from the base to the target; None when a time is unknown."""
        if self.base.created is None or self.target.created is None:
            return None
        return (self.target.created - self.base.created).total_seconds()


@dataclass(frozen=True, slots=True, eq=False)
class HistoryRow:
    """A pair with the figures of its delta, finished or not.

    Attributes:
        chunk_bytes: what a backup reads at once, a power of two.
    """

    pair: HistoryPair
    figures: StreamFigures
    chunk_bytes: int

    @property
    def is_complete(self) -> bool:
        """Whether the stream reached its end; otherwise all figures are lower bounds."""
        return self.figures.is_complete

    @property
    def is_answered(self) -> bool:
        """Whether the driver sent anything, so that there are figures."""
        return self.figures.is_answered

    @property
    def is_trusted(self) -> bool:
        """Whether the delta can be used for a backup: complete, and the driver kept the rules of the stream."""
        outcome = self.figures.outcome
        return self.is_complete and outcome is not None and not outcome.broke_a_must

    @property
    def failure(self) -> Failure | None:
        """Why it is incomplete; None while it runs, and when it is complete."""
        return self.figures.failure

    @property
    def base_state(self) -> BaseState:
        """Whether the base works."""
        if self.failure is not None and self.failure.type in _UNUSABLE_BASE:
            return BaseState.FAILS
        return BaseState.WORKS if self.is_answered else BaseState.UNKNOWN

    @property
    def changed_bytes(self) -> int:
        """Bytes in the delta."""
        return self.figures.covered_bytes

    @property
    def capacity_bytes(self) -> int | None:
        """Capacity of the volume; None when unknown."""
        return self.figures.capacity_bytes

    @property
    def largest_run_bytes(self) -> int:
        """The longest changed range without a gap."""
        return self.figures.largest_run_bytes

    @property
    def churn_per_day_bytes(self) -> int | None:
        """Changed bytes a day; None when the interval is 0, negative or unknown."""
        return churn_per_day(self.changed_bytes, self.pair.interval_seconds) if self.is_answered else None

    @property
    def cost_bytes(self) -> int | None:
        """What a backup that reads whole chunks would read; None while the stream runs, and if it did not open."""
        return chunk_cost(self.figures.summary, self.chunk_bytes)

    @property
    def amplification(self) -> float | None:
        """Bytes read for each changed byte; None without changed bytes, and when the cost is unknown."""
        return amplification(self.cost_bytes, self.changed_bytes)


@dataclass(frozen=True, slots=True, eq=False)
class VolumeHistory:
    """All that was measured of one volume.

    Attributes:
        snapshots: those that were selected and can be queried, oldest first.
        pairing: what the base of each snapshot is.
        chunk_bytes: what a backup reads at once, a power of two.
        rows: the pairs, oldest target first.
        allocated: allocated extents of the newest snapshot; None when none can be queried.
        older_bases: deltas from older snapshots to the newest one, in the order in which they were queried because the
            base before failed.
    """

    volume: SourceVolume
    snapshots: tuple[SnapshotEntry, ...]
    pairing: Pairing
    chunk_bytes: int
    rows: tuple[HistoryRow, ...] = ()
    allocated: StreamFigures | None = None
    older_bases: tuple[HistoryRow, ...] = ()

    @property
    def newest(self) -> SnapshotEntry | None:
        """The newest selected snapshot that can be queried."""
        return self.snapshots[-1] if self.snapshots else None

    @property
    def is_complete(self) -> bool:
        """Whether every stream reached its end."""
        return self.allocated is not None and self.allocated.is_complete and all(row.is_complete for row in self.rows)

    @property
    def is_trusted(self) -> bool:
        """Whether every stream is complete and kept the rules of the stream."""
        outcome = self.allocated.outcome if self.allocated is not None else None
        return (
            self.is_complete
            and outcome is not None
            and not outcome.broke_a_must
            and all(row.is_trusted for row in self.rows)
        )
