"""Generated volumes with realistic write patterns, of which nothing is stored.

A volume is a list of layers, each one kind of writer: a database that updates pages, a write-ahead log in a ring, a
store that only appends, a file system with metadata at the start of each block group. A layer computes what generation
g wrote within any range, as a pure function of the seed. Snapshot k is the state after generations 0..k, so

    allocated(k)  = writes of generations 0..k
    delta(i, k)   = writes of generations i+1..k

and the relations between allocated and delta streams are correct by construction. Extents are generated segment by
segment while they are streamed: 16 TiB need no memory, and a stream can start anywhere.

Inside this module positions and lengths are counted in grains (the volume's smallest unit), as int64 columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kubectl_cbt.demo.driver.noise import key, uniform

Column = npt.NDArray[np.int64]
Runs = tuple[Column, Column]
"""Starts and lengths, ascending, not overlapping."""

KIB, MIB, GIB, TIB = 2**10, 2**20, 2**30, 2**40


class Layer(Protocol):
    """One kind of writer."""

    def writes(self, noise_key: int, generation: int, start: int, end: int) -> Runs:
        """Return what ``generation`` wrote inside ``[start, end)``, clipped at both ends."""
        ...


@dataclass(frozen=True)
class Scatter:
    """Scattered runs: the region is divided into slots, each holding at most one run.

    Attributes:
        slot: grains per slot.
        keep: fraction of slots that are written.
        shortest, longest: grains per run, most runs near the shortest; ``longest <= slot``.
        jitter: whether a run can be anywhere in its slot, or starts with it (metadata of block groups).
        hot_span: number of slots with the same heat, so that writes cluster as in real tables; 0 for uniform heat.
        initial: whether it writes in generation 0 only, or in every later generation.
    """

    start: int
    end: int
    slot: int
    keep: float
    shortest: int = 1
    longest: int = 1
    jitter: bool = True
    hot_span: int = 0
    initial: bool = False

    def writes(self, noise_key: int, generation: int, start: int, end: int) -> Runs:
        if self.initial != (generation == 0):
            return _NOTHING
        low, high = max(start, self.start), min(end, self.end)
        if low >= high:
            return _NOTHING
        first = (low - self.start) // self.slot
        last = -((self.start - high) // self.slot)
        slots = np.arange(first, last, dtype=np.int64)
        slots = slots[self._written(noise_key, generation, slots)]
        span = self.longest - self.shortest + 1
        lengths = self.shortest + (uniform(noise_key ^ 1, slots) ** 3 * span).astype(np.int64)
        starts = self.start + slots * self.slot
        if self.jitter:
            starts += (uniform(noise_key ^ 2, slots) * (self.slot - lengths + 1)).astype(np.int64)
        return _cut(starts, lengths, low, high)

    def _written(self, noise_key: int, generation: int, slots: Column) -> npt.NDArray[np.bool_]:
        keep: npt.NDArray[np.float64] | float = self.keep
        if self.hot_span:
            # Independent of the generation: a hot table stays hot.
            heat = uniform(key("heat", self.start, self.end), slots // self.hot_span)
            keep = np.minimum(self.keep * 10 * heat**9, 1.0)
        return np.asarray(uniform(noise_key, slots) < keep)


@dataclass(frozen=True)
class Ring:
    """A log in a ring: ``per_generation`` grains per generation, from generation 1."""

    start: int
    end: int
    per_generation: int

    def writes(self, noise_key: int, generation: int, start: int, end: int) -> Runs:
        if generation == 0:
            return _NOTHING
        size = self.end - self.start
        head = (generation - 1) * self.per_generation % size
        pieces = [(head, min(head + self.per_generation, size))]
        if head + self.per_generation > size:
            pieces.insert(0, (0, head + self.per_generation - size))
        starts = np.array([self.start + low for low, _ in pieces], dtype=np.int64)
        lengths = np.array([high - low for low, high in pieces], dtype=np.int64)
        return _cut(starts, lengths, start, end)


@dataclass(frozen=True)
class Append:
    """A store that grows: ``initial`` grains in generation 0, then ``per_generation`` more at its end."""

    start: int
    initial: int
    per_generation: int = 0

    def writes(self, noise_key: int, generation: int, start: int, end: int) -> Runs:
        if generation == 0:
            low, length = self.start, self.initial
        else:
            low, length = self.start + self.initial + (generation - 1) * self.per_generation, self.per_generation
        return _cut(np.array([low], dtype=np.int64), np.array([length], dtype=np.int64), start, end)


@dataclass(frozen=True)
class Volume:
    """A volume and its complete history of writes.

    Attributes:
        name: unique; part of the noise's key.
        grain_bytes: unit of the layers; the extent size of a FIXED_LENGTH volume.
        segment_grains: grains to generate at a time.
    """

    name: str
    capacity_bytes: int
    grain_bytes: int
    segment_grains: int
    layers: tuple[Layer, ...]
    fixed_length: bool = False
    seed: int = 0

    def allocated(self, generation: int, starting_offset: int = 0) -> Iterator[Runs]:
        """Yield the extents that are allocated after ``generation``, in bytes, batch by batch."""
        return self._extents(range(generation + 1), starting_offset)

    def delta(self, base: int, target: int, starting_offset: int = 0) -> Iterator[Runs]:
        """Yield the extents written between two generations, in either order, as real drivers do."""
        low, high = sorted((base, target))
        return self._extents(range(low + 1, high + 1), starting_offset)

    def written(self, generations: Sequence[int], start: int, end: int) -> Runs:
        """Return what any of these generations wrote inside ``[start, end)``, in grains."""
        written = [
            layer.writes(key(self.seed, self.name, number, generation), generation, start, end)
            for generation in generations
            for number, layer in enumerate(self.layers)
        ]
        starts = np.concatenate([starts for starts, _ in written] or [_NOTHING[0]])
        lengths = np.concatenate([lengths for _, lengths in written] or [_NOTHING[1]])
        return _merged(starts, lengths)

    def _extents(self, generations: Sequence[int], starting_offset: int) -> Iterator[Runs]:
        grains = -(-self.capacity_bytes // self.grain_bytes)
        first_segment = starting_offset // (self.segment_grains * self.grain_bytes)
        for start in range(first_segment * self.segment_grains, grains, self.segment_grains):
            starts, lengths = self.written(generations, start, min(start + self.segment_grains, grains))
            if self.fixed_length:
                starts, lengths = _blocks(starts, lengths)
            offsets, sizes = starts * self.grain_bytes, lengths * self.grain_bytes
            # The contract allows an extent that starts before the starting offset and ends after it.
            keep = offsets + sizes > starting_offset
            if keep.any():
                yield offsets[keep], sizes[keep]


_NOTHING: Runs = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def _cut(starts: Column, lengths: Column, low: int, high: int) -> Runs:
    ends = np.minimum(starts + lengths, high)
    starts = np.maximum(starts, low)
    inside = ends > starts
    return starts[inside], (ends - starts)[inside]


def _merged(starts: Column, lengths: Column) -> Runs:
    """Return the union of runs in any order; adjacent runs are merged."""
    order = np.argsort(starts, kind="stable")
    starts = starts[order]
    return merge_adjacent(starts, np.maximum.accumulate(starts + lengths[order]))


def merge_adjacent(starts: Column, ends: Column) -> Runs:
    """Merge ranges that touch or overlap; starts and ends are ascending."""
    if not len(starts):
        return _NOTHING
    opens = np.concatenate(([True], starts[1:] > ends[:-1]))
    closes = np.concatenate((opens[1:], [True]))
    return starts[opens], ends[closes] - starts[opens]


def consecutive(first: Column, counts: Column) -> Column:
    """Return ``first[i], first[i] + 1, …`` with ``counts[i]`` numbers for each i."""
    before = np.concatenate(([0], np.cumsum(counts)[:-1]))
    return np.repeat(first - before, counts) + np.arange(int(counts.sum()), dtype=np.int64)


def _blocks(starts: Column, lengths: Column) -> Runs:
    """Split runs into single grains, as a FIXED_LENGTH driver sends them."""
    blocks = consecutive(starts, lengths)
    return blocks, np.ones(len(blocks), dtype=np.int64)
