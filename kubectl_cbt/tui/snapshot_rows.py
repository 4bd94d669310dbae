"""The snapshots of ``browse`` as lines: read once, filtered at each key, and formatted only where visible."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from rich.cells import cell_len, set_cell_size

from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.output.snapshot_cells import age_of, cbt_of, in_order, name_of, ready_of, size_of
from kubectl_cbt.tui.text.line_layout import shorten
from kubectl_cbt.units import printable

_NO_CLAIM = "(no claim)"
_SHORTEST_NAME, _USUAL_AGE, _LONGEST_AGE = 12, len("2y364d"), len("<unknown>")
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_ROOM_FOR_REASON = len("no: driver has no service")
_NARROW = 72
"""Width below which READY is left out: the last column implies it."""


@dataclass(frozen=True, slots=True)
class ListedRows:
    """The snapshots that match a filter, as lines under headings. A snapshot's number is its index in ``entries``.

    Attributes:
        found: numbers of the snapshots, strictly increasing.
        places: the line of each of them.
        numbers: the snapshot of each line; ``~number`` for the heading above that snapshot.
    """

    found: Sequence[int] = ()
    places: Sequence[int] = ()
    numbers: Sequence[int] = ()

    def line_of(self, number: int) -> int:
        """The line of a snapshot, else of the first one; -1 if there is none."""
        index = bisect_left(self.found, number)
        if index < len(self.found) and self.found[index] == number:
            return self.places[index]
        return self.places[0] if self.places else -1


class SnapshotRows:
    """All snapshots of one listing, with the text that a filter searches.

    Attributes:
        entries: by volume, oldest first.
        usable: number of snapshots for which CBT works.
    """

    def __init__(self, entries: Sequence[SnapshotEntry]) -> None:
        self.entries = in_order(entries)
        self.usable = sum(entry.usable for entry in self.entries)
        self._texts = [_searched(entry) for entry in self.entries]
        self._volumes = [volume_of(entry) for entry in self.entries]

    def lines(self, text: str) -> ListedRows:
        """The snapshots that contain every word of ``text``, under a heading for each volume."""
        words = text.lower().split()
        found: Sequence[int] = range(len(self.entries))
        for word in words:
            found = [number for number in found if word in self._texts[number]]
        numbers: list[int] = []
        places: list[int] = []
        above: tuple[str, str] | None = None
        for number in found:
            volume = self._volumes[number]
            if volume != above:
                above = volume
                numbers.append(~number)
            places.append(len(numbers))
            numbers.append(number)
        return ListedRows(found, places, numbers)

    def number_of(self, entry: SnapshotEntry) -> int:
        """The number of a snapshot of another listing; of several with its name, preferably an unchanged one."""
        alike = [number for number, other in enumerate(self.entries) if other.ref == entry.ref]
        return next((number for number in alike if self.entries[number] == entry), alike[0] if alike else -1)

    @cached_property
    def name_width(self) -> int:
        """Width of the longest name."""
        return max([_width(name_of(entry)) for entry in self.entries] + [len("SNAPSHOT")])

    @cached_property
    def size_width(self) -> int:
        """Width of the longest size."""
        different = {entry.restore_size_bytes: entry for entry in self.entries}
        return max([len(size_of(entry)) for entry in different.values()] + [len("SIZE")])

    @cached_property
    def age_width(self) -> int:
        """Width of the longest age; it also fits when the list is still open tomorrow."""
        times = [entry.created or entry.object_created for entry in self.entries]
        known = [time for time in times if time is not None]
        is_usual = len(known) == len(times) and max(known, default=_NO_TIME) <= datetime.now(UTC)
        return _USUAL_AGE if is_usual else _LONGEST_AGE

    @cached_property
    def has_change_ids(self) -> bool:
        """Whether a change id replaces the handle of any snapshot."""
        return any(entry.change_id for entry in self.entries)


def volume_of(entry: SnapshotEntry) -> tuple[str, str]:
    """Namespace and claim of the heading."""
    return entry.ref.namespace, entry.claim or _NO_CLAIM


def _searched(entry: SnapshotEntry) -> str:
    parts = (str(entry.ref), volume_of(entry)[1], entry.driver, entry.obstacle or "yes")
    return " ".join(parts).lower()


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the columns in terminal cells, equal for all lines and the titles."""

    name: int
    size: int
    age: int
    ready: int
    cbt: int
    gap: str

    @classmethod
    def of(cls, listing: SnapshotRows, width: int) -> Columns:
        """Fit the longest texts into ``width`` cells; names are shortened if there is little room."""
        narrow = width < _NARROW
        ready, gap = (0, "  ") if narrow else (len("READY"), "   ")
        fixed = len("▸● ") + sum(len(gap) + cells for cells in (listing.age_width, listing.size_width, ready) if cells)
        room = width - fixed - len(gap) - _ROOM_FOR_REASON
        name = min(listing.name_width, max(room, _SHORTEST_NAME))
        return cls(name, listing.size_width, listing.age_width, ready, max(width - fixed - len(gap) - name, 0), gap)

    def titles(self) -> str:
        """The line above the list."""
        return self._line("  ", "SNAPSHOT", "AGE", "SIZE", "READY", "CBT")

    def line(self, entry: SnapshotEntry, mark: str) -> str:
        """One snapshot.

        Args:
            mark: two characters: the cursor, and the mark.
        """
        return self._line(
            mark, name_of(entry), age_of(entry), size_of(entry), ready_of(entry), cbt_of(entry)
        )  # fmt: skip

    def _line(self, mark: str, name: str, age: str, size: str, ready: str, cbt: str) -> str:
        cells = [fitted(name, self.name), age.rjust(self.age), size.rjust(self.size)]
        cells += [ready.ljust(self.ready)] if self.ready else []
        return f"{mark} " + self.gap.join([*cells, fitted(cbt, self.cbt)])


def heading(entry: SnapshotEntry) -> tuple[str, str]:
    """The heading of a volume: its name and its driver."""
    return printable("/".join(volume_of(entry))), printable(entry.driver)


def fitted(text: str, cells: int) -> str:
    """Untrusted text, printable, shortened or padded to exactly ``cells`` terminal cells."""
    return set_cell_size(shorten(text, cells), cells)


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(printable(text))
