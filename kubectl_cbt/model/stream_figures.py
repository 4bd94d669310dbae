"""The figures of one stream of many: its cells and sums, not its extents."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.results import Failure, Outcome, Summary


@dataclass(frozen=True, slots=True)
class MeteredQuery:
    """A query to measure.

    Attributes:
        names: the snapshots; without a base the allocated extents are queried.
        service: what is limited together: the driver.
        contents: names of the snapshots' contents: a snapshot that was deleted and made again is another one.
    """

    names: SnapshotNames
    service: str = ""
    contents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StreamFigures:
    """The state of one measurement.

    Attributes:
        is_running: whether it waits or its stream runs.
        outcome: of the stream, so far; None before its first message, and if it could not be opened.
        summary: at its end; None before, and if it could not be opened.
        edges: int64[cells + 1], bytes, of the whole volume; None before its capacity is known.
        covered: int64[cells], covered bytes of each cell; empty with ``edges`` None.
        largest_run_bytes: the longest range without a gap, so far.
        failure: why it ended early; None while it runs, and when it is complete.
    """

    is_running: bool = True
    outcome: Outcome | None = None
    summary: Summary | None = None
    edges: Int64Column | None = None
    covered: Int64Column = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    largest_run_bytes: int = 0
    failure: Failure | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the stream reached its end; otherwise all figures are lower bounds."""
        return self.outcome is not None and not self.is_running and self.outcome.complete

    @property
    def is_answered(self) -> bool:
        """Whether the driver sent something, or nothing up to the stream's end; otherwise all figures are unknown."""
        return self.outcome is not None and (self.outcome.messages > 0 or self.is_complete)

    @property
    def covered_bytes(self) -> int:
        """Bytes in all extents, so far."""
        return self.summary.covered_bytes if self.summary is not None else int(self.covered.sum())

    @property
    def capacity_bytes(self) -> int | None:
        """Of the volume; None when unknown."""
        return self.outcome.volume_capacity_bytes if self.outcome is not None else None

    @property
    def known_end(self) -> int:
        """Bytes of the volume that the stream has described."""
        if self.outcome is None or self.outcome.is_out_of_order:
            return 0
        return (self.capacity_bytes or 0) if self.is_complete else self.outcome.next_offset
