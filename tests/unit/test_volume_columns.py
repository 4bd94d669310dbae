"""VolumeColumns of kept cells: whole cells, exact sums, and bounds of the union."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kubectl_cbt.analysis.cells import cell_edges
from kubectl_cbt.analysis.volume_columns import (
    KeptCells,
    column_figures,
    columns_of,
    least_union,
    sums_in_columns,
    sums_of_streams,
    union_bounds,
)
from kubectl_cbt.model.results import Failure, Outcome
from kubectl_cbt.model.stream_figures import StreamFigures

CELLS = 24


def kept(covered, capacity=CELLS * 100, known_end=None) -> KeptCells:
    edges = cell_edges(0, capacity, len(covered))
    return KeptCells(edges, np.array(covered, dtype=np.int64), capacity if known_end is None else known_end)


def figures(cells: KeptCells | None, *, complete=True) -> StreamFigures:
    if cells is None:
        return StreamFigures(is_running=False, failure=Failure("NotFound", "", "deleted", ""))
    failure = None if complete else Failure("StreamCut", "", "cut", "")
    capacity = int(cells.edges[-1])
    outcome = Outcome(complete, 2, capacity, 1, 1, cells.known_end, 0, 0, 1.0, (), failure)
    return StreamFigures(False, outcome, None, cells.edges, cells.covered, 0, failure)


def bounds_of(rows: list[StreamFigures]):
    return union_bounds(rows, [KeptCells.of(row) for row in rows])


ranges = st.tuples(st.integers(0, CELLS * 100 - 1), st.integers(0, CELLS * 100 - 1)).map(sorted)


@given(st.lists(st.integers(0, 100), min_size=CELLS, max_size=CELLS), ranges, st.integers(1, 60))
def test_columns_are_whole_cells_and_their_sums_are_those_of_the_cells(covered, span, count):
    cells = kept(covered)
    start, end = span[0], span[1] + 1
    columns = columns_of(cells.edges, start, end, count)
    assert len(columns) == count
    assert columns.start <= start
    assert columns.end >= end
    assert columns.start > start - 100
    assert columns.end < end + 100
    sums = sums_in_columns(cells, columns)
    naive = [sum(covered[first:last]) for first, last in zip(columns.first, columns.last, strict=True)]
    assert sums.covered.tolist() == naive
    assert sums.are_known.all()
    if columns.are_repeated:
        assert (columns.last - columns.first == 1).all()
    else:
        assert (columns.first[1:] == columns.last[:-1]).all(), "no byte is in two columns or in none"
        assert sums.covered.sum() == sum(covered[columns.first[0] : columns.last[-1]])


@given(st.integers(0, CELLS * 100 - 1), st.integers(1, 60))
def test_the_column_of_a_byte_contains_it(position, count):
    columns = columns_of(kept([0] * CELLS).edges, 0, CELLS * 100, count)
    at = columns.at(position)
    assert columns.starts[at] <= position < columns.ends[at]


def test_columns_beyond_what_was_received_are_not_known():
    columns = columns_of(kept([0] * CELLS).edges, 0, CELLS * 100, CELLS)
    sums = sums_in_columns(kept([0] * CELLS, known_end=250), columns)
    assert sums.are_known.tolist() == [True, True] + [False] * (CELLS - 2)
    assert not sums_in_columns(None, columns).are_known.any()


def test_a_volume_that_was_smaller_ends_before_the_last_columns():
    columns = columns_of(kept([0] * CELLS).edges, 0, CELLS * 100, 12)
    small = kept([50] * CELLS, capacity=CELLS * 50)
    sums = sums_in_columns(small, columns)
    assert sums.are_beyond.tolist() == [False] * 6 + [True] * 6
    assert sums.covered[:6].tolist() == [200] * 6
    assert not sums.covered[6:].any()


@given(st.lists(st.lists(st.integers(0, 100), min_size=CELLS, max_size=CELLS), min_size=1, max_size=4), ranges)
def test_several_streams_are_added_up_as_each_alone(rows, span):
    edges = cell_edges(0, CELLS * 100, CELLS)
    streams = [KeptCells(edges, np.array(row), 700 * number) for number, row in enumerate(rows)]
    columns = columns_of(edges, span[0], span[1] + 1, 7)
    for found in (streams, [*streams, None]):
        together = sums_of_streams(found, columns)
        for number, cells in enumerate(found):
            alone = sums_in_columns(cells, columns)
            for name in ("covered", "widths", "are_known", "are_beyond"):
                assert (getattr(together, name)[number] == getattr(alone, name)).all(), name
            at = column_figures(found, columns, 3)[number]
            assert (at.covered_bytes, at.width_bytes) == (alone.covered[3], alone.widths[3])
            assert at.is_known == alone.are_known[3]


def test_a_volume_of_another_size_has_its_columns_widened_to_whole_cells():
    columns = columns_of(kept([0] * CELLS).edges, 0, CELLS * 100, CELLS)
    sums = sums_in_columns(kept([10] * 16), columns)
    assert (sums.covered >= 10).all()
    assert (sums.covered * 15 == sums.widths).all()


@given(st.lists(st.lists(st.integers(0, 100), min_size=4, max_size=4), min_size=1, max_size=5))
def test_the_union_is_between_its_bounds(rows):
    found = bounds_of([figures(kept(row, capacity=400)) for row in rows])
    assert found.least.covered.tolist() == [max(column) for column in zip(*rows, strict=True)]
    assert found.least_bytes <= found.most_bytes == sum(min(sum(column), 100) for column in zip(*rows, strict=True))


def test_the_union_is_known_where_all_streams_are():
    cut = figures(kept([1, 0, 0, 0], capacity=400, known_end=150), complete=False)
    found = bounds_of([figures(kept([0, 2, 0, 0], capacity=400)), cut])
    assert (found.least.known_end, found.most_bytes) == (150, None)
    found = bounds_of([figures(kept([0, 2, 0, 0], capacity=400)), figures(None)])
    assert (found.least.known_end, found.most_bytes) == (0, None)
    assert bounds_of([figures(None)]) is None
    assert least_union([kept([1] * 4), kept([1] * 5)]) is None, "of volumes of different sizes"
