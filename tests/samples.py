"""Values that several tests need: a question, a stream of records, how it ended."""

from datetime import UTC, datetime

import numpy as np

from kubectl_cbt.model.record import Batch, Record, Records
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint, ResolvedQuery, Snapshot
from kubectl_cbt.model.results import Failure, Outcome
from kubectl_cbt.model.stream_query import Query

KIB, MIB, GIB = 2**10, 2**20, 2**30
CAPACITY = 64 * MIB


def snapshot(name: str, hour: int) -> Snapshot:
    """A ready snapshot of shop/postgres."""
    return Snapshot(
        ref=SnapshotRef("shop", name),
        content=f"snapcontent-{name}",
        driver="sample.csi.example.com",
        handle=SnapshotHandle(f"handle of {name}"),
        claim="postgres",
        volume_handle="vol-1",
        restore_size_bytes=CAPACITY,
        created=datetime(2026, 11, 16, hour, tzinfo=UTC),
    )


def resolved(*, delta: bool = True) -> ResolvedQuery:
    """A question about pg-tue, with pg-mon as base unless ``delta`` is off."""
    base = snapshot("pg-mon", 1) if delta else None
    target = snapshot("pg-tue", 2)
    endpoint = Endpoint("sample.csi.example.com", "sidecar.example:6443", "sample", b"")
    return ResolvedQuery(Query(target.ref, base.handle if base else None), target, base, endpoint)


def batches() -> list[Batch]:
    """Three messages, VARIABLE_LENGTH, the second one empty; the last two extents touch."""
    return [
        batch(1, [0, 8 * KIB, 1 * MIB], [4 * KIB, 4 * KIB, 512 * KIB]),
        batch(2, [], []),
        batch(3, [32 * MIB, 40 * MIB], [8 * MIB, 4 * KIB]),
    ]


def batch(number: int, offsets: list[int], sizes: list[int], block_type: int = 2) -> Batch:
    """A batch with nothing clipped."""
    columns = np.array(offsets, dtype=np.int64), np.array(sizes, dtype=np.int64)
    return Batch.whole(Records.of(Record(number, block_type, CAPACITY, *columns)))


def outcome_of(
    messages: int, extents: int, *, next_offset: int = 0, failure: Failure | None = None, block_type: int | None = 2
) -> Outcome:
    """How a stream of that many messages ended, in a second."""
    return Outcome(
        complete=failure is None,
        block_metadata_type=block_type if messages else None,
        volume_capacity_bytes=CAPACITY,
        messages=messages,
        extents=extents,
        next_offset=next_offset,
        clipped=0,
        resumes=0,
        seconds=1.0,
        violations=(),
        failure=failure,
    )
