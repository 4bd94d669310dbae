"""Rows of a report: from a volume's snapshots, and the figures of its streams."""

from __future__ import annotations

from dataclasses import replace

from kubectl_cbt.model.backup_figures import chunk_cost, interval_seconds
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.source_volume import SourceVolume
from kubectl_cbt.model.stream_figures import MeteredQuery, StreamFigures
from kubectl_cbt.model.volume_report import MeasuredStream, ReportRow, packed_cells


def inventory_row(volume: SourceVolume) -> ReportRow:
    """What the objects in the cluster tell of a volume."""
    times = [entry.created for entry in volume.snapshots if entry.created is not None]
    ready = volume.newest_ready
    pair = _last_pair(volume)
    return ReportRow(
        key=volume.key,
        namespace=volume.namespace,
        claim=volume.claim,
        claim_exists=volume.claim_exists,
        driver=volume.driver,
        volume_handle=volume.volume_handle,
        size_bytes=volume.size_bytes,
        snapshots=len(volume.snapshots),
        usable=len(volume.usable),
        oldest=min(times, default=None),
        newest=max(times, default=None),
        recovery_point=ready.created if ready is not None else None,
        obstacle=volume.obstacle,
        interval_seconds=interval_seconds(pair[0].created, pair[1].created) if pair else None,
    )


def queried_snapshots(volume: SourceVolume) -> tuple[SnapshotEntry, ...]:
    """The snapshots that the queries of a volume name, at most two."""
    return _last_pair(volume) or volume.usable[-1:]


def full_query(volume: SourceVolume) -> MeteredQuery | None:
    """The query for the allocated extents of the newest snapshot; None when none can be queried."""
    snapshots = queried_snapshots(volume)
    if not snapshots:
        return None
    newest = snapshots[-1]
    return MeteredQuery(SnapshotNames(newest.ref), newest.driver, (newest.content,))


def delta_query(volume: SourceVolume) -> MeteredQuery | None:
    """The query for the last delta; None without two snapshots whose order is known."""
    pair = _last_pair(volume)
    if pair is None:
        return None
    base, target = pair
    return MeteredQuery(SnapshotNames(target.ref, base.ref), target.driver, (base.content, target.content))


def measured_stream(query: MeteredQuery, figures: StreamFigures, chunk_bytes: int) -> MeasuredStream:
    """The part of a stream's figures that a report keeps."""
    base, outcome = query.names.base, figures.outcome
    stream = MeasuredStream(
        base=base.name if base is not None else None,
        target=query.names.target.name,
        contents=query.contents,
        is_complete=figures.is_complete,
        failure=figures.failure,
    )
    if outcome is None or not figures.is_answered:
        return stream
    return replace(
        stream,
        covered_bytes=figures.covered_bytes,
        cost_bytes=chunk_cost(figures.summary, chunk_bytes),
        capacity_bytes=figures.capacity_bytes,
        rules=tuple(violation.rule for violation in outcome.violations),
        cells=packed_cells(figures.covered.tolist()),
        known_bytes=figures.known_end,
    )


def _last_pair(volume: SourceVolume) -> tuple[SnapshotEntry, SnapshotEntry] | None:
    dated = [entry for entry in volume.usable if entry.created is not None]
    return (dated[-2], dated[-1]) if len(dated) > 1 else None
