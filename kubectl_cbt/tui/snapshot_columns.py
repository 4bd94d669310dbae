"""The columns of the list of snapshots: how wide they are, what they show, and which of them the list is sorted by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import set_cell_size

from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.output.drawing.text_width import shorten
from kubectl_cbt.output.snapshot_cells import age_of, cbt_of, name_of, ready_of, size_of
from kubectl_cbt.tui.snapshot_rows import BY_VOLUME, Order, SnapshotRows, Sorting, volume_name
from kubectl_cbt.units import utc_minute

_SHORTEST_NAME = 12
_TAKEN = len("2026-11-24 22:00")
_ROOM_FOR_REASON = len("no: driver has no service")
_ROOM_FOR_ANSWER = len("no: not ready")
_MARKS = len("▸● ")
_NARROW, _WIDE = 72, 100
"""Width below which READY is left out: the last column implies it. A flat list needs room for the volume too."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the columns in terminal cells, equal for all lines and the titles; 0 for one that is left out."""

    name: int
    volume: int
    taken: int
    age: int
    size: int
    ready: int
    cbt: int
    gap: str
    sorting: Sorting

    @classmethod
    def of(cls, listing: SnapshotRows, width: int, sorting: Sorting = BY_VOLUME) -> Columns:
        """Fit the longest texts into ``width`` cells; names are shortened if there is little room."""
        gap = "  " if width < _NARROW else "   "
        is_flat = sorting.order is not Order.VOLUME
        ready = len("READY") if width >= (_WIDE if is_flat else _NARROW) else 0
        answer = _ROOM_FOR_ANSWER if is_flat and width < _WIDE else _ROOM_FOR_REASON
        fixed = _MARKS + sum(len(gap) + cells for cells in (listing.age_width, listing.size_width, ready) if cells)
        room = width - fixed - len(gap) - answer
        volume = 0
        if is_flat and room >= 2 * _SHORTEST_NAME + len(gap):
            volume = min(listing.volume_width, max(room - len(gap) - listing.name_width, _SHORTEST_NAME))
            room -= volume + len(gap)
        taken = _TAKEN if room - listing.name_width >= _TAKEN + len(gap) else 0
        room -= taken and taken + len(gap)
        name = min(listing.name_width, max(room, _SHORTEST_NAME))
        used = fixed + name + sum(cells + len(gap) for cells in (volume, taken) if cells)
        cbt = max(width - used - len(gap), 0)
        return cls(name, volume, taken, listing.age_width, listing.size_width, ready, cbt, gap, sorting)

    def titles(self) -> str:
        """The line above the list, with an arrow at the column that it is sorted by."""
        arrow = "▲" if self.sorting.is_ascending else "▼"
        # A younger snapshot has a later date.
        of_age = "▼" if self.sorting.is_ascending else "▲"
        order = self.sorting.order
        return self._line(
            "  ",
            "SNAPSHOT" + arrow * (order is Order.NAME),
            "VOLUME",
            "TAKEN" + arrow * (order is Order.TAKEN),
            "AGE" + of_age * (order is Order.TAKEN and not self.taken),
            "SIZE" + arrow * (order is Order.SIZE),
            "READY",
            "CBT" + arrow * (order is Order.CBT),
        )

    def line(self, entry: SnapshotEntry, mark: str) -> str:
        """One snapshot.

        Args:
            mark: two characters: the cursor, and the mark.
        """
        taken = utc_minute(entry.created) if entry.created and self.taken else ""
        volume = volume_name(entry) if self.volume else ""
        return self._line(
            mark, name_of(entry), volume, taken, age_of(entry), size_of(entry), ready_of(entry), cbt_of(entry)
        )  # fmt: skip

    def order_at(self, column: int) -> Order | None:
        """The order of the title at a column of the list, from 0; None between two titles."""
        start = _MARKS
        for order, cells in self._orders():
            if start <= column < start + cells:
                return order
            start += cells + len(self.gap)
        return None

    def _orders(self) -> Iterator[tuple[Order, int]]:
        widths = (self.name, self.volume, self.taken, self.age, self.size, self.ready, self.cbt)
        orders = (Order.NAME, Order.VOLUME, Order.TAKEN, Order.TAKEN, Order.SIZE, Order.CBT, Order.CBT)
        return ((order, cells) for order, cells in zip(orders, widths, strict=True) if cells)

    def _line(
        self, mark: str, name: str, volume: str, taken: str, age: str, size: str, ready: str, cbt: str
    ) -> str:  # fmt: skip
        cells = [fitted(name, self.name)]
        cells += [fitted(volume, self.volume)] if self.volume else []
        cells += [taken.ljust(self.taken)] if self.taken else []
        cells += [age.rjust(self.age), size.rjust(self.size)]
        cells += [ready.ljust(self.ready)] if self.ready else []
        return f"{mark} " + self.gap.join([*cells, fitted(cbt, self.cbt)])


def fitted(text: str, cells: int) -> str:
    """Untrusted text, printable, shortened or padded to exactly ``cells`` terminal cells."""
    return set_cell_size(shorten(text, cells), cells)
