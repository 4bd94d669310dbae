"""Driver's faults in what it finds: each takes the true extents and gives those of a driver with that mistake.

They work on batches, before these are divided into messages, so that a mistake may also lie between two messages.
A fault that does something now and then does it in every batch of :data:`BATCH` extents at the same places, the
first of them included: short answers show it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from kubectl_cbt.demo.driver.driver_types import SnapshotQuery
from kubectl_cbt.demo.driver.faults import FaultSet
from kubectl_cbt.demo.driver.noise import key, uniform
from kubectl_cbt.demo.driver.volumes import MIB, Column, Runs

ExtentFault = Callable[[Iterator[Runs], SnapshotQuery], Iterator[Runs]]

BATCH = 4096
_EVERY = 64
_FIRST_PAGE = 2000
_LOST_BYTES = 4 * MIB
_LOST_SHARE = 1 / 16
_MISSING_SHARE = 1 / 16


def with_extent_faults(extents: Iterator[Runs], asked: SnapshotQuery, faults: FaultSet) -> Iterator[Runs]:
    """All of them that are on, one behind the other; the extents as they are when none is."""
    for name, fault in EXTENT_FAULTS.items():
        if name in faults:
            extents = fault(paged(extents, BATCH), asked)
    return extents


def paged(extents: Iterator[Runs], limit: int | None) -> Iterator[Runs]:
    """Regroup into pages of exactly ``limit`` extents, but for the last; None makes one page of all."""
    offsets = sizes = np.empty(0, dtype=np.int64)
    if limit is None:
        batches = [(offsets, sizes), *extents]
        extents = iter([(np.concatenate([o for o, _ in batches]), np.concatenate([s for _, s in batches]))])
        limit = 2**62
    for more_offsets, more_sizes in extents:
        offsets, sizes = np.concatenate((offsets, more_offsets)), np.concatenate((sizes, more_sizes))
        full = len(offsets) - len(offsets) % limit
        for begin in range(0, full, limit):
            yield offsets[begin : begin + limit], sizes[begin : begin + limit]
        offsets, sizes = offsets[full:], sizes[full:]
    if len(offsets):
        yield offsets, sizes


def _unaligned_shift(extents: Iterator[Runs], asked: SnapshotQuery) -> Iterator[Runs]:
    """What the reference driver does, exactly: see its recorded answers.

    It compares the two snapshots block by block from the offset on, across the volume's own blocks, and names each by
    the volume's block it begins in. A changed block lies in two of these, so the one before it is reported as well.
    """
    block = asked.volume.grain_bytes
    if not asked.starting_offset % block:
        yield from extents
        return
    reached = asked.starting_offset // block * block
    for offsets, sizes in extents:
        ends = offsets + sizes
        starts = np.maximum(offsets - block, np.concatenate(([reached], ends[:-1])))
        starts = np.minimum(starts, offsets)
        reached = int(ends[-1])
        if asked.volume.fixed_length:
            yield _blocks(starts, ends, block)
        else:
            yield _joined(starts, ends)


def _blocks(starts: Column, ends: Column, block: int) -> Runs:
    counts = (ends - starts) // block
    before = np.concatenate(([0], np.cumsum(counts)[:-1]))
    offsets = np.repeat(starts - before * block, counts) + np.arange(int(counts.sum()), dtype=np.int64) * block
    return offsets, np.full(len(offsets), block, dtype=np.int64)


def _joined(starts: Column, ends: Column) -> Runs:
    """Touching ones become one."""
    opens = np.concatenate(([True], starts[1:] > ends[:-1]))
    closes = np.concatenate((opens[1:], [True]))
    return starts[opens], ends[closes] - starts[opens]


def _lost_write(extents: Iterator[Runs], asked: SnapshotQuery) -> Iterator[Runs]:
    """Some regions do not count as changed. Which ones depends on the pair of snapshots.

    So what the delta of a pair lacks is there in the deltas of the steps between them, and in what is allocated in
    the later one only.
    """
    if asked.base is None:
        yield from extents
        return
    noise = key("lost-write", asked.volume.name, *sorted((asked.base, asked.target)))
    for offsets, sizes in extents:
        starts, ends = _divided(offsets, offsets + sizes)
        kept = uniform(noise, starts // _LOST_BYTES) >= _LOST_SHARE
        if not kept.any():
            continue
        if asked.volume.fixed_length:
            yield starts[kept], (ends - starts)[kept]
        else:
            yield _joined(starts[kept], ends[kept])


def _divided(starts: Column, ends: Column) -> tuple[Column, Column]:
    """Cut at the regions' borders."""
    first = starts // _LOST_BYTES
    counts = (ends - 1) // _LOST_BYTES - first + 1
    before = np.concatenate(([0], np.cumsum(counts)[:-1]))
    regions = np.repeat(first - before, counts) + np.arange(int(counts.sum()), dtype=np.int64)
    low = np.maximum(np.repeat(starts, counts), regions * _LOST_BYTES)
    high = np.minimum(np.repeat(ends, counts), (regions + 1) * _LOST_BYTES)
    return low, high


def _nondeterministic(extents: Iterator[Runs], asked: SnapshotQuery) -> Iterator[Runs]:
    noise = key("nondeterministic", asked.number)
    for offsets, sizes in extents:
        kept = uniform(noise, offsets) >= _MISSING_SHARE
        yield offsets[kept], sizes[kept]


def _first_page_only(extents: Iterator[Runs], asked: SnapshotQuery) -> Iterator[Runs]:
    """A page is as long for every question about a snapshot, so who asks again at its end gets the next."""
    left = min(_FIRST_PAGE, max(_up_to(asked.extents(0), 2 * _FIRST_PAGE) // 2, 1))
    for offsets, sizes in extents:
        yield offsets[:left], sizes[:left]
        left -= len(offsets)
        if left <= 0:
            return


def _up_to(extents: Iterator[Runs], enough: int) -> int:
    """How many there are; no more than is enough are looked for."""
    count = 0
    for offsets, _ in extents:
        count += len(offsets)
        if count >= enough:
            break
    return count


def _mixed_size(extents: Iterator[Runs], asked: SnapshotQuery) -> Iterator[Runs]:
    """The first two blocks that touch become one; nothing is lost by it."""
    merged = not asked.volume.fixed_length
    for offsets, sizes in extents:
        touching = np.flatnonzero(offsets[1:] == offsets[:-1] + sizes[:-1])
        if merged or not len(touching):
            yield offsets, sizes
            continue
        merged, at = True, int(touching[0])
        longer = sizes.copy()
        longer[at] += sizes[at + 1]
        yield np.delete(offsets, at + 1), np.delete(longer, at + 1)


def _overlap(extents: Iterator[Runs], asked: SnapshotQuery) -> Iterator[Runs]:
    """The last block of an extent comes again: neither what is covered nor a FIXED_LENGTH changes by it."""
    block = asked.volume.grain_bytes
    for offsets, sizes in extents:
        at = np.arange(0, len(offsets), _EVERY)
        ends = (offsets + sizes)[at]
        yield np.insert(offsets, at + 1, ends - block), np.insert(sizes, at + 1, block)


def _zero_size(extents: Iterator[Runs], asked: SnapshotQuery) -> Iterator[Runs]:
    for offsets, sizes in extents:
        at = np.arange(0, len(offsets), _EVERY)
        yield np.insert(offsets, at + 1, (offsets + sizes)[at]), np.insert(sizes, at + 1, 0)


def _unordered(extents: Iterator[Runs], asked: SnapshotQuery) -> Iterator[Runs]:
    for offsets, sizes in extents:
        order = np.arange(len(offsets))
        at = np.arange(0, len(offsets) - 1, _EVERY)
        order[at], order[at + 1] = at + 1, at
        yield offsets[order], sizes[order]


EXTENT_FAULTS: dict[str, ExtentFault] = {
    "unaligned-shift": _unaligned_shift,
    "lost-write": _lost_write,
    "nondeterministic": _nondeterministic,
    "first-page-only": _first_page_only,
    "mixed-size": _mixed_size,
    "overlap": _overlap,
    "zero-size": _zero_size,
    "unordered": _unordered,
}
"""In the order in which they are applied: what is found first, then how it is told."""
