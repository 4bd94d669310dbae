"""The snapshots of ``browse`` as lines: read once, filtered at each key, and formatted only where visible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from rich.cells import cell_len

from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.output.snapshot_cells import in_order, name_of, size_of
from kubectl_cbt.units import printable

_NO_CLAIM = "(no claim)"
_USUAL_AGE, _LONGEST_AGE = len("2y364d"), len("<unknown>")
_NO_TIME = datetime.min.replace(tzinfo=UTC)


class Order(StrEnum):
    """What a list is sorted by."""

    VOLUME = "volume"
    NAME = "name"
    TAKEN = "time"
    SIZE = "size"
    CBT = "CBT"


@dataclass(frozen=True, slots=True)
class Sorting:
    """An order and its direction. By volume the list has headings, otherwise it is flat.

    Attributes:
        is_reversed: by volume, the snapshots of each volume are listed newest first; other lists are turned round.
    """

    order: Order = Order.VOLUME
    is_reversed: bool = False

    @property
    def is_ascending(self) -> bool:
        """Whether values grow down the list; the newest and the largest come first unless reversed."""
        return self.is_reversed == (self.order in (Order.TAKEN, Order.SIZE))

    def next(self) -> Sorting:
        """The next order."""
        orders = tuple(Order)
        return Sorting(orders[(orders.index(self.order) + 1) % len(orders)])

    def turned(self) -> Sorting:
        """The other direction."""
        return replace(self, is_reversed=not self.is_reversed)

    def by(self, order: Order) -> Sorting:
        """Sorted by ``order``; in the other direction if it is already."""
        return self.turned() if order is self.order else Sorting(order)


BY_VOLUME = Sorting()


@dataclass(frozen=True, slots=True)
class ListedRows:
    """The snapshots that match a filter, as lines. A snapshot's number is its index in ``entries``.

    Attributes:
        places: the line of each of them, strictly increasing.
        numbers: the snapshot of each line; ``~number`` for the heading above that snapshot.
    """

    places: Sequence[int] = ()
    numbers: Sequence[int] = ()

    def line_of(self, number: int) -> int:
        """The line of a snapshot, else of the first one; -1 if there is none."""
        if number >= 0 and number in self.numbers:
            return self.numbers.index(number)
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
        self._orders: dict[Sorting, Sequence[int]] = {BY_VOLUME: range(len(self.entries))}

    def lines(self, text: str, sorting: Sorting = BY_VOLUME) -> ListedRows:
        """The snapshots that contain every word of ``text``, by volume under a heading for each."""
        found = self._sorted(sorting)
        for word in text.lower().split():
            found = [number for number in found if word in self._texts[number]]
        if sorting.order is not Order.VOLUME:
            return ListedRows(range(len(found)), found)
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
        return ListedRows(places, numbers)

    def _sorted(self, sorting: Sorting) -> Sequence[int]:
        """The numbers of all snapshots in an order."""
        if sorting not in self._orders:
            numbers = range(len(self.entries))
            if sorting.order is Order.VOLUME:
                # Stable, so that the volumes keep their places.
                newest_first = numbers[::-1] if sorting.is_reversed else numbers
                self._orders[sorting] = sorted(newest_first, key=self._volumes.__getitem__)
            else:
                of = _SORT_KEYS[sorting.order]
                in_order = sorted(numbers, key=lambda number: of(self.entries[number]))
                self._orders[sorting] = in_order[::-1] if sorting.is_reversed else in_order
        return self._orders[sorting]

    def number_of(self, entry: SnapshotEntry) -> int:
        """The number of a snapshot of another listing; of several with its name, preferably an unchanged one."""
        alike = [number for number, other in enumerate(self.entries) if other.ref == entry.ref]
        return next((number for number in alike if self.entries[number] == entry), alike[0] if alike else -1)

    @cached_property
    def name_width(self) -> int:
        """Width of the longest name."""
        return max([_width(name_of(entry)) for entry in self.entries] + [len("SNAPSHOT▲")])

    @cached_property
    def volume_width(self) -> int:
        """Width of the longest name of a volume."""
        return max([_width("/".join(volume)) for volume in set(self._volumes)] + [len("VOLUME")])

    @cached_property
    def size_width(self) -> int:
        """Width of the longest size."""
        different = {entry.restore_size_bytes: entry for entry in self.entries}
        return max([len(size_of(entry)) for entry in different.values()] + [len("SIZE▲")])

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


def heading(entry: SnapshotEntry) -> tuple[str, str]:
    """The heading of a volume: its name and its driver."""
    return printable(volume_name(entry)), printable(entry.driver)


def volume_name(entry: SnapshotEntry) -> str:
    """The name of a volume: its namespace and its claim."""
    return "/".join(volume_of(entry))


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(printable(text))


def _newest_first(entry: SnapshotEntry) -> tuple[Any, ...]:
    # What has no time yet is the newest.
    return entry.created is not None, -(entry.created or _NO_TIME).timestamp(), entry.ref.namespace, entry.ref.name


_SORT_KEYS: dict[Order, Callable[[SnapshotEntry], tuple[Any, ...]]] = {
    Order.NAME: lambda entry: (entry.ref.name, entry.ref.namespace),
    Order.TAKEN: _newest_first,
    Order.SIZE: lambda entry: (-(entry.restore_size_bytes or 0),),
    Order.CBT: lambda entry: (not entry.usable, entry.obstacle),
}
