"""The figures of a stream, counted while it passes: memory depends on how many sizes differ, not on extents."""

from __future__ import annotations

from collections import Counter

import numpy as np

from kubectl_cbt.model.record import Batch, Int64Column, saturating_ends
from kubectl_cbt.model.results import ChunkCost, Gap, SizeBucket, Summary

CHUNK_SIZES_BYTES = (512 * 1024, 1024 * 1024, 4 * 1024 * 1024)
"""Block sizes that backup tools commonly read and deduplicate by."""


class _ChunkCounter:
    """Counts the chunks that extents touch; an extent may begin in the chunk where the one before it ended."""

    def __init__(self, chunk_bytes: int) -> None:
        self.chunk_bytes = chunk_bytes
        self._chunks = 0
        self._last = -1

    def add(self, offsets: Int64Column, ends: Int64Column) -> None:
        first = offsets // self.chunk_bytes
        last = (ends - 1) // self.chunk_bytes
        previous_last = np.concatenate(([self._last], last[:-1]))
        shared = np.count_nonzero(first == previous_last)
        self._chunks += int((last - first).sum()) + len(first) - int(shared)
        self._last = int(last[-1])

    def cost(self, capacity_bytes: int | None) -> ChunkCost:
        size_bytes = self._chunks * self.chunk_bytes
        beyond_bytes = (self._last + 1) * self.chunk_bytes - capacity_bytes if capacity_bytes else 0
        return ChunkCost(self.chunk_bytes, max(size_bytes - max(beyond_bytes, 0), 0))


class SummaryBuilder:
    """Adds up batches of one stream.

    Args:
        starting_offset: where the answer begins; the first gap is counted from here.
    """

    def __init__(self, starting_offset: int = 0) -> None:
        self._exact = True
        self._runs = 0
        self._grain = 0
        self._counts: Counter[int] = Counter()
        self._last_end = starting_offset
        self._reached_an_extent = False
        self._gap = Gap(starting_offset, 0)
        self._chunks = [_ChunkCounter(size) for size in CHUNK_SIZES_BYTES]

    def add(self, batch: Batch) -> None:
        """Count one batch. Extents without bytes count as extents and as nothing else."""
        self._count_sizes(batch.sizes)
        # The grain is the driver's: an extent clipped at an odd starting offset must not spoil it.
        self._grain = _gcd(self._grain, batch.record.offsets, batch.record.sizes)
        offsets, sizes = batch.offsets, batch.sizes
        if len(sizes) and sizes.min() <= 0:
            self._exact = False
            offsets, sizes = offsets[sizes > 0], sizes[sizes > 0]
        if not len(sizes):
            return
        ends = saturating_ends(offsets, sizes)
        self._count_runs(offsets, ends)
        self._count_chunks(offsets, ends, batch.record.volume_capacity_bytes)
        self._last_end = int(ends[-1])
        self._reached_an_extent = True

    def _count_sizes(self, sizes: Int64Column) -> None:
        values, counts = np.unique(sizes, return_counts=True)
        self._counts.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    def _count_runs(self, offsets: Int64Column, ends: Int64Column) -> None:
        previous_ends = np.concatenate(([self._last_end], ends[:-1]))
        gaps = offsets - previous_ends
        if (gaps < 0).any():
            self._exact = False
        self._runs += int(np.count_nonzero(gaps))
        if not self._reached_an_extent and gaps[0] == 0:
            self._runs += 1
        widest = int(np.argmax(gaps))
        if gaps[widest] > self._gap.size_bytes:
            self._gap = Gap(int(previous_ends[widest]), int(gaps[widest]))

    def _count_chunks(self, offsets: Int64Column, ends: Int64Column, capacity_bytes: int) -> None:
        """Nobody can read beyond the volume's end, whatever the driver claims there."""
        if capacity_bytes > 0 and ends.max() > capacity_bytes:
            inside = offsets < capacity_bytes
            offsets, ends = offsets[inside], np.minimum(ends[inside], capacity_bytes)
        if len(offsets):
            for chunks in self._chunks:
                chunks.add(offsets, ends)

    def summary(self, capacity_bytes: int | None, *, complete: bool = True) -> Summary:
        """The figures so far.

        Args:
            capacity_bytes: end of the volume; None when unknown.
            complete: whether nothing comes any more, so that what lies behind the last extent is a gap too.
        """
        sizes = sorted(self._counts)
        gap = self._gap
        if complete and capacity_bytes and capacity_bytes - self._last_end > gap.size_bytes:
            gap = Gap(self._last_end, capacity_bytes - self._last_end)
        return Summary(
            exact=self._exact,
            extents=self._counts.total(),
            runs=self._runs,
            covered_bytes=sum(size * count for size, count in self._counts.items() if size > 0),
            grain_bytes=self._grain,
            smallest_bytes=sizes[0] if sizes else 0,
            median_bytes=self._median(sizes),
            largest_bytes=sizes[-1] if sizes else 0,
            histogram=self._histogram(sizes),
            longest_gap=gap if gap.size_bytes else None,
            chunk_costs=tuple(chunks.cost(capacity_bytes) for chunks in self._chunks),
        )

    def _median(self, sizes: list[int]) -> int:
        middle = (self._counts.total() + 1) // 2
        for size in sizes:
            middle -= self._counts[size]
            if middle <= 0:
                return size
        return 0

    def _histogram(self, sizes: list[int]) -> tuple[SizeBucket, ...]:
        buckets: dict[int, tuple[int, int]] = {}
        for size in sizes:
            if size > 0:
                exponent = size.bit_length() - 1
                extents, size_bytes = buckets.get(exponent, (0, 0))
                count = self._counts[size]
                buckets[exponent] = (extents + count, size_bytes + count * size)
        return tuple(SizeBucket(2**e, 2 ** (e + 1), *buckets[e]) for e in sorted(buckets))


def _gcd(grain: int, *columns: Int64Column) -> int:
    for column in columns:
        # Testing is several times cheaper than Euclid's algorithm, and nearly always enough.
        if len(column) and not (grain and not (column % grain).any()):
            grain = int(np.gcd(grain, np.gcd.reduce(column)))
    return grain
