"""Records: response messages as received, and a batch: the requested part of them. Columns, never objects.

Messages come in groups, as many as have arrived, so that 256 extents per message cost hardly more than 4096. The
division into groups depends on timing, so no output may depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Int64Column = npt.NDArray[np.int64]

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_TYPE_NAMES = {0: "UNKNOWN", 1: "FIXED_LENGTH", 2: "VARIABLE_LENGTH"}


def block_metadata_type_name(number: int) -> str:
    """The enum's name; a number the contract does not know becomes ``UNRECOGNIZED_<number>``."""
    return _TYPE_NAMES.get(number, f"UNRECOGNIZED_{number}")


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One response message, nothing repaired: every number in it is the driver's and untrusted.

    Attributes:
        number: position in the stream, from 1.
        block_metadata_type: number of the enum, 0 when the message left it out.
        volume_capacity_bytes: 0 when the message left it out.
        offsets: int64[n], bytes, as sent.
        sizes: int64[n], bytes, as sent.
    """

    number: int
    block_metadata_type: int
    volume_capacity_bytes: int
    offsets: Int64Column
    sizes: Int64Column

    def __len__(self) -> int:
        return len(self.offsets)


@dataclass(frozen=True, eq=False)
class Records:
    """Consecutive messages of one answer, at least one; nothing repaired, as in :class:`Record`.

    Attributes:
        first_number: position in the stream of the first message, from 1.
        block_metadata_types: int64[m], numbers of the enum.
        capacities: int64[m], bytes.
        bounds: int64[m + 1], ascending from 0 to n: message ``i`` has the extents ``bounds[i]`` to ``bounds[i + 1]``.
        offsets: int64[n], bytes, as sent, of all messages.
        sizes: int64[n], bytes, as sent.
    """

    first_number: int
    block_metadata_types: Int64Column
    capacities: Int64Column
    bounds: Int64Column
    offsets: Int64Column
    sizes: Int64Column

    @classmethod
    def of(cls, *records: Record) -> Records:
        """From single messages."""
        return cls(
            records[0].number,
            np.array([record.block_metadata_type for record in records], dtype=np.int64),
            np.array([record.volume_capacity_bytes for record in records], dtype=np.int64),
            np.cumsum([0, *map(len, records)], dtype=np.int64),
            joined([record.offsets for record in records]),
            joined([record.sizes for record in records]),
        )

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def messages(self) -> int:
        """How many."""
        return len(self.capacities)

    def __iter__(self) -> Iterator[Record]:
        types, capacities, bounds = self.block_metadata_types.tolist(), self.capacities.tolist(), self.bounds.tolist()
        for index, (block_type, capacity) in enumerate(zip(types, capacities, strict=True)):
            rows = slice(bounds[index], bounds[index + 1])
            yield Record(self.first_number + index, block_type, capacity, self.offsets[rows], self.sizes[rows])

    @cached_property
    def ends(self) -> Int64Column:
        """int64[n], bytes, the end of each extent; see :func:`saturating_ends`."""
        return saturating_ends(self.offsets, self.sizes)

    def for_extents(self, of_messages: Int64Column) -> Int64Column:
        """A value per message (int64[m]) as a value per extent (int64[n]; int64[1] where all messages agree)."""
        return _for_extents(of_messages, self.bounds)

    def message_of(self, extents: Int64Column) -> Int64Column:
        """The message, from 0, of each of these extents (positions, from 0)."""
        return np.searchsorted(self.bounds, extents, side="right") - 1


@dataclass(frozen=True, eq=False)
class Batch:
    """Records and the extents of them that belong to the answer: clipped to the starting offset.

    Attributes:
        bounds: int64[messages + 1], as those of the records, of what is left.
        offsets: int64[m], m <= n of the records; the records' own columns when nothing had to be clipped.
        sizes: int64[m].
    """

    records: Records
    bounds: Int64Column
    offsets: Int64Column
    sizes: Int64Column

    @classmethod
    def whole(cls, records: Records) -> Batch:
        """All of them, unchanged."""
        return cls(records, records.bounds, records.offsets, records.sizes)

    def __len__(self) -> int:
        return len(self.offsets)

    @cached_property
    def ends(self) -> Int64Column:
        """int64[m], bytes, the end of each extent."""
        return self.records.ends if self.offsets is self.records.offsets else saturating_ends(self.offsets, self.sizes)

    def for_extents(self, of_messages: Int64Column) -> Int64Column:
        """As :meth:`Records.for_extents`, for the extents that are left."""
        return _for_extents(of_messages, self.bounds)

    @property
    def message_numbers(self) -> Int64Column:
        """int64[m], position in the stream of each extent's message."""
        first = self.records.first_number
        return np.repeat(np.arange(first, first + self.records.messages, dtype=np.int64), np.diff(self.bounds))


def _for_extents(of_messages: Int64Column, bounds: Int64Column) -> Int64Column:
    if (of_messages == of_messages[0]).all():
        return of_messages[:1]
    return np.repeat(of_messages, np.diff(bounds))


def saturating_ends(offsets: Int64Column, sizes: Int64Column) -> Int64Column:
    """``offset + size`` of each extent; where that would leave int64, its end (only a broken driver's does)."""
    ends = offsets + sizes
    if not len(ends) or (offsets.min() >= 0 and sizes.min() >= 0 and ends.min() >= 0):
        return ends  # nothing is negative, so nothing has wrapped around: three looks instead of six
    # A sum has wrapped around when it has another sign than both its parts.
    wrapped = ((offsets ^ ends) & (sizes ^ ends)) < 0
    if wrapped.any():
        ends[wrapped] = np.where(offsets[wrapped] < 0, INT64_MIN, INT64_MAX)
    return ends


def joined(columns: list[Int64Column]) -> Int64Column:
    """One column of all, in order; not copied when there is just one."""
    if len(columns) == 1:
        return columns[0]
    return np.concatenate(columns) if columns else np.empty(0, dtype=np.int64)
