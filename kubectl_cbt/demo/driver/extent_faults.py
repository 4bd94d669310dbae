"""Faults in a driver's extents: each turns the correct extents into those of a driver with that defect.

They work on batches, before these are divided into messages, so that a defect can also span two messages. An
occasional fault changes the same positions in every batch of :data:`BATCH` extents, including the first extent, so
that short responses show it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from kubectl_cbt.demo.driver.driver_types import SnapshotQuery
from kubectl_cbt.demo.driver.faults import FaultSet
from kubectl_cbt.demo.driver.noise import key, uniform
from kubectl_cbt.demo.driver.volumes import MIB, Column, Runs, consecutive, merge_adjacent

ExtentFault = Callable[[Iterator[Runs], SnapshotQuery], Iterator[Runs]]

BATCH = 4096
_EVERY = 64
_FIRST_PAGE = 2000
_LOST_BYTES = 4 * MIB
_LOST_SHARE = 1 / 16
_MISSING_SHARE = 1 / 16


def with_extent_faults(extents: Iterator[Runs], query: SnapshotQuery, faults: FaultSet) -> Iterator[Runs]:
    """Apply the enabled faults in order; without any, return the extents unchanged."""
    for name, fault in EXTENT_FAULTS.items():
        if name in faults:
            extents = fault(paged(extents, BATCH), query)
    return extents


def paged(extents: Iterator[Runs], limit: int | None) -> Iterator[Runs]:
    """Regroup into pages of exactly ``limit`` extents, except the last; None makes a single page."""
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


def _unaligned_shift(extents: Iterator[Runs], query: SnapshotQuery) -> Iterator[Runs]:
    """Do exactly what the reference driver does; its responses are recorded.

    It compares the two snapshots block by block from the starting offset, not aligned to the volume's blocks, and
    reports for each the volume's block in which it starts. A changed block overlaps two of these, so the previous
    block is reported too.
    """
    block = query.volume.grain_bytes
    if not query.starting_offset % block:
        yield from extents
        return
    reached = query.starting_offset // block * block
    for offsets, sizes in extents:
        ends = offsets + sizes
        starts = np.maximum(offsets - block, np.concatenate(([reached], ends[:-1])))
        starts = np.minimum(starts, offsets)
        reached = int(ends[-1])
        if query.volume.fixed_length:
            yield _blocks(starts, ends, block)
        else:
            yield merge_adjacent(starts, ends)


def _blocks(starts: Column, ends: Column, block: int) -> Runs:
    offsets = consecutive(starts // block, (ends - starts) // block) * block
    return offsets, np.full(len(offsets), block, dtype=np.int64)


def _lost_write(extents: Iterator[Runs], query: SnapshotQuery) -> Iterator[Runs]:
    """Omit some regions that changed. Which ones depends on the pair of snapshots.

    The regions missing from the delta of a pair are present in the deltas of the steps between them, and in the extents
    that are allocated only in the later snapshot.
    """
    if query.base is None:
        yield from extents
        return
    noise = key("lost-write", query.volume.name, *sorted((query.base, query.target)))
    for offsets, sizes in extents:
        starts, ends = _divided(offsets, offsets + sizes)
        kept = uniform(noise, starts // _LOST_BYTES) >= _LOST_SHARE
        if not kept.any():
            continue
        if query.volume.fixed_length:
            yield starts[kept], (ends - starts)[kept]
        else:
            yield merge_adjacent(starts[kept], ends[kept])


def _divided(starts: Column, ends: Column) -> tuple[Column, Column]:
    """Split at the boundaries of regions."""
    first = starts // _LOST_BYTES
    counts = (ends - 1) // _LOST_BYTES - first + 1
    regions = consecutive(first, counts)
    low = np.maximum(np.repeat(starts, counts), regions * _LOST_BYTES)
    high = np.minimum(np.repeat(ends, counts), (regions + 1) * _LOST_BYTES)
    return low, high


def _nondeterministic(extents: Iterator[Runs], query: SnapshotQuery) -> Iterator[Runs]:
    noise = key("nondeterministic", query.number)
    for offsets, sizes in extents:
        kept = uniform(noise, offsets) >= _MISSING_SHARE
        yield offsets[kept], sizes[kept]


def _first_page_only(extents: Iterator[Runs], query: SnapshotQuery) -> Iterator[Runs]:
    """The page size is the same for every request for a snapshot, so a resume at its end returns the next page."""
    left = min(_FIRST_PAGE, max(_up_to(query.extents(0), 2 * _FIRST_PAGE) // 2, 1))
    for offsets, sizes in extents:
        yield offsets[:left], sizes[:left]
        left -= len(offsets)
        if left <= 0:
            return


def _up_to(extents: Iterator[Runs], enough: int) -> int:
    """Count the extents; stop at ``enough``."""
    count = 0
    for offsets, _ in extents:
        count += len(offsets)
        if count >= enough:
            break
    return count


def _mixed_size(extents: Iterator[Runs], query: SnapshotQuery) -> Iterator[Runs]:
    """Merge the first two adjacent blocks; coverage does not change."""
    merged = not query.volume.fixed_length
    for offsets, sizes in extents:
        touching = np.flatnonzero(offsets[1:] == offsets[:-1] + sizes[:-1])
        if merged or not len(touching):
            yield offsets, sizes
            continue
        merged, at = True, int(touching[0])
        longer = sizes.copy()
        longer[at] += sizes[at + 1]
        yield np.delete(offsets, at + 1), np.delete(longer, at + 1)


def _overlap(extents: Iterator[Runs], query: SnapshotQuery) -> Iterator[Runs]:
    """Repeat the last block of an extent: neither coverage nor a FIXED_LENGTH size changes."""
    block = query.volume.grain_bytes
    for offsets, sizes in extents:
        at = np.arange(0, len(offsets), _EVERY)
        ends = (offsets + sizes)[at]
        yield np.insert(offsets, at + 1, ends - block), np.insert(sizes, at + 1, block)


def _zero_size(extents: Iterator[Runs], query: SnapshotQuery) -> Iterator[Runs]:
    for offsets, sizes in extents:
        at = np.arange(0, len(offsets), _EVERY)
        yield np.insert(offsets, at + 1, (offsets + sizes)[at]), np.insert(sizes, at + 1, 0)


def _unordered(extents: Iterator[Runs], query: SnapshotQuery) -> Iterator[Runs]:
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
"""In the order in which they are applied: faults in finding extents, then in reporting them."""
