"""The cells of a snapshot in a list, shared by the table of ``snapshots`` and the screen of ``browse``."""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_cbt.model.snapshot_entry import SnapshotEntry, by_volume_and_age
from kubectl_cbt.output.object_listing import NAMELESS
from kubectl_cbt.units import age, human_bytes


def in_order(entries: Iterable[SnapshotEntry]) -> list[SnapshotEntry]:
    """The rows of a list, by volume, oldest first; objects with the same name are all kept."""
    return sorted(entries, key=by_volume_and_age)


def name_of(entry: SnapshotEntry) -> str:
    """The name of the object."""
    return entry.ref.name or NAMELESS


def size_of(entry: SnapshotEntry) -> str:
    """The restore size; empty when it is not known."""
    return human_bytes(entry.restore_size_bytes) if entry.restore_size_bytes else ""


def age_of(entry: SnapshotEntry) -> str:
    """Time since the snapshot was taken; if that is unknown, since its object was created."""
    return age(entry.created or entry.object_created)


def ready_of(entry: SnapshotEntry) -> str:
    """Whether the snapshot is ready to use."""
    return str(entry.ready).lower()


def cbt_of(entry: SnapshotEntry) -> str:
    """Whether CBT works for the snapshot; if not, why."""
    return "yes" if entry.usable else f"no: {entry.obstacle}"
