"""Strategies for many properties: columns, legal extents, and any division of a stream into messages."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from kubectl_cbt.model.record import INT64_MAX, Int64Column

Extent = tuple[int, int]
"""Offset and size, in Python's own integers: what every oracle counts with."""

INT64_MIN = -INT64_MAX - 1

law = settings(max_examples=100)

cuts = st.lists(st.integers(0, 14), max_size=6)
"""Where a stream is cut into messages, for :func:`cut`."""


def column(values: Iterable[int]) -> Int64Column:
    """An int64 column."""
    return np.array(list(values), dtype=np.int64)


def columns(extents: Sequence[Extent]) -> tuple[Int64Column, Int64Column]:
    """Offsets and sizes."""
    return column(offset for offset, _ in extents), column(size for _, size in extents)


def pairs(offsets: Int64Column, sizes: Int64Column) -> list[Extent]:
    """Columns as extents."""
    return list(zip(offsets.tolist(), sizes.tolist(), strict=True))


def legal_extents(
    *, most: int = 12, grain: int = 1, widest: int = 30, first: int = 0, fewest: int = 0
) -> st.SearchStrategy[list[Extent]]:
    """Ascending extents from ``first`` on, often touching; all gaps and sizes are multiples of ``grain``."""
    spans = st.tuples(st.integers(0, widest), st.integers(1, widest))
    return st.lists(spans, min_size=fewest, max_size=most).map(lambda drawn: _placed(drawn, grain, first))


def _placed(spans: list[tuple[int, int]], grain: int, first: int) -> list[Extent]:
    extents, position = [], first
    for gap, size in spans:
        extents.append((position + gap * grain, size * grain))
        position += (gap + size) * grain
    return extents


def wild_extents(*, lowest: int = 0) -> st.SearchStrategy[list[Extent]]:
    """Extents in any order, overlapping, some without bytes or with a negative size."""
    return st.lists(st.tuples(st.integers(lowest, 60), st.integers(-3, 25)), max_size=10)


def cut(extents: Sequence[Extent], at: Iterable[int]) -> list[Sequence[Extent]]:
    """The same extents in several messages; some of them empty."""
    edges = [0, *sorted(min(edge, len(extents)) for edge in at), len(extents)]
    return [extents[start:end] for start, end in pairwise(edges)]


def covered_between(extents: Iterable[Extent], start: int, end: int) -> int:
    """Bytes of extents without overlap inside ``[start, end)``, one by one and in exact integers."""
    return sum(max(min(offset + size, end) - max(offset, start), 0) for offset, size in extents)


def bytes_of(extents: Iterable[Extent]) -> set[int]:
    """Every single byte that some extent covers."""
    return {byte for offset, size in extents for byte in range(offset, offset + size)}
