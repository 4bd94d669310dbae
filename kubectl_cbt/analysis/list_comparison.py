"""Two ascending lists of extents compared while they are read: what only one of them has, and what both have.

Both are known up to a frontier, the end of the last extent that was added. Up to the lower frontier the class of every
byte is decided, so no more is kept than the columns that were added last.
"""

from __future__ import annotations

import numpy as np

from kubectl_cbt.errors import OutOfOrder
from kubectl_cbt.model.comparison_outcome import ClassedRanges
from kubectl_cbt.model.record import INT64_MAX, Int64Column

_NOTHING = np.empty(0, dtype=np.int64)


class ComparedSide:
    """One list, as far as it was added.

    Args:
        name: in errors.
        grain_bytes: extents are rounded outwards to multiples of it; 1 leaves them unchanged.
        start: bytes before it are left out.

    Attributes:
        frontier: up to here every extent is known.
        has_ended: whether :meth:`end` was called.
    """

    def __init__(self, name: str, grain_bytes: int = 1, start: int = 0) -> None:
        self.frontier = start
        self.has_ended = False
        self._name = name
        self._grain = grain_bytes
        self._last_end = 0  # as added, without rounding
        self._starts = self._ends = _NOTHING

    def add(self, offsets: Int64Column, sizes: Int64Column, capacity_bytes: int | None = None) -> None:
        """Add the next extents; everything that was added before must have been taken.

        Args:
            offsets, sizes: int64[n], bytes, untrusted. Extents without bytes cover nothing.
            capacity_bytes: extents are not rounded beyond it; None if unknown.

        Raises:
            OutOfOrder: they do not ascend.
        """
        if len(sizes) and sizes.min() == 0:
            offsets, sizes = offsets[sizes != 0], sizes[sizes != 0]
        if not len(offsets):
            return
        ends = self._checked_ends(offsets, sizes)
        if self._grain > 1:
            offsets, ends = self._rounded(offsets, ends, capacity_bytes)
        # Rounded extents can overlap each other, and the first ones what is before the frontier.
        self._ends = np.maximum(ends, self.frontier)
        self._starts = np.maximum(offsets, np.concatenate(([self.frontier], self._ends[:-1])))
        self.frontier = int(self._ends[-1])

    def end(self, position: int = INT64_MAX) -> None:
        """State that the list ends, and that it is known up to a position."""
        self.has_ended = True
        # A part of the last grain is unknown: an extent in it would be rounded to all of it.
        whole = position if position == INT64_MAX else position // self._grain * self._grain
        self.frontier = max(self.frontier, whole)

    def take(self, upto: int) -> Int64Column:
        """Take what is known up to a position, as int64[2n]: start and end of each range in turn, not descending."""
        count = int(np.searchsorted(self._starts, upto, side="left"))
        edges = np.empty(2 * count, dtype=np.int64)
        edges[0::2] = self._starts[:count]
        np.minimum(self._ends[:count], upto, out=edges[1::2])
        if count and self._ends[count - 1] > upto:
            self._starts[count - 1] = upto
            count -= 1
        self._starts, self._ends = self._starts[count:], self._ends[count:]
        return edges

    def drop(self) -> None:
        """Forget what was not taken."""
        self._starts = self._ends = _NOTHING

    def _checked_ends(self, offsets: Int64Column, sizes: Int64Column) -> Int64Column:
        ends = offsets + sizes
        previous_ends = np.concatenate(([self._last_end], ends[:-1]))
        # An end that wraps around int64 is lower than its offset.
        is_wrong = (offsets < previous_ends) | (ends <= offsets) | (offsets < 0)
        if is_wrong.any():
            first = int(np.argmax(is_wrong))
            reason = f"out of order: the extent before it ends at {int(previous_ends[first])}"
            if offsets[first] < 0 or ends[first] <= offsets[first]:
                reason = "invalid"
            raise OutOfOrder(
                f"{self._name}: the extent at offset {int(offsets[first])} of {int(sizes[first])} bytes is {reason}",
                hint="only extents in order, without overlap, can be compared; kubectl cbt open shows what they cover",
            )
        self._last_end = int(ends[-1])
        return ends

    def _rounded(
        self, offsets: Int64Column, ends: Int64Column, capacity_bytes: int | None
    ) -> tuple[Int64Column, Int64Column]:
        beyond = ends % self._grain
        missing = np.where(beyond > 0, self._grain - beyond, 0)
        rounded = ends + np.minimum(missing, INT64_MAX - ends)
        if capacity_bytes is not None:
            rounded = np.minimum(rounded, np.maximum(ends, capacity_bytes))
        return offsets - offsets % self._grain, rounded


class Comparison:
    """Compares two sides, which the caller adds to.

    Args:
        start: bytes before it are not compared.
    """

    def __init__(self, left_name: str, right_name: str, grain_bytes: int = 1, start: int = 0) -> None:
        # Before a multiple of the grain, an extent of the unknown part would be rounded to more than is unknown.
        start += -start % grain_bytes
        self.left = ComparedSide(left_name, grain_bytes, start)
        self.right = ComparedSide(right_name, grain_bytes, start)
        self.start = start
        self._held = ClassedRanges(_NOTHING, _NOTHING, _NOTHING.astype(np.int8))

    @property
    def frontier(self) -> int:
        """Up to here both sides are known."""
        return min(self.left.frontier, self.right.frontier)

    @property
    def reported_end(self) -> int:
        """Up to here all ranges were returned; the one that is kept back starts here."""
        return int(self._held.starts[0]) if len(self._held) else self.frontier

    @property
    def is_decided(self) -> bool:
        """Whether no more can be compared, whatever is added."""
        return any(side.has_ended and side.frontier <= self.frontier for side in (self.left, self.right))

    def advance(self) -> ClassedRanges:
        """The next ranges, up to the frontier. One that ends there is kept back, because it may continue."""
        upto = self.frontier
        found = classify(self.left.take(upto), self.right.take(upto))
        if self.is_decided:
            self.left.drop()
            self.right.drop()
        if not len(found):
            return found
        found = _joined(self._held, found)
        stop = len(found) - int(found.ends[-1] == upto)
        self._held = ClassedRanges(found.starts[stop:], found.ends[stop:], found.classes[stop:])
        return ClassedRanges(found.starts[:stop], found.ends[:stop], found.classes[:stop])

    def finish(self) -> ClassedRanges:
        """The rest, after the last :meth:`advance`."""
        held, self._held = self._held, self._held.where(np.zeros(len(self._held), dtype=np.bool_))
        return held


def classify(left: Int64Column, right: Int64Column) -> ClassedRanges:
    """The ranges of two sets.

    Args:
        left, right: int64[2n], start and end of each range in turn, >= 0, not descending.
    """
    # Each edge enters or leaves its side, so the number of edges up to a position decides. Sorted with the side as the
    # lowest bit, two ascending columns are merged at the speed of a copy.
    one = np.uint64(1)
    codes = np.concatenate((left.astype(np.uint64) << one, (right.astype(np.uint64) << one) | one))
    codes.sort(kind="stable")
    positions = (codes >> one).astype(np.int64)
    of_right = (codes & one).astype(np.int64)
    is_last = np.append(positions[1:] != positions[:-1], True)[: len(positions)]
    right_edges = np.cumsum(of_right)[is_last]
    left_edges = (np.flatnonzero(is_last) + 1) - right_edges
    positions = positions[is_last]
    classes = ((left_edges & 1) + 2 * (right_edges & 1)).astype(np.int8)
    begins = np.flatnonzero(np.diff(classes, prepend=np.int8(0)))
    starts, classes = positions[begins], classes[begins]
    ranges = ClassedRanges(starts, np.append(starts[1:], 0)[: len(starts)], classes)
    # What follows the last edge is in neither side.
    return ranges.where(classes > 0)


def _joined(first: ClassedRanges, second: ClassedRanges) -> ClassedRanges:
    """Both, neither empty but the first; the last range of the first and the first of the second may be one."""
    starts = np.concatenate((first.starts, second.starts))
    ends = np.concatenate((first.ends, second.ends))
    classes = np.concatenate((first.classes, second.classes))
    at = len(first)
    if at and first.ends[-1] == second.starts[0] and first.classes[-1] == second.classes[0]:
        starts, classes = np.delete(starts, at), np.delete(classes, at)
        ends = np.delete(ends, at - 1)
    return ClassedRanges(starts, ends, classes)
