"""The volumes that snapshots were taken of, from the snapshots' objects alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.snapshot_entry import SnapshotEntry, by_age


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim that exists.

    Attributes:
        capacity_bytes: of its volume; None until it is bound.
    """

    namespace: str
    name: str
    capacity_bytes: int | None


@dataclass(frozen=True, slots=True)
class SourceVolume:
    """A volume with all its known snapshots; at least one.

    Attributes:
        claim: None for a pre-provisioned snapshot. Two volumes have the same one when it was deleted and made again.
        driver: empty when no snapshot is bound, or when the caller may not read contents.
        volume_handle: the driver's id of the volume; None when no content records it. Snapshots that are not known to
            be of one volume are apart.
        snapshots: usable or not, oldest first; those without a time at the end.
        claim_exists: whether there is a claim of that name; None without a claim, or when claims cannot be listed.
        claim_capacity_bytes: capacity of the claim; None when there is none, or when it may be another volume's.
    """

    namespace: str
    claim: str | None
    driver: str
    volume_handle: str | None
    snapshots: tuple[SnapshotEntry, ...]
    claim_exists: bool | None = None
    claim_capacity_bytes: int | None = None

    @property
    def key(self) -> str:
        """Identifies the volume in this cluster, and stays the same while snapshots come and go, if that is known."""
        if self.volume_handle:
            return f"{self.namespace}/handle/{self.driver}/{self.volume_handle}"
        if self.claim:
            return f"{self.namespace}/claim/{self.claim}/{self.driver}"
        return f"{self.namespace}/snapshot/{self.snapshots[0].ref.name}"

    @property
    def usable(self) -> tuple[SnapshotEntry, ...]:
        """The snapshots that can be queried, oldest first."""
        return tuple(entry for entry in self.snapshots if entry.usable)

    @property
    def obstacle(self) -> str:
        """Why no snapshot can be queried, by the newest one; empty when one can."""
        return "" if self.usable else self.snapshots[-1].obstacle

    @property
    def newest_ready(self) -> SnapshotEntry | None:
        """The recovery point: the newest snapshot that is ready and has a time."""
        return next((entry for entry in reversed(self.snapshots) if entry.ready and entry.created), None)

    @property
    def size_bytes(self) -> int | None:
        """By the newest snapshot that records it, else the claim's capacity; None when unknown."""
        sizes = (entry.restore_size_bytes for entry in reversed(self.snapshots))
        return next((size for size in sizes if size is not None), self.claim_capacity_bytes)

    @property
    def pairs(self) -> tuple[SnapshotNames, ...]:
        """Each usable snapshot with the one before, oldest first."""
        dated = [entry.ref for entry in self.usable if entry.created]
        return tuple(SnapshotNames(target, base) for base, target in pairwise(dated))


def group_by_volume(entries: Iterable[SnapshotEntry], claims: Iterable[Claim] | None = None) -> list[SourceVolume]:
    """Snapshots by the volume that they were taken of.

    The volume handle decides. A snapshot without one is of the volume that its claim has in the other snapshots, if
    that is a single one: after a claim was made again under its name, it is not known which one it is of. Snapshots
    with neither handle nor claim are each of a volume of their own.

    Args:
        claims: those that exist in the entries' namespaces; None when they cannot be listed.

    Returns:
        Sorted by namespace, claim, and the age of the oldest snapshot.
    """
    ordered = sorted(entries, key=by_age)
    known = _known_volumes(ordered)
    groups: dict[tuple[str, ...], list[SnapshotEntry]] = {}
    for entry in ordered:
        groups.setdefault(_group_of(entry, known), []).append(entry)
    existing = None if claims is None else {(claim.namespace, claim.name): claim for claim in claims}
    volumes = [_volume(snapshots, known, existing) for snapshots in groups.values()]
    return sorted(volumes, key=lambda volume: (volume.namespace, volume.claim or ""))


_Known = dict[tuple[str, str], tuple[tuple[str, str], ...]]
"""By namespace and claim: driver and volume handle; only drivers, with an empty handle, where no handle is recorded."""


def _known_volumes(entries: list[SnapshotEntry]) -> _Known:
    # Tuples: almost all have a single item, and sets are large.
    handles: _Known = {}
    drivers: _Known = {}
    for entry in entries:
        claim = (entry.ref.namespace, entry.claim or "")
        found = handles if entry.volume_handle else drivers
        volume = (entry.driver, entry.volume_handle or "")
        if entry.claim and (entry.volume_handle or entry.driver) and volume not in found.get(claim, ()):
            found[claim] = (*found.get(claim, ()), volume)
    return drivers | handles if drivers else handles


def _group_of(entry: SnapshotEntry, known: _Known) -> tuple[str, ...]:
    namespace, claim = entry.ref.namespace, entry.claim or ""
    driver, handle = entry.driver, entry.volume_handle or ""
    of_claim = known.get((namespace, claim), ())
    if not handle and len(of_claim) == 1:
        (only,) = of_claim
        if driver in ("", only[0]):
            driver, handle = only
    if handle:
        return namespace, "handle", driver, handle
    return (namespace, "claim", claim, driver) if claim else (namespace, "snapshot", entry.ref.name)


def _volume(
    snapshots: list[SnapshotEntry],
    known: _Known,
    claims: dict[tuple[str, str], Claim] | None,
) -> SourceVolume:
    namespace = snapshots[0].ref.namespace
    claim = next((entry.claim for entry in reversed(snapshots) if entry.claim), None)
    found = claims.get((namespace, claim)) if claims and claim else None
    is_only = claim is not None and len(known.get((namespace, claim), ())) <= 1
    return SourceVolume(
        namespace,
        claim,
        next((entry.driver for entry in snapshots if entry.driver), ""),
        next((entry.volume_handle for entry in snapshots if entry.volume_handle), None),
        tuple(snapshots),
        claim_exists=None if claims is None or claim is None else found is not None,
        claim_capacity_bytes=found.capacity_bytes if found and is_only else None,
    )
