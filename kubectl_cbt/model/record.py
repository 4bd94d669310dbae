"""A record: one response message as received, and a batch: what of it was asked for. Columns, never objects."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A record and the extents of it that belong to the answer: clipped to the starting offset.

    Attributes:
        offsets: int64[m], m <= n of the record; the record's own columns when nothing had to be clipped.
        sizes: int64[m].
    """

    record: Record
    offsets: Int64Column
    sizes: Int64Column

    def __len__(self) -> int:
        return len(self.offsets)


def saturating_ends(offsets: Int64Column, sizes: Int64Column) -> Int64Column:
    """``offset + size`` of each extent; where that would leave int64, its end (only a broken driver's does)."""
    ends = offsets + sizes
    # A sum has wrapped around when it has another sign than both its parts.
    wrapped = ((offsets ^ ends) & (sizes ^ ends)) < 0
    if wrapped.any():
        ends[wrapped] = np.where(offsets[wrapped] < 0, INT64_MIN, INT64_MAX)
    return ends
