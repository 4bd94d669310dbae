"""What is known of each volume of a cluster: the data of ``report``, before anything is derived from it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kubectl_cbt.model.report_part import ReportPart
from kubectl_cbt.model.results import Failure

CELLS = 96
"""Of the map of one stream."""

_UNSIGNED = ("B", "H", "I", "Q")


def packed_cells(values: Sequence[int]) -> array[int]:
    """Whole numbers of 0 to 2^64 - 1 in as few bytes as the largest needs: a report keeps those of all its streams."""
    largest = max(values, default=0)
    code = next(code for code in _UNSIGNED if largest < 256 ** array(code).itemsize)
    return array(code, values)


@dataclass(frozen=True, slots=True)
class MeasuredStream:
    """The figures of one stream. None is unknown; unless it is complete, numbers are lower bounds.

    Attributes:
        base: name of the base snapshot; None for allocated extents.
        target: name of the snapshot.
        contents: names of the snapshots' contents, base first: a snapshot that was deleted and made again has another.
        covered_bytes: in all extents.
        cost_bytes: read by a backup in chunks of the report's size.
        capacity_bytes: of the volume.
        rules: ids of the rules that it broke.
        failure: why it is incomplete; None exactly when it is complete.
        cells: covered bytes in :data:`CELLS` equal parts of the volume, packed; empty when its capacity is unknown.
        known_bytes: end of what the stream has described.
    """

    base: str | None
    target: str
    contents: tuple[str, ...]
    is_complete: bool
    covered_bytes: int | None = None
    cost_bytes: int | None = None
    capacity_bytes: int | None = None
    rules: tuple[str, ...] = ()
    failure: Failure | None = None
    cells: array[int] = field(default_factory=lambda: packed_cells(()))
    known_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One volume.

    Attributes:
        key: identifies the volume in the cluster.
        claim: None for pre-provisioned snapshots; so is ``claim_exists``, and when claims cannot be listed.
        driver: empty when unknown.
        snapshots: number of all its snapshots.
        usable: number of those that can be queried.
        oldest, newest: when the oldest and the newest snapshot were taken; None when unknown.
        recovery_point: when the newest snapshot that is ready was taken; None without one.
        obstacle: why no snapshot can be queried, by the objects in the cluster; empty when one can.
        interval_seconds: between the snapshots of ``delta``; None when unknown.
        full: allocated extents of the newest snapshot that can be queried; None when they were not queried.
        delta: what changed between the last two snapshots that can be queried; None when it was not queried.
    """

    key: str
    namespace: str
    claim: str | None
    claim_exists: bool | None
    driver: str
    volume_handle: str | None
    size_bytes: int | None
    snapshots: int
    usable: int
    oldest: datetime | None
    newest: datetime | None
    recovery_point: datetime | None
    obstacle: str = ""
    interval_seconds: float | None = None
    full: MeasuredStream | None = None
    delta: MeasuredStream | None = None

    @property
    def name(self) -> str:
        """For people: the namespace with the claim; without a claim the driver's id of the volume, or a snapshot."""
        return f"{self.namespace}/{self.volume}"

    @property
    def volume(self) -> str:
        """The name without the namespace."""
        return self.claim or self.volume_handle or self.key.rpartition("/")[2]

    @property
    def streams(self) -> tuple[MeasuredStream, ...]:
        """Those that were queried."""
        return tuple(stream for stream in (self.full, self.delta) if stream is not None)


def in_order(rows: Iterable[ReportRow]) -> tuple[ReportRow, ...]:
    """Rows by namespace and claim: always the same order for the same volumes."""
    return tuple(sorted(rows, key=lambda row: (row.namespace, row.claim or "", row.key)))


@dataclass(frozen=True, slots=True)
class ReportScope:
    """Which volumes are in a report.

    Attributes:
        context: of the kubeconfig; empty without one.
        namespace: None for all namespaces.
        selector: label selector of the snapshots; empty for all.
        driver: empty for all.
    """

    context: str = ""
    namespace: str | None = None
    selector: str = ""
    driver: str = ""

    @property
    def selection(self) -> tuple[str | None, str, str]:
        """What two reports must have in common to be compared; a cluster can have several contexts."""
        return self.namespace, self.selector, self.driver


@dataclass(frozen=True, slots=True)
class VolumeReport:
    """All volumes, sorted by namespace and claim.

    Attributes:
        generated: the time that ages refer to.
        chunk_bytes: the size of the chunks that a backup reads.
        rate: bytes that a backup reads a second.
        has_streams: whether streams were to be queried.
        failure: why it ended early; None when every volume was looked at.
        part: of which volumes it is, and of which run; None for a whole report.
    """

    generated: datetime
    scope: ReportScope
    chunk_bytes: int
    rate: int
    has_streams: bool
    rows: tuple[ReportRow, ...]
    failure: Failure | None = None
    part: ReportPart | None = None
