"""Find a volume by the name of its claim or by its handle, with similar names if there is none."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.core.volume_list import list_volumes
from kubectl_cbt.errors import ApiError, CbtError, SnapshotUnusable
from kubectl_cbt.model.snapshot_entry import by_age
from kubectl_cbt.model.source_volume import SourceVolume
from kubectl_cbt.units import as_argument, counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_cbt.cluster.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class VolumeName:
    """How a volume is named; at least one of both.

    Attributes:
        claim: name of its PersistentVolumeClaim; empty for any.
        handle: the driver's id; empty for that of the newest snapshot.
    """

    namespace: str
    claim: str = ""
    handle: str = ""

    def matches(self, volume: SourceVolume) -> bool:
        """Whether a volume of the namespace has this name."""
        return (not self.claim or volume.claim == self.claim) and (
            not self.handle or volume.volume_handle == self.handle
        )

    def __str__(self) -> str:
        parts = (
            f'persistentvolumeclaim "{self.claim}"' * bool(self.claim),
            f'volume "{self.handle}"' * bool(self.handle),
        )
        return " and ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class FoundVolume:
    """A volume, and the others that have the same name.

    Attributes:
        others: other volumes of its claim: a claim that was deleted and made again, perhaps with another driver.
    """

    volume: SourceVolume
    others: tuple[SourceVolume, ...]

    def other_notes(self) -> list[str]:
        """The other volumes, and how to select them: a sentence each."""
        return [self._note(other) for other in self.others]

    def _note(self, other: SourceVolume) -> str:
        what = f"{counted(len(other.snapshots), 'snapshot')} of claim {self.volume.claim or other.claim}"
        if not other.volume_handle:
            return f"{what} may be of another volume and {'is' if len(other.snapshots) == 1 else 'are'} left out"
        driver = f" of driver {other.driver}" if other.driver != self.volume.driver else ""
        return (
            f"{what} {'is' if len(other.snapshots) == 1 else 'are'} of another volume{driver}: show it with"
            f" --volume {as_argument(other.volume_handle)}"
        )


def find_volume(catalogue: Catalogue, name: VolumeName) -> FoundVolume:
    """The volume of that name; of several the one of the newest snapshot that can be queried.

    Raises:
        SnapshotUnusable: no snapshot is of such a volume.
        CbtError: the snapshots cannot be listed.
    """
    volumes = list_volumes(catalogue, name.namespace)
    found = [volume for volume in volumes if name.matches(volume)]
    if not found:
        raise SnapshotUnusable(
            f"no snapshot of {name} in namespace {name.namespace}", hint=_advice(catalogue, name, volumes)
        )
    newest = max(found, key=lambda volume: (bool(volume.usable), by_age((volume.usable or volume.snapshots)[-1])))
    return FoundVolume(newest, tuple(volume for volume in found if volume is not newest))


def _advice(catalogue: Catalogue, name: VolumeName, volumes: list[SourceVolume]) -> str:
    """Where the volume is, or what has a similar name: the API server does not report which part is wrong."""
    if not volumes and not catalogue.namespace_exists(name.namespace):
        return f"namespace {name.namespace} does not exist: kubectl get namespaces"
    if elsewhere := _namespaces_with(catalogue, name):
        return f"it is in another namespace: {' or '.join(f'-n {as_argument(one)}' for one in elsewhere)}"
    if name.claim and _claim_exists(catalogue, name):
        return "the claim exists: take a snapshot of it first"
    if name.claim:
        close = _similar(name.claim, (volume.claim for volume in volumes))
    else:
        close = _similar(name.handle, (volume.volume_handle for volume in volumes))
    suggestion = f"did you mean {' or '.join(map(as_argument, close))}? " if close else ""
    return f"{suggestion}list snapshots and their claims with: kubectl cbt snapshots -n {as_argument(name.namespace)}"


def _similar(name: str, names: Iterable[str | None]) -> list[str]:
    return difflib.get_close_matches(name, sorted({one for one in names if one}), n=3)


def _namespaces_with(catalogue: Catalogue, name: VolumeName) -> list[str]:
    """The other namespaces that have it, as far as the caller may know."""
    try:
        volumes = list_volumes(catalogue, None)
    except CbtError:
        return []
    return sorted({volume.namespace for volume in volumes if name.matches(volume)})


def _claim_exists(catalogue: Catalogue, name: VolumeName) -> bool:
    try:
        return any(claim.name == name.claim for claim in catalogue.claims(name.namespace))
    except ApiError:
        return False
