"""A VolumeSnapshot as lists show it, and whether it can be queried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.resolved_query import same_volume

_NO_TIME = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    """One snapshot, usable or not.

    Attributes:
        driver: empty when unbound, or when the caller may not read contents; so are ``handle`` and ``volume_handle``.
        content: name of the bound content, empty when unbound.
        claim: None for a pre-provisioned snapshot.
        restore_size_bytes: None when no object has it.
        created: when the snapshot was taken, None when that is not known yet.
        object_created: when its object was made.
        change_id: as in :class:`~kubectl_cbt.model.resolved_query.Snapshot`; empty without one.
        obstacle: why it cannot be queried; empty when it can.
        problem: what is wrong with its object or its content's, and then the obstacle too; empty for well-formed ones.
    """

    ref: SnapshotRef
    claim: str | None
    content: str
    driver: str
    handle: str
    volume_handle: str | None
    restore_size_bytes: int | None
    ready: bool
    created: datetime | None
    object_created: datetime | None
    obstacle: str
    problem: str = ""
    change_id: str = ""

    @property
    def usable(self) -> bool:
        """Whether it can be queried."""
        return not self.obstacle


def by_age(entry: SnapshotEntry) -> tuple[bool, datetime, str, str]:
    """Sort key: oldest first."""
    # What has no time yet is the newest.
    return entry.created is None, entry.created or _NO_TIME, entry.ref.name, entry.ref.namespace


def by_volume_and_age(entry: SnapshotEntry) -> tuple[object, ...]:
    """Sort key: snapshots of a volume together, oldest first."""
    return entry.ref.namespace, entry.claim or "", *by_age(entry)


def siblings(entries: list[SnapshotEntry], ref: SnapshotRef) -> list[SnapshotEntry]:
    """The usable snapshots known to be of the volume of ``ref``, itself included, oldest first; empty if unknown.

    They have its namespace: a query names one for both snapshots, and two namespaces may have a claim of one name.
    """
    own = next((entry for entry in entries if entry.ref == ref), None)
    if own is None:
        return []
    found = [
        (entry.created, entry.ref.name, entry)
        for entry in entries
        if entry.created
        and entry.ref.namespace == ref.namespace
        and (entry is own or (entry.usable and same_volume(entry, own)))
    ]
    return [entry for _, _, entry in sorted(found, key=lambda dated: dated[:2])]
