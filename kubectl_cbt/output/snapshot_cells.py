"""The cells of a snapshot in lists: the table of ``snapshots`` and the screen of ``browse`` show the same."""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_cbt.model.snapshot_entry import SnapshotEntry, by_volume_and_age
from kubectl_cbt.output.object_listing import NAMELESS
from kubectl_cbt.units import age, human_bytes


def in_order(entries: Iterable[SnapshotEntry]) -> list[SnapshotEntry]:
    """Return the rows of a list, by volume and oldest first; objects of the same name have a row each."""
    return sorted(entries, key=by_volume_and_age)


def name_of(entry: SnapshotEntry) -> str:
    """Return the name of the object."""
    return entry.ref.name or NAMELESS


def size_of(entry: SnapshotEntry) -> str:
    """Return the restore size; empty if unknown."""
    return human_bytes(entry.restore_size_bytes) if entry.restore_size_bytes else ""


def age_of(entry: SnapshotEntry) -> str:
    """Return the time since the snapshot, or else its object, was created."""
    return age(entry.created or entry.object_created)


def ready_of(entry: SnapshotEntry) -> str:
    """Return whether the snapshot is ready to use."""
    return str(entry.ready).lower()


def cbt_of(entry: SnapshotEntry) -> str:
    """Return whether CBT works for the snapshot, or why not."""
    return "yes" if entry.usable else f"no: {entry.obstacle}"
