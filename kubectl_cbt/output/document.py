"""The parts of the versioned document that json, yaml and ndjson share; ``schema.json`` describes it.

No times and no rates: the same question about the same snapshots gives the same bytes.
"""

from __future__ import annotations

from typing import Any

from kubectl_cbt.model.api_version import API_VERSION, METADATA_KIND
from kubectl_cbt.model.record import INT64_MAX, Batch, block_metadata_type_name
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.results import Failure, Outcome, Summary, Violation
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.units import utc_time

Part = dict[str, Any]


def head(resolved: ResolvedQuery, first: Batch | None, outcome: Outcome | None = None) -> Part:
    """The members before the extents.

    Args:
        first: the first batch, for type and capacity; None when the stream ended without one.
        outcome: how it ended, with ``first`` None.
    """
    target = resolved.target
    block_type = capacity = None
    if first is not None:
        block_type = block_metadata_type_name(int(first.records.block_metadata_types[0]))
        capacity = int(first.records.capacities[0])
    elif outcome is not None:
        capacity = outcome.volume_capacity_bytes
    return {
        "apiVersion": API_VERSION,
        "kind": METADATA_KIND,
        "query": _query(resolved.query),
        "snapshot": snapshot_part(target),
        "base": base_part(resolved),
        "driver": target.driver,
        "blockMetadataType": block_type,
        "volumeCapacityBytes": capacity,
    }


def _query(query: Query) -> Part:
    part: Part = {
        "kind": query.operation.value,
        "startingOffset": query.starting_offset,
        "maxResults": query.max_results,
    }
    return part if query.end_offset is None else part | {"endOffset": query.end_offset}


def tail(outcome: Outcome, summary: Summary) -> Part:
    """The members after the extents."""
    return {"summary": _summary(outcome, summary), **end_part(outcome)}


def end_part(outcome: Outcome) -> Part:
    """How the stream ended."""
    return {
        "violations": [_violation(violation) for violation in outcome.violations],
        "resumes": outcome.resumes,
        "complete": outcome.complete,
        "error": error_part(outcome.failure),
    }


def error_part(failure: Failure | None) -> Part | None:
    """Why a document is incomplete; None if it is complete."""
    if failure is None:
        return None
    return {"type": failure.type, "code": failure.code or None, "message": failure.message, "hint": failure.hint}


def snapshot_part(snapshot: Snapshot) -> Part:
    """A snapshot."""
    return {
        "namespace": snapshot.ref.namespace or None,
        "name": snapshot.ref.name,
        "content": snapshot.content,
        "handle": snapshot.handle.value,
        "persistentVolumeClaim": snapshot.claim,
        "volumeHandle": snapshot.volume_handle,
        "restoreSizeBytes": snapshot.restore_size_bytes,
        "creationTime": utc_time(snapshot.created) if snapshot.created else None,
    }


def base_part(resolved: ResolvedQuery) -> Part | None:
    """The base snapshot; only its handle if its object is deleted; None for allocated extents."""
    if resolved.base is not None:
        base = resolved.base
        return snapshot_part(base) | ({"changeId": base.change_id} if base.change_id else {})
    if resolved.query.base is not None:
        return {"handle": resolved.query.base.value}
    return None


def _summary(outcome: Outcome, summary: Summary) -> Part:
    gap = summary.longest_gap
    return {
        "exact": summary.exact,
        "messages": outcome.messages if outcome.has_messages else 0,
        "extents": summary.extents,
        "runs": summary.runs,
        "coveredBytes": _int64(summary.covered_bytes),
        "grainBytes": summary.grain_bytes,
        "sizes": {
            "smallestBytes": summary.smallest_bytes,
            "medianBytes": summary.median_bytes,
            "largestBytes": summary.largest_bytes,
        },
        "sizeHistogram": [
            {
                "fromBytes": bucket.from_bytes,
                "toBytes": bucket.to_bytes,
                "extents": bucket.extents,
                "coveredBytes": _int64(bucket.size_bytes),
            }
            for bucket in summary.histogram
        ],
        "longestGap": {"byteOffset": gap.byte_offset, "sizeBytes": _int64(gap.size_bytes)} if gap else None,
        "readByChunkSize": [
            {"chunkBytes": cost.chunk_bytes, "sizeBytes": _int64(cost.size_bytes)} for cost in summary.chunk_costs
        ],
        "clippedExtents": outcome.clipped,
        "nextOffset": outcome.next_offset,
    }


def _int64(total: int) -> int:
    """A total, limited to the largest offset. Only overlapping extents add up to more bytes."""
    return min(total, INT64_MAX)


def _violation(violation: Violation) -> Part:
    return {
        "rule": violation.rule,
        "level": violation.level,
        "title": violation.title,
        "count": violation.count,
        "examples": [
            {
                "message": example.record,
                "extent": example.extent,
                "byteOffset": example.byte_offset,
                "sizeBytes": example.size_bytes,
                "text": example.text,
            }
            for example in violation.examples
        ],
    }
