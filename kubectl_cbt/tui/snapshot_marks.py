"""The snapshots that are marked to be compared."""

from __future__ import annotations

from dataclasses import dataclass

from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.tui.snapshot_rows import SnapshotRows


@dataclass(frozen=True, slots=True)
class Marks:
    """The marked snapshots, at most two, in the order of marking."""

    entries: tuple[SnapshotEntry, ...] = ()

    @property
    def refs(self) -> tuple[SnapshotRef, ...]:
        """Their names."""
        return tuple(entry.ref for entry in self.entries)

    def toggled(self, entry: SnapshotEntry) -> Marks:
        """With ``entry`` added or removed; a third mark replaces the oldest."""
        if entry.ref in self.refs:
            return Marks(tuple(other for other in self.entries if other.ref != entry.ref))
        return Marks((*self.entries[-1:], entry))

    def reloaded(self, listing: SnapshotRows) -> Marks:
        """The same snapshots of another listing, without those it does not contain."""
        numbers = (listing.number_of(entry) for entry in self.entries)
        return Marks(tuple(listing.entries[number] for number in numbers if number >= 0))
