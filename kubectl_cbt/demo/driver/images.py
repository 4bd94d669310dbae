"""Images of the demo's snapshots: the data whose changes the driver reports.

A page is 4 KiB. Its bytes are a function of volume, seed, page number and the generation that wrote it last. No byte of
a written page is zero, and no byte is equal in two generations. So two images differ in exactly the bytes of their
delta, and the bytes that are not zero are those of written pages. Everything else is a hole.

Generation 0 alone has gigabytes. It is written as by a file system that preallocates: of each run only the first page
in each MiB. Later generations are written in full.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from kubectl_cbt.demo.driver.noise import key, uniform
from kubectl_cbt.demo.driver.volumes import GIB, KIB, MIB, Column, Runs, Volume

PAGE_BYTES = 4 * KIB
_WINDOW_BYTES = GIB
"""Looked at together; a multiple of a MiB."""
_SAMPLED_PAGES = MIB // PAGE_BYTES
_BUFFER_PAGES = 1024
_VALUES = 255
"""The values of a byte that is not zero, and so the most generations that have different bytes."""
_NUMBER_BYTES = 8
"""At the start of each page is its number, so that no two pages of an image are equal."""

_Pages = npt.NDArray[np.uint8]


class SnapshotImage:
    """The data of a volume as one generation left it.

    Args:
        volume: with whole pages as grains.
        generation: the last one that wrote, less than 255.
        full: whether generation 0 is written in full.
    """

    def __init__(self, volume: Volume, generation: int, *, full: bool = False) -> None:
        if volume.grain_bytes % PAGE_BYTES or volume.capacity_bytes % PAGE_BYTES:
            raise ValueError("grain and capacity must be multiples of a page")
        if not 0 <= generation < _VALUES:
            raise ValueError(f"generation must be less than {_VALUES}")
        self.volume = volume
        self._generation = generation
        self._full = full
        self._noise_key = key("image", volume.seed, volume.name)
        self._contents = _contents(self._noise_key)

    def data_bytes(self) -> int:
        """Return how many bytes are written; the rest are holes."""
        return PAGE_BYTES * sum(len(pages) for pages, _ in self._windows())

    def write(self, descriptor: int, advance: Callable[[int], None]) -> None:
        """Write the image into an empty file.

        Args:
            advance: is called with the number of bytes that were written since the last call.

        Raises:
            OSError: the file system is full, or does not allow a file of this size.
        """
        os.ftruncate(descriptor, self.volume.capacity_bytes)
        for pages, generations in self._windows():
            for begin in range(0, len(pages), _BUFFER_PAGES):
                piece = pages[begin : begin + _BUFFER_PAGES]
                _write_pages(descriptor, piece, self.pages(piece, generations[begin : begin + _BUFFER_PAGES]))
                advance(len(piece) * PAGE_BYTES)

    def pages(self, pages: Column, generations: Column) -> _Pages:
        """Return the bytes of pages, a row for each.

        Args:
            pages: their numbers.
            generations: the generation that wrote each last.
        """
        shifts = (uniform(self._noise_key, pages) * _VALUES).astype(np.int64) + generations
        rows: _Pages = self._contents[shifts % _VALUES]
        digits = pages
        for place in range(_NUMBER_BYTES):
            rows[:, place] = 1 + (digits + generations) % _VALUES
            digits = digits // _VALUES
        return rows

    def _windows(self) -> Iterator[tuple[Column, Column]]:
        """Numbers of the written pages, ascending, and the generation that wrote each last."""
        grains = self.volume.capacity_bytes // self.volume.grain_bytes
        step = _WINDOW_BYTES // self.volume.grain_bytes
        for start in range(0, grains, step):
            writers = self._writers(start, min(start + step, grains))
            written = np.flatnonzero(writers)
            if len(written):
                first_page = start * self.volume.grain_bytes // PAGE_BYTES
                yield written + first_page, writers[written].astype(np.int64) - 1

    def _writers(self, start: int, end: int) -> npt.NDArray[np.uint8]:
        """For each page of these grains 1 + the generation that wrote it last, 0 for a hole."""
        per_grain = self.volume.grain_bytes // PAGE_BYTES
        writers = np.zeros((end - start) * per_grain, dtype=np.uint8)
        for generation in range(self._generation + 1):
            starts, lengths = self.volume.written((generation,), start, end)
            written = _covered(((starts - start) * per_grain, lengths * per_grain), len(writers))
            if generation == 0 and not self._full:
                written = _sampled(written)
            writers[written] = generation + 1
        return writers


def _contents(noise_key: int) -> _Pages:
    """The pages that all others are made from: row s has every byte of row 0 advanced by s, skipping zero."""
    first = (uniform(noise_key ^ 1, np.arange(PAGE_BYTES)) * _VALUES).astype(np.int64)
    shifted: npt.NDArray[np.int64] = first + np.arange(_VALUES)[:, np.newaxis]
    return (1 + shifted % _VALUES).astype(np.uint8)


def _covered(runs: Runs, length: int) -> npt.NDArray[np.bool_]:
    """Which of ``[0, length)`` are inside the runs, which neither touch nor overlap."""
    starts, lengths = runs
    edges = np.zeros(length + 1, dtype=np.int8)
    edges[starts] = 1
    edges[starts + lengths] = -1
    return np.cumsum(edges[:-1], dtype=np.int8).astype(np.bool_)


def _sampled(written: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The first page of each run in each MiB; a window starts with a MiB."""
    continues = np.concatenate(([False], written[:-1]))
    continues[::_SAMPLED_PAGES] = False
    return written & ~continues


def _write_pages(descriptor: int, pages: Column, rows: _Pages) -> None:
    """Write rows to their pages, with one call for each run."""
    begins = np.concatenate(([0], np.flatnonzero(np.diff(pages) != 1) + 1, [len(pages)]))
    data = rows.data.cast("B")
    for begin, end, page in zip(begins[:-1].tolist(), begins[1:].tolist(), pages[begins[:-1]].tolist(), strict=True):
        rest, offset = data[begin * PAGE_BYTES : end * PAGE_BYTES], page * PAGE_BYTES
        while rest:
            written = os.pwrite(descriptor, rest, offset)
            rest, offset = rest[written:], offset + written
