"""The parts of a volume's history: snapshots a day or so apart, and figures of their deltas."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from kubectl_cbt.analysis.cells import cell_edges
from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.errors import CbtError, DriverSnapshotNotFound
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.results import ChunkCost, Failure, Outcome, Violation
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.stream_figures import StreamFigures
from kubectl_cbt.model.volume_history import HistoryPair, HistoryRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIB, MIB = 2**30, 2**20
LOST = DriverSnapshotNotFound("the driver does not know the snapshot", code="NOT_FOUND")


def entry(name: str, day: float | None = 0, **more) -> SnapshotEntry:
    """A snapshot of shop/data, so many days after noon."""
    plain = SnapshotEntry(
        ref=SnapshotRef("shop", name),
        claim="data",
        content=f"content-{name}",
        driver="csi.example",
        handle=f"snap-{name}",
        volume_handle="vol-1",
        restore_size_bytes=GIB,
        ready=True,
        created=None if day is None else NOON + timedelta(days=day),
        object_created=NOON,
        obstacle="",
    )
    return replace(plain, **more)


def figures(
    changed: int = 0,
    cost: int = 0,
    error: CbtError | None = None,
    messages: int = 1,
    violations: tuple[Violation, ...] = (),
    covered: list[int] | None = None,
) -> StreamFigures:
    """A stream that ended, of a volume of 1 GiB.

    Args:
        covered: covered bytes of each cell; None for no cells.
    """
    failure = Failure.of(error) if error else None
    reached = GIB if error is None else GIB // 2 if messages else 0
    outcome = Outcome(failure is None, 2, GIB, messages, 7 * messages, reached, 0, 0, 1.0, violations, failure)
    counted = replace(
        SummaryBuilder().summary(GIB), covered_bytes=changed, chunk_costs=(ChunkCost(4096, 1), ChunkCost(MIB, cost))
    )
    found = StreamFigures(False, outcome, counted, largest_run_bytes=changed, failure=failure)
    if covered is None:
        return found
    return replace(found, edges=cell_edges(0, GIB, len(covered)), covered=np.array(covered, dtype=np.int64))


def row(base: SnapshotEntry, target: SnapshotEntry, changed: int = 0, cost: int = 0, **more) -> HistoryRow:
    """A pair whose stream ended."""
    return HistoryRow(HistoryPair(base, target), figures(changed, cost, **more), MIB)
