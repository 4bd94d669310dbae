"""Compare an answer with the data: which differing bytes are missing from it, and which bytes it reports needlessly.

The volume is compared in windows. In a window the data is a bit per unit of 512 bytes: a unit differs between two
devices, or is not zero. The extents of the answer are exact, so a unit that they cover in part is decided by its bytes.

Change tracking that works in blocks of B bytes reports whole aligned blocks, each with a difference in it. So for each
power of two it is counted how many blocks that the answer touches contain no difference: the largest power of two that
all bounds are multiples of, and for which that count is 0, is the granularity of the tracking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.verification import Granularity, ReadError

UNIT_BYTES = 512
"""The smallest piece of data that is compared: the smallest sector of a block device."""
WINDOW_BYTES = 2**23
"""Compared at a time, and the largest granularity that is recognised."""
LEVELS = (WINDOW_BYTES // UNIT_BYTES).bit_length()
"""Powers of two from the unit to the window."""

Mask = npt.NDArray[np.bool_]
NO_RANGES = ByteRanges(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class WindowData:
    """What was read of a window.

    Attributes:
        start: of the window, a multiple of the unit.
        end: exclusive; not a multiple of the unit only at the end of the volume.
        differs: bool[units], whether a unit differs, or is not zero. False where nothing was read.
        missing: bool[units], whether a byte that differs is outside the reported extents.
        unread: what could not be read of any device.
        read_errors: the same, per device.
        read_bytes: of the devices, holes not counted.
        hole_bytes: of the window, in which every device has a hole.
    """

    start: int
    end: int
    differs: Mask
    missing: Mask
    unread: ByteRanges = NO_RANGES
    read_errors: Sequence[ReadError] = ()
    read_bytes: int = 0
    hole_bytes: int = 0


@dataclass(slots=True)
class WindowTally:
    """Figures of all windows so far.

    Attributes:
        different_bytes: that differ, or are not zero, in units.
        reported_bytes: in the extents of the answer.
        needless_bytes: reported, and without a difference.
        missing_bytes: that differ and are not reported.
        unread: the first ranges of a device that could not be read.
        aligned: bitwise or of all bounds of extents.
    """

    different_bytes: int = 0
    reported_bytes: int = 0
    needless_bytes: int = 0
    missing_bytes: int = 0
    unread_bytes: int = 0
    read_bytes: int = 0
    hole_bytes: int = 0
    unread: list[ReadError] = field(default_factory=list)
    aligned: int = 0
    _blocks: Int64Column = field(default_factory=lambda: np.zeros(LEVELS, dtype=np.int64))
    _unexplained: Int64Column = field(default_factory=lambda: np.zeros(LEVELS, dtype=np.int64))

    MOST_UNREAD = 20

    def add(self, window: WindowData, reported: ByteRanges) -> ByteRanges:
        """Count a window; returns the ranges that are missing from the answer.

        Args:
            reported: the extents of the answer in the window.
        """
        different = units_of(window.differs, window) if window.differs.any() else NO_RANGES
        missing = units_of(window.missing, window) - reported if window.missing.any() else NO_RANGES
        self.read_bytes += window.read_bytes
        self.hole_bytes += window.hole_bytes
        self.unread_bytes += window.unread.size_bytes
        for error in window.read_errors:
            add_read_error(self.unread, error)
        del self.unread[self.MOST_UNREAD :]
        self.different_bytes += different.size_bytes
        self.missing_bytes += missing.size_bytes
        if len(reported):
            self.reported_bytes += reported.size_bytes
            needless = reported - different if len(different) else reported
            self.needless_bytes += (needless - window.unread if len(window.unread) else needless).size_bytes
            self._count_blocks(window, reported)
        return missing

    def add_reported_windows(self, start: int, end: int, *, are_holes: bool) -> None:
        """Count whole windows that one extent covers, and that were not read.

        Args:
            are_holes: whether every device has a hole there; otherwise their data is not wanted.
        """
        size = end - start
        self.reported_bytes += size
        self.needless_bytes += size
        self.hole_bytes += size if are_holes else 0
        blocks = size // UNIT_BYTES >> np.arange(LEVELS, dtype=np.int64)
        self._blocks += blocks
        self._unexplained += blocks

    def add_bounds(self, starts: Int64Column, ends: Int64Column, clipped_at: tuple[int, int]) -> None:
        """Note the bounds of extents.

        Args:
            clipped_at: where extents are cut, which need not be a multiple of anything: the starting offset, and the
                end of the volume.
        """
        start, end = clipped_at
        for bounds in (starts[starts != start], ends[ends != end]):
            self.aligned |= int(np.bitwise_or.reduce(bounds, initial=0))

    def granularity(self) -> Granularity | None:
        """None if nothing was reported, or in blocks that are smaller than a unit, which are not measured."""
        # Without a bit set, every extent begins at 0 and ends with the volume.
        block = min(self.aligned & -self.aligned or WINDOW_BYTES, WINDOW_BYTES)
        if not self.reported_bytes or block < UNIT_BYTES:
            return None
        level = (block // UNIT_BYTES).bit_length() - 1
        return Granularity(block, int(self._blocks[level]), int(self._unexplained[level]))

    def _count_blocks(self, window: WindowData, reported: ByteRanges) -> None:
        touched = touched_units(reported, window)
        # A block whose data could not be read is not unexplained.
        explained = window.differs | touched_units(window.unread, window)
        for level in range(LEVELS):
            self._blocks[level] += np.count_nonzero(touched)
            self._unexplained[level] += np.count_nonzero(touched & ~explained)
            touched, explained = _halved(touched), _halved(explained)


def add_read_error(errors: list[ReadError], error: ReadError) -> None:
    """Append an error, or extend that before it."""
    # The errors of two devices alternate.
    for at in range(len(errors))[-2:]:
        if errors[at].is_continued_by(error):
            errors[at] = replace(errors[at], end=error.end)
            return
    errors.append(error)


class JoinedRanges:
    """Joins ranges that touch at the border of two windows.

    Attributes:
        count: of ranges so far, one that is held back included.
    """

    def __init__(self) -> None:
        self.count = 0
        self._held: tuple[int, int] | None = None

    def add(self, ranges: ByteRanges, window_end: int) -> ByteRanges:
        """The ranges that cannot grow any more; a range that ends with the window may."""
        starts, ends = ranges.starts, ranges.ends
        self.count += len(starts)
        if self._held is not None:
            if len(starts) and starts[0] == self._held[1]:
                starts = np.concatenate(([self._held[0]], starts[1:]))
                self.count -= 1
            else:
                starts = np.concatenate(([self._held[0]], starts))
                ends = np.concatenate(([self._held[1]], ends))
            self._held = None
        if len(ends) and ends[-1] == window_end:
            self._held = int(starts[-1]), int(ends[-1])
            starts, ends = starts[:-1], ends[:-1]
        return ByteRanges(starts, ends)

    def rest(self) -> ByteRanges:
        """What is held back."""
        held, self._held = self._held, None
        return NO_RANGES if held is None else ByteRanges(np.array(held[:1]), np.array(held[1:]))


def _halved(mask: Mask) -> Mask:
    """Two units become one of twice the size."""
    if len(mask) % 2:
        mask = np.append(mask, False)
    return np.asarray(mask[0::2] | mask[1::2])


def units_of(mask: Mask, window: WindowData) -> ByteRanges:
    """The bytes of the units that are marked."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    bounds = window.start + edges.astype(np.int64) * UNIT_BYTES
    return ByteRanges(bounds[0::2], np.minimum(bounds[1::2], window.end))


def touched_units(ranges: ByteRanges, window: WindowData) -> Mask:
    """bool[units]: the units with a byte in the ranges, which are inside the window."""
    first = (ranges.starts - window.start) // UNIT_BYTES
    stop = -((window.start - ranges.ends) // UNIT_BYTES)
    return _marked(first, stop, len(window.differs))


def covered_units(ranges: ByteRanges, start: int, end: int) -> Mask:
    """bool[units]: the units of ``[start, end)`` of which every byte is in the ranges."""
    inside = ranges.within(start, end)
    units = -(-(end - start) // UNIT_BYTES)
    first = -((start - inside.starts) // UNIT_BYTES)
    stop = np.where(inside.ends == end, units, (inside.ends - start) // UNIT_BYTES)
    return _marked(first, np.maximum(stop, first), units)


def _marked(first: Int64Column, stop: Int64Column, units: int) -> Mask:
    steps = np.zeros(units + 1, dtype=np.int32)
    np.add.at(steps, first, 1)
    np.add.at(steps, stop, -1)
    return np.asarray(np.cumsum(steps[:-1]) > 0)


def covered_bytes(ranges: ByteRanges, start: int, end: int) -> Mask:
    """bool[end - start]: the bytes of ``[start, end)`` that are in the ranges."""
    inside = ranges.within(start, end)
    return _marked(inside.starts - start, inside.ends - start, end - start)
