"""The largest extents in order: exact within the bound, for any filter, against a naive sort."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import columns, law, legal_extents

from kubectl_cbt.analysis.extent_filter import ExtentFilter
from kubectl_cbt.analysis.largest_extents import LargestExtents
from kubectl_cbt.model.extents import Chunk, Extents

filters = st.sampled_from(["", ">=4", "<=20", ">2 10..300"])


@law
@given(legal_extents(), filters, st.integers(1, 12))
def test_the_order_is_that_of_a_sort(extents, text, most):
    extent_filter = ExtentFilter.parse(text) if text else None
    found = LargestExtents(Extents(*columns(extents)), extent_filter, most)
    matching = extents
    if extent_filter is not None:
        chunk = Extents(*columns(extents)).chunks
        matching = [extents[row] for part in chunk for row in extent_filter.passing(part).tolist()]
    expected = sorted(matching, key=lambda extent: (-extent[1], extent[0]))[:most]
    assert [tuple(map(int, row)) for row in zip(*found.rows(0, len(found)), strict=True)] == expected
    assert found.matches == len(matching)


@law
@given(legal_extents(), st.integers(0, 500), st.integers(0, 50))
def test_lines_are_found_by_position_and_range(extents, position, length):
    found = LargestExtents(Extents(*columns(extents)), None)
    rows = [tuple(map(int, row)) for row in zip(*found.rows(0, len(found)), strict=True)]
    inside = [line for line, (offset, size) in enumerate(rows) if offset <= position < offset + size]
    assert found.line_at(position) == (inside[0] if inside else -1)
    end = position + length
    touched = {line for line, (offset, size) in enumerate(rows) if offset < end and offset + size > position}
    assert found.lines_in(position, end) == touched


def test_many_chunks_are_merged_within_the_bound():
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 1000, 5000)
    offsets = np.cumsum(np.concatenate(([0], sizes[:-1] + 1)))
    totals = np.concatenate(([0], np.cumsum(sizes)))
    chunks = tuple(
        Chunk(offsets[start : start + 500], totals[start : start + 501]) for start in range(0, len(sizes), 500)
    )
    found = LargestExtents(Extents.of_chunks(chunks), None, 100)
    order = np.lexsort((offsets, -sizes))[:100]
    assert found.rows(0, 100)[0].tolist() == offsets[order].tolist()
    assert found.matches == 5000
