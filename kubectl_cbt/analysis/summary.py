"""The figures of a stream, counted batch by batch. Memory depends on the number of different sizes, not of extents.

Different sizes are few for any driver: k extents of different sizes fill at least k²/2 grains of the volume, so
64 TiB written in 4 KiB pages have at most about 180,000 different sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from kubectl_cbt.model.record import INT64_MAX, Batch, Int64Column
from kubectl_cbt.model.results import ChunkCost, Gap, SizeBucket, Summary

CHUNK_SIZES_BYTES = (512 * 1024, 1024 * 1024, 4 * 1024 * 1024)
"""Block sizes that backup tools commonly read and deduplicate by; powers of two."""

_HALF_BITS = 31


class _ChunkCounter:
    """Counts the chunks that extents touch; an extent may begin in the chunk where the one before it ended."""

    def __init__(self, chunk_bytes: int) -> None:
        self.chunk_bytes = chunk_bytes
        self._shift = chunk_bytes.bit_length() - 1
        self._chunks = 0
        self._last = -1

    def add(self, offsets: Int64Column, last_bytes: Int64Column) -> None:
        first = offsets >> self._shift
        last = last_bytes >> self._shift
        shared = np.count_nonzero(first[1:] == last[:-1]) + (first[0] == self._last)
        self._chunks += int((last - first).sum()) + len(first) - int(shared)
        self._last = int(last[-1])

    def cost(self, capacity_bytes: int | None) -> ChunkCost:
        size_bytes = self._chunks * self.chunk_bytes
        beyond_bytes = (self._last + 1) * self.chunk_bytes - capacity_bytes if capacity_bytes else 0
        return ChunkCost(self.chunk_bytes, max(size_bytes - max(beyond_bytes, 0), 0))


class _SizeTally:
    """The number of extents of each size: two columns, ascending by size."""

    def __init__(self) -> None:
        self._sizes = np.empty(0, dtype=np.int64)
        self._counts = np.empty(0, dtype=np.int64)

    def add(self, sizes: Int64Column) -> None:
        found, counts = np.unique(sizes, return_counts=True)
        at = np.searchsorted(self._sizes, found)
        is_new = np.append(self._sizes, 0)[at] != found
        is_new |= at == len(self._sizes)
        self._counts[at[~is_new]] += counts[~is_new]
        if is_new.any():
            self._sizes = np.insert(self._sizes, at[is_new], found[is_new])
            self._counts = np.insert(self._counts, at[is_new], counts[is_new])

    @property
    def extents(self) -> int:
        return int(self._counts.sum())

    @property
    def smallest(self) -> int:
        return int(self._sizes[0]) if len(self._sizes) else 0

    @property
    def largest(self) -> int:
        return int(self._sizes[-1]) if len(self._sizes) else 0

    @property
    def median(self) -> int:
        if not len(self._sizes):
            return 0
        running = np.cumsum(self._counts)
        return int(self._sizes[np.searchsorted(running, (int(running[-1]) + 1) // 2)])

    def histogram(self) -> tuple[SizeBucket, ...]:
        """Buckets by powers of two; extents without bytes are in none."""
        bounds = [*np.searchsorted(self._sizes, [2**exponent for exponent in range(63)]).tolist(), len(self._sizes)]
        return tuple(
            SizeBucket(
                2**exponent,
                2 ** (exponent + 1),
                int(self._counts[start:stop].sum()),
                _total(self._sizes[start:stop], self._counts[start:stop]),
            )
            for exponent, (start, stop) in enumerate(pairwise(bounds))
            if start < stop
        )


def _total(sizes: Int64Column, counts: Int64Column) -> int:
    """Sum of the products, which may exceed int64: computed in two halves of each number."""
    high = int(np.dot(sizes >> _HALF_BITS, counts))
    return (high << _HALF_BITS) + int(np.dot(sizes & (2**_HALF_BITS - 1), counts))


class SummaryBuilder:
    """Adds up batches of one stream.

    Args:
        starting_offset: where the answer begins; the first gap is counted from here.
        chunk_sizes: powers of two, bytes, ascending.
    """

    def __init__(self, starting_offset: int = 0, chunk_sizes: Sequence[int] = CHUNK_SIZES_BYTES) -> None:
        self._exact = True
        self._runs = 0
        self._grain = 0
        self._sizes = _SizeTally()
        self._last_end = starting_offset
        self._reached_an_extent = False
        self._gap = Gap(starting_offset, 0)
        self._chunks = [_ChunkCounter(size) for size in chunk_sizes]

    def add(self, batch: Batch) -> None:
        """Count one batch. Extents without bytes count as extents and as nothing else."""
        # The grain is the driver's: an extent clipped at an odd starting offset must not spoil it.
        self._grain = _gcd(self._grain, batch.records.offsets, batch.records.sizes)
        offsets, sizes, ends = batch.offsets, batch.sizes, batch.ends
        if not len(sizes):
            return
        self._sizes.add(sizes)
        # Where a message has no capacity the end of the volume is unknown.
        sent = batch.records.capacities
        capacities = batch.for_extents(np.where(sent > 0, sent, INT64_MAX))
        if sizes.min() <= 0:
            self._exact = False
            with_bytes = sizes > 0
            offsets, ends = offsets[with_bytes], ends[with_bytes]
            capacities = capacities[with_bytes] if len(capacities) > 1 else capacities
            if not len(offsets):
                return
        self._count_runs(offsets, ends)
        self._count_chunks(offsets, ends, capacities)
        self._last_end = int(ends[-1])
        self._reached_an_extent = True

    def _count_runs(self, offsets: Int64Column, ends: Int64Column) -> None:
        previous_ends = np.concatenate(([self._last_end], ends[:-1]))
        gaps = offsets - previous_ends
        if gaps.min() < 0:
            self._exact = False
        self._runs += int(np.count_nonzero(gaps))
        if not self._reached_an_extent and gaps[0] == 0:
            self._runs += 1
        widest = int(np.argmax(gaps))
        if gaps[widest] > self._gap.size_bytes:
            self._gap = Gap(int(previous_ends[widest]), int(gaps[widest]))

    def _count_chunks(self, offsets: Int64Column, ends: Int64Column, capacities: Int64Column) -> None:
        """Bytes beyond the volume's end cannot be read, whatever the driver reports there."""
        if (ends > capacities).any():
            inside = offsets < capacities
            offsets, ends = offsets[inside], np.minimum(ends, capacities)[inside]
        if len(offsets):
            last_bytes = ends - 1
            for chunks in self._chunks:
                chunks.add(offsets, last_bytes)

    def summary(self, capacity_bytes: int | None, *, complete: bool = True) -> Summary:
        """The figures so far.

        Args:
            capacity_bytes: end of the volume; None when unknown.
            complete: whether the stream ended, so that the range after the last extent is a gap too.
        """
        gap = self._gap
        if complete and capacity_bytes and capacity_bytes - self._last_end > gap.size_bytes:
            gap = Gap(self._last_end, capacity_bytes - self._last_end)
        histogram = self._sizes.histogram()
        return Summary(
            exact=self._exact,
            extents=self._sizes.extents,
            runs=self._runs,
            covered_bytes=sum(bucket.size_bytes for bucket in histogram),
            grain_bytes=self._grain,
            smallest_bytes=self._sizes.smallest,
            median_bytes=self._sizes.median,
            largest_bytes=self._sizes.largest,
            histogram=histogram,
            longest_gap=gap if gap.size_bytes else None,
            chunk_costs=tuple(chunks.cost(capacity_bytes) for chunks in self._chunks),
        )


def _gcd(grain: int, *columns: Int64Column) -> int:
    """The greatest common divisor of ``grain`` and all of the columns."""
    for column in columns:
        if not len(column):
            continue
        # Nearly always the divisor stays. For a power of two the bits of all numbers together show it.
        if grain > 0 and grain & (grain - 1) == 0 and not int(np.bitwise_or.reduce(column)) & (grain - 1):
            continue
        if not (grain and not (column % grain).any()):
            grain = int(np.gcd(grain, np.gcd.reduce(column)))
    return grain
