"""Extents as columns: offsets and running totals, in blocks.

With those two, "how many bytes are covered before x" is one binary search, so a map of any window at any zoom
is exact and nothing is binned in advance. Blocks, because a stream's length is not known before its end: an
:class:`ExtentBuffer` grows without copying its extents, and a view of it never changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.record import INT64_MAX, Int64Column, joined, saturating_ends

CHUNK_EXTENTS = 2**18
"""Extents per chunk of an :class:`ExtentBuffer`: 4 MiB, of which the system allocates only what is filled."""


class Run(NamedTuple):
    """A maximal range without gap, half-open: extents that touch are one run."""

    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        """Its length."""
        return self.end - self.start


class Chunk(NamedTuple):
    """Consecutive extents.

    Attributes:
        offsets: int64[m], bytes.
        totals: int64[m + 1], bytes in all extents before each, and after the last.
    """

    offsets: Int64Column
    totals: Int64Column

    @property
    def sizes(self) -> Int64Column:
        """int64[m], bytes; exact even where the totals left int64, since differences wrap back."""
        return np.diff(self.totals)

    @property
    def end(self) -> int:
        """Where the last extent ends."""
        return int(self.offsets[-1]) + int(self.totals[-1]) - int(self.totals[-2])

    def covered_before(self, positions: Int64Column) -> Int64Column:
        """As :meth:`Extents.covered_before`, for positions that are not before the block."""
        # The extent that contains x, or the last one that begins before it.
        index = np.maximum(np.searchsorted(self.offsets, positions, side="right") - 1, 0)
        inside = np.clip(positions - self.offsets[index], 0, self.totals[index + 1] - self.totals[index])
        return np.asarray(self.totals[index] + inside, dtype=np.int64)

    def begins_run(self, start: int, stop: int, previous_end: int) -> npt.NDArray[np.bool_]:
        """bool[stop - start]: which of these extents do not touch the one before them.

        Args:
            previous_end: where the extent before the chunk ends, -1 when there is none.
        """
        first = max(start - 1, 0)
        ends = self.offsets[first:stop] + np.diff(self.totals[first : stop + 1])
        if start == 0:
            ends = np.concatenate(([previous_end], ends))
        return np.asarray(self.offsets[start:stop] != ends[:-1])


class Extents:
    """Extents in order, without overlap; 16 bytes each.

    Args:
        offsets: int64[n], bytes, >= 0, strictly increasing.
        sizes: int64[n], bytes, > 0, ``offsets[i] + sizes[i] <= offsets[i + 1]`` (touching is legal).

    Raises:
        ValueError: when the columns break these rules. A driver's stream may; see :meth:`repaired`.
    """

    __slots__ = ("_blocks", "_first_offsets", "_first_rows")

    def __init__(self, offsets: Int64Column, sizes: Int64Column) -> None:
        if len(offsets) != len(sizes):
            raise ValueError(f"{len(offsets)} offsets, {len(sizes)} sizes")
        if len(sizes) and not _are_legal(offsets, sizes):
            raise ValueError("extents are not ascending, overlap, are empty, or leave the range of offsets")
        totals = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        self._take((Chunk(offsets, totals),) if len(offsets) else ())

    @classmethod
    def repaired(cls, offsets: Int64Column, sizes: Int64Column) -> Extents:
        """The same bytes of the volume from any columns: in any order, overlapping, empty, below 0 or without end.

        Legal columns are used unchanged, adjacent extents stay separate.
        """
        try:
            return cls(offsets, sizes)
        except ValueError:
            return cls(*union(offsets, sizes))

    @classmethod
    def of_chunks(cls, chunks: tuple[Chunk, ...]) -> Extents:
        """From blocks known to be legal, none of them empty, totals running on from one to the next."""
        made = cls.__new__(cls)
        made._take(chunks)
        return made

    def _take(self, chunks: tuple[Chunk, ...]) -> None:
        self._blocks = chunks
        self._first_offsets = np.array([chunk.offsets[0] for chunk in chunks], dtype=np.int64)
        self._first_rows = np.cumsum([0, *(len(chunk.offsets) for chunk in chunks)])

    def __len__(self) -> int:
        return int(self._first_rows[-1])

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The columns as stored."""
        return self._blocks

    @property
    def offsets(self) -> Int64Column:
        """int64[n], bytes, strictly increasing."""
        return self.rows(0, len(self))[0]

    @property
    def sizes(self) -> Int64Column:
        """int64[n], bytes."""
        return self.rows(0, len(self))[1]

    @property
    def covered_bytes(self) -> int:
        """Bytes in all extents."""
        return int(self._blocks[-1].totals[-1]) if self._blocks else 0

    @property
    def end(self) -> int:
        """Where the last extent ends; 0 without extents."""
        return self._blocks[-1].end if self._blocks else 0

    def rows(self, start: int, stop: int) -> tuple[Int64Column, Int64Column]:
        """Offsets and sizes of the extents number ``start`` (from 0) to ``stop`` (exclusive), as far as there are."""
        offsets, sizes = [], []
        start, stop = max(start, 0), min(stop, len(self))
        while start < stop:
            number = int(np.searchsorted(self._first_rows, start, side="right")) - 1
            chunk, first = self._blocks[number], int(self._first_rows[number])
            upto = min(stop - first, len(chunk.offsets))
            offsets.append(chunk.offsets[start - first : upto])
            sizes.append(np.diff(chunk.totals[start - first : upto + 1]))
            start = first + upto
        return joined(offsets), joined(sizes)

    def covered_before(self, positions: Int64Column) -> Int64Column:
        """Bytes covered in ``[0, x)`` for each ``x`` of ``positions`` (int64[k], any order) as int64[k]."""
        if (positions[1:] < positions[:-1]).any():
            order = np.argsort(positions, kind="stable")
            found = np.empty(len(positions), dtype=np.int64)
            found[order] = self.covered_before(positions[order])
            return found
        found = np.zeros(len(positions), dtype=np.int64)
        # A position belongs to the last chunk that begins at or before it; before all, to the first.
        cuts = np.searchsorted(positions, self._first_offsets[1:], side="left").tolist()
        for chunk, start, stop in zip(self._blocks, [0, *cuts], [*cuts, len(positions)], strict=False):
            if start < stop:
                found[start:stop] = chunk.covered_before(positions[start:stop])
        return found

    def count_before(self, position: int) -> int:
        """How many extents begin before ``position``: the number of the first one that does not."""
        number = int(np.searchsorted(self._first_offsets, position, side="left")) - 1
        if number < 0:
            return 0
        return int(self._first_rows[number] + np.searchsorted(self._blocks[number].offsets, position, side="left"))

    def overlapping(self, start: int, end: int) -> range:
        """Numbers of the extents that share a byte with ``[start, end)``."""
        first, stop = self.count_before(start), self.count_before(end)
        if first > 0 and start < end:
            offsets, sizes = self.rows(first - 1, first)
            if int(offsets[0]) + int(sizes[0]) > start:
                first -= 1
        return range(first, max(stop, first))

    def run_from(self, position: int) -> Run | None:
        """The first run that begins at or after ``position``."""
        row = self._first_of_a_run(self.count_before(position))
        return None if row is None else self._run_beginning(row)

    def run_before(self, position: int) -> Run | None:
        """The last run that begins before ``position``; it may reach beyond."""
        row = self._last_first_of_a_run(self.count_before(position))
        return None if row is None else self._run_beginning(row)

    def run_at(self, position: int, around: tuple[int, int]) -> Run | None:
        """The run with this byte, or else the first with a byte in ``around``."""
        for start, end in ((position, position + 1), around):
            if start >= end:
                continue
            for run in (self.run_before(start + 1), self.run_from(start)):
                if run is not None and run.end > start and run.start < end:
                    return run
        return None

    def largest_runs(self, most: int) -> list[Run]:
        """The ``most`` (>= 1) longest runs, longest first, of equal ones the earlier first."""
        kept: list[Run] = []
        for starts, ends in self.runs():
            sizes = ends - starts
            if len(kept) == most:
                # An equal one is too late.
                longer = np.flatnonzero(sizes > kept[-1].size_bytes)
                starts, ends, sizes = starts[longer], ends[longer], sizes[longer]
            best = _largest(sizes, most).tolist()
            kept += [Run(int(starts[index]), int(ends[index])) for index in best]
            kept = sorted(kept, key=lambda run: (-run.size_bytes, run.start))[:most]
        return kept

    def runs(self) -> Iterator[tuple[Int64Column, Int64Column]]:
        """All runs in order, as columns of starts and ends; no run is split between two of them."""
        start, end = -1, -1  # of the run that can continue in the next chunk
        for chunk in self._blocks:
            first = np.flatnonzero(chunk.begins_run(0, len(chunk.offsets), end))
            starts = chunk.offsets[first]
            ends = chunk.offsets[first - 1] + chunk.sizes[first - 1]
            if len(first) and first[0] == 0:
                ends[0] = end
            if start >= 0:
                starts = np.concatenate(([start], starts))
            else:
                ends = ends[1:]
            start, end = int(starts[-1]), chunk.end
            if len(ends):
                yield starts[:-1], ends
        if start >= 0:
            yield np.array([start], dtype=np.int64), np.array([end], dtype=np.int64)

    def _previous_end(self, number: int) -> int:
        """Where the extent before a chunk ends; -1 before the first, which nothing touches."""
        return self._blocks[number - 1].end if number else -1

    def _first_of_a_run(self, row: int) -> int | None:
        """The first extent from ``row`` on that does not touch the one before it."""
        number = int(np.searchsorted(self._first_rows, row, side="right")) - 1
        for index in range(number, len(self._blocks)):
            chunk, first = self._blocks[index], int(self._first_rows[index])
            for start, stop in _windows(max(row - first, 0), len(chunk.offsets)):
                found = np.flatnonzero(chunk.begins_run(start, stop, self._previous_end(index)))
                if len(found):
                    return first + start + int(found[0])
        return None

    def _last_first_of_a_run(self, stop: int) -> int | None:
        """The last extent before ``stop`` that does not touch the one before it."""
        number = int(np.searchsorted(self._first_rows, stop, side="left")) - 1
        for index in range(number, -1, -1):
            chunk, first = self._blocks[index], int(self._first_rows[index])
            length = min(stop - first, len(chunk.offsets))
            # The same windows, counted from the end.
            for after, before in _windows(0, length):
                found = np.flatnonzero(chunk.begins_run(length - before, length - after, self._previous_end(index)))
                if len(found):
                    return first + length - before + int(found[-1])
        return None

    def _run_beginning(self, row: int) -> Run:
        following = self._first_of_a_run(row + 1)
        last = (len(self) if following is None else following) - 1
        offsets, sizes = self.rows(last, last + 1)
        return Run(int(self.rows(row, row + 1)[0][0]), int(offsets[0]) + int(sizes[0]))


class ExtentsSoFar:
    """Extents as they were sent, legal or not, up to one moment; a view that costs nothing.

    Attributes:
        blocks: as sent.
        are_legal: whether they keep the rules of :class:`Extents`.
    """

    def __init__(self, chunks: tuple[Chunk, ...], *, are_legal: bool) -> None:
        self.chunks = chunks
        self.are_legal = are_legal

    def __len__(self) -> int:
        return sum(len(chunk.offsets) for chunk in self.chunks)

    @cached_property
    def extents(self) -> Extents:
        """The same bytes of the volume, in order: the blocks themselves where they are legal."""
        if self.are_legal:
            return Extents.of_chunks(self.chunks)
        offsets = joined([chunk.offsets for chunk in self.chunks])
        return Extents.repaired(offsets, joined([chunk.sizes for chunk in self.chunks]))


class ExtentBuffer:
    """Extents as they come. One thread appends; what :meth:`received` gave may be read by any."""

    def __init__(self) -> None:
        self._full: list[Chunk] = []
        self._last = _empty_chunk()
        self._used = 0
        self._are_legal = True
        self._end = 0

    def append(self, offsets: Int64Column, sizes: Int64Column) -> None:
        """Add columns as they were sent, int64[m] each, untrusted."""
        if not len(offsets):
            return
        if self._are_legal:
            self._are_legal = bool(offsets[0] >= self._end) and _are_legal(offsets, sizes)
            self._end = int(offsets[-1]) + int(sizes[-1])
        start = 0
        while start < len(offsets):
            taken = min(CHUNK_EXTENTS - self._used, len(offsets) - start)
            self._fill(offsets[start : start + taken], sizes[start : start + taken])
            start += taken

    def _fill(self, offsets: Int64Column, sizes: Int64Column) -> None:
        begin, end = self._used, self._used + len(offsets)
        chunk = self._last
        chunk.offsets[begin:end] = offsets
        np.cumsum(sizes, out=chunk.totals[begin + 1 : end + 1])
        chunk.totals[begin + 1 : end + 1] += chunk.totals[begin]
        self._used = end
        if end == CHUNK_EXTENTS:
            self._full.append(chunk)
            self._last, self._used = _empty_chunk(int(chunk.totals[-1])), 0

    def received(self) -> ExtentsSoFar:
        """All extents so far."""
        chunks = tuple(self._full)
        if self._used:
            chunks += (Chunk(self._last.offsets[: self._used], self._last.totals[: self._used + 1]),)
        return ExtentsSoFar(chunks, are_legal=self._are_legal)


def _empty_chunk(covered_before: int = 0) -> Chunk:
    chunk = Chunk(np.empty(CHUNK_EXTENTS, dtype=np.int64), np.empty(CHUNK_EXTENTS + 1, dtype=np.int64))
    chunk.totals[0] = covered_before
    return chunk


def _windows(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """``[start, stop)`` in parts that grow: what is looked for is mostly near."""
    size = 64
    while start < stop:
        yield start, min(start + size, stop)
        start += size
        size *= 4


def _largest(sizes: Int64Column, most: int) -> npt.NDArray[np.intp]:
    """Positions of the ``most`` largest, of equal ones the first, in any order."""
    if len(sizes) <= most:
        return np.arange(len(sizes))
    least = np.partition(sizes, len(sizes) - most)[len(sizes) - most]
    larger = np.flatnonzero(sizes > least)
    return np.concatenate((larger, np.flatnonzero(sizes == least)[: most - len(larger)]))


def _are_legal(offsets: Int64Column, sizes: Int64Column) -> bool:
    # Saturated, so that an extent that wraps around int64 overlaps what follows it.
    ends = saturating_ends(offsets, sizes)
    return bool(
        offsets[0] >= 0
        and sizes.min() > 0
        and (offsets[1:] >= ends[:-1]).all()
        and offsets[-1] <= INT64_MAX - sizes[-1]
    )


def union(offsets: Int64Column, sizes: Int64Column) -> tuple[Int64Column, Int64Column]:
    """Offsets and sizes of the runs that extents cover, whatever their order and overlap; negative bytes left out."""
    ends = saturating_ends(offsets, sizes)
    starts = np.maximum(offsets, 0)
    holds_bytes = ends > starts
    starts, ends = starts[holds_bytes], ends[holds_bytes]
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    begins_run = np.ones(len(starts), dtype=np.bool_)
    begins_run[1:] = starts[1:] > ends[:-1]
    run_starts = starts[begins_run]
    run_ends = ends[np.flatnonzero(np.append(begins_run[1:], True))] if len(ends) else ends
    return run_starts, run_ends - run_starts
