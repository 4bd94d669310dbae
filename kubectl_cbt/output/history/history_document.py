"""The parts of the document that json and ndjson share; ``schema.json`` describes it.

Like all documents without times of the streams: the same volume gives the same bytes.
"""

from __future__ import annotations

from kubectl_cbt.analysis.history import recommendations, sums_of
from kubectl_cbt.model.api_version import API_VERSION
from kubectl_cbt.model.backup_figures import chunk_cost
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.stream_figures import StreamFigures
from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.document import Part, error_part
from kubectl_cbt.units import utc_time

HISTORY_KIND = "VolumeHistory"


def head_part(plan: VolumeHistory) -> Part:
    """The members before the rows."""
    volume = plan.volume
    return {
        "apiVersion": API_VERSION,
        "kind": HISTORY_KIND,
        "volume": {
            "namespace": volume.namespace,
            "persistentVolumeClaim": volume.claim,
            "claimExists": volume.claim_exists,
            "driver": volume.driver,
            "volumeHandle": volume.volume_handle,
            "sizeBytes": volume.size_bytes,
        },
        "pairs": plan.pairing.value,
        "chunkBytes": plan.chunk_bytes,
        "snapshots": [_snapshot(entry, plan) for entry in volume.snapshots],
    }


def _snapshot(entry: SnapshotEntry, plan: VolumeHistory) -> Part:
    return {
        "name": entry.ref.name,
        "content": entry.content or None,
        "handle": entry.handle or None,
        "creationTime": _time(entry),
        "readyToUse": entry.ready,
        "selected": entry in plan.snapshots,
        "obstacle": entry.obstacle or None,
    }


def row_part(row: HistoryRow) -> Part:
    """A row."""
    return {
        "base": row.pair.base.ref.name,
        "target": row.pair.target.ref.name,
        "baseCreationTime": _time(row.pair.base),
        "creationTime": _time(row.pair.target),
        "intervalSeconds": _rounded(row.pair.interval_seconds, 0),
        "baseState": row.base_state.value,
        "changedBytesPerDay": _int64(row.churn_per_day_bytes),
        "amplification": _rounded(row.amplification, 3),
        **_figures(row.figures, "changedBytes", row.cost_bytes),
    }


def _figures(figures: StreamFigures, covered: str, cost: int | None) -> Part:
    outcome = figures.outcome
    answered = figures.is_answered
    return {
        "volumeCapacityBytes": figures.capacity_bytes,
        covered: _int64(figures.covered_bytes) if answered else None,
        "extents": outcome.extents if outcome is not None and answered else None,
        "largestRunBytes": _int64(figures.largest_run_bytes) if answered else None,
        "readBytes": _int64(cost) if answered else None,
        "nextOffset": outcome.next_offset if outcome is not None and answered else None,
        "violations": [violation.rule for violation in outcome.violations] if outcome is not None else [],
        "complete": figures.is_complete,
        "error": error_part(figures.failure),
    }


def tail_part(history: VolumeHistory) -> Part:
    """The members after the rows."""
    sums = sums_of(history.rows, history.pairing)
    return {
        "sums": {
            "rows": sums.rows,
            "completeRows": sums.complete_rows,
            "intervalSeconds": _rounded(sums.interval_seconds, 0),
            "changedBytes": _int64(sums.changed_bytes),
            "readBytes": _int64(sums.cost_bytes),
            "changedBytesPerDay": _int64(sums.churn_per_day_bytes),
        },
        "allocated": _allocated(history),
        "olderBases": [row_part(row) for row in history.older_bases],
        "recommendations": recommendations(history),
        "complete": history.is_complete,
    }


def _allocated(history: VolumeHistory) -> Part | None:
    figures = history.allocated
    if figures is None or history.newest is None:
        return None
    cost = chunk_cost(figures.summary, history.chunk_bytes)
    return {"snapshot": history.newest.ref.name, **_figures(figures, "allocatedBytes", cost)}


def _time(entry: SnapshotEntry) -> str | None:
    return utc_time(entry.created) if entry.created else None


def _rounded(number: float | None, digits: int) -> float | int | None:
    if number is None:
        return None
    return round(number, digits) if digits else round(number)


def _int64(total: int | None) -> int | None:
    """A total, limited to the largest offset. Only overlapping extents add up to more bytes."""
    return None if total is None else min(total, INT64_MAX)
