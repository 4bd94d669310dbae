"""The history of the volume that a snapshot was taken of, from the snapshots that a screen knows."""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_cbt.analysis.history import selected_snapshots
from kubectl_cbt.model.pairing import Pairing
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.source_volume import group_by_volume
from kubectl_cbt.model.volume_history import VolumeHistory

_CHUNK_BYTES = 2**20


def history_of(entries: Sequence[SnapshotEntry], ref: SnapshotRef) -> VolumeHistory | str:
    """What to measure for a timeline; or why there is none."""
    of_snapshot = (volume for volume in group_by_volume(entries) if any(entry.ref == ref for entry in volume.snapshots))
    volume = next(of_snapshot, None)
    if volume is None:
        return "the other snapshots of this volume are unknown"
    snapshots = selected_snapshots(volume)
    if len(snapshots) < 2:
        return "there are no two snapshots of this volume that can be compared"
    return VolumeHistory(volume, snapshots, Pairing.NEIGHBOURS, _CHUNK_BYTES)
