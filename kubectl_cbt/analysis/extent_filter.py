"""A filter of extents by size and by range, for millions of extents without an object for any of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from kubectl_cbt.model.extents import Chunk, Extents
from kubectl_cbt.model.record import INT64_MAX, Int64Column
from kubectl_cbt.units import parse_offset

_SIZE = re.compile(r"(>=|<=|>|<|=)(.+)")


@dataclass(frozen=True, slots=True)
class ExtentFilter:
    """Matches extents with ``smallest <= size <= largest`` and a byte in ``[start, end)``.

    Attributes:
        text: as typed by the user.
    """

    smallest_bytes: int = 0
    largest_bytes: int = INT64_MAX
    start: int = 0
    end: int = INT64_MAX
    text: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> ExtentFilter:
        """Parse ``>1Mi 10Gi..20Gi``; every part narrows the filter.

        Raises:
            ValueError: invalid; the message says what is accepted.
        """
        extent_filter = cls()
        for part in re.sub(r"(>=|<=|>|<|=)\s+", r"\1", text).split():
            extent_filter = extent_filter._narrowed(part)
        return replace(extent_filter, text=" ".join(text.split()))

    def __str__(self) -> str:
        return self.text

    def _narrowed(self, part: str) -> ExtentFilter:
        if ".." in part:
            start, end = (parse_offset(bound) if bound else None for bound in part.split("..", 1))
            narrowed = replace(
                self, start=max(self.start, start or 0), end=min(self.end, INT64_MAX if end is None else end)
            )
            if narrowed.start >= narrowed.end:
                raise ValueError(f"empty range {part}")
            return narrowed
        match = _SIZE.fullmatch(part)
        if not match:
            raise ValueError(f"{part!r} is not a filter such as >1Mi, <=64Ki or 10Gi..20Gi")
        sign, size = match[1], parse_offset(match[2])
        smallest = {">": size + 1, ">=": size, "=": size}.get(sign, 0)
        largest = {"<": size - 1, "<=": size, "=": size}.get(sign, INT64_MAX)
        return replace(
            self,
            smallest_bytes=max(self.smallest_bytes, smallest),
            largest_bytes=min(self.largest_bytes, largest),
        )

    def passing(self, chunk: Chunk) -> Int64Column:
        """int64[k], positions in the chunk of the extents that match."""
        sizes = chunk.sizes
        is_match = (sizes >= self.smallest_bytes) & (sizes <= self.largest_bytes)
        if self.start > 0 or self.end < INT64_MAX:
            is_match &= (chunk.offsets < self.end) & (chunk.offsets + sizes > self.start)
        return np.flatnonzero(is_match)


class FilteredExtents:
    """The extents that match a filter, numbered among themselves.

    Only the number of matches is kept for each chunk; the positions are found again when rows are requested.

    Args:
        extents: all extents.
        extent_filter: selects the matches.
        earlier: a view of fewer chunks of the same stream with the same filter; its counts are reused.
    """

    def __init__(self, extents: Extents, extent_filter: ExtentFilter, earlier: FilteredExtents | None = None) -> None:
        self.extent_filter = extent_filter
        self._extents = extents
        self._counts: list[int] = [
            len(extent_filter.passing(chunk)) if known is None else known
            for known, chunk in zip(_known_counts(earlier, extents), extents.chunks, strict=True)
        ]
        self._first_rows = np.cumsum([0, *self._counts])
        self._passing = lru_cache(maxsize=4)(self._find)

    def __len__(self) -> int:
        return int(self._first_rows[-1])

    def is_of(self, extents: Extents, extent_filter: ExtentFilter) -> bool:
        """Whether this is the view of these extents with this filter."""
        return self._extents is extents and self.extent_filter == extent_filter

    def rows(self, start: int, stop: int) -> tuple[Int64Column, Int64Column]:
        """Offsets and sizes of matches ``start`` to ``stop`` (exclusive)."""
        offsets, sizes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        start, stop = max(start, 0), min(stop, len(self))
        while start < stop:
            number = int(np.searchsorted(self._first_rows, start, side="right")) - 1
            first = int(self._first_rows[number])
            upto = min(stop - first, self._counts[number])
            chunk, index = self._extents.chunks[number], self._passing(number)[start - first : upto]
            offsets.append(chunk.offsets[index])
            sizes.append(chunk.totals[index + 1] - chunk.totals[index])
            start = first + upto
        return np.concatenate(offsets), np.concatenate(sizes)

    def count_before(self, position: int) -> int:
        """The number of matches that begin before ``position``."""
        for number in range(len(self._counts) - 1, -1, -1):
            chunk = self._extents.chunks[number]
            if chunk.offsets[0] < position:
                index = self._passing(number)
                return int(self._first_rows[number] + np.searchsorted(chunk.offsets[index], position, side="left"))
        return 0

    def _find(self, number: int) -> Int64Column:
        return self.extent_filter.passing(self._extents.chunks[number])


def _known_counts(earlier: FilteredExtents | None, extents: Extents) -> list[int | None]:
    """The number of matches in each chunk, where ``earlier`` counted the same chunk."""
    known = zip(earlier._extents.chunks, earlier._counts, strict=True) if earlier else ()
    counted = {id(chunk.offsets): count for chunk, count in known}
    # A chunk that still grows is a new view each time; its columns are never the same object.
    return [counted.get(id(chunk.offsets)) for chunk in extents.chunks]
