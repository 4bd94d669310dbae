"""Cells of a viewport: exact edges, exact sums, and the same figures from batches as from the whole."""

from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import bytes_of, columns, covered_between, cut, cuts, law, legal_extents, wild_extents

from kubectl_cbt.analysis.cells import CellCounter, cell_edges, coverage
from kubectl_cbt.analysis.heat_scale import LINEAR, linear_levels
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.record import INT64_MAX

FAR = 2**62

cell_counts = st.one_of(st.integers(1, 12), st.integers(1, 3000))


@law
@given(st.integers(0, FAR), st.integers(0, FAR - 1), cell_counts)
@example(FAR - 3, FAR - 1, 7)
@example(0, 0, 5)
@example(FAR, FAR - 1, 1)
def test_edges_are_exact_integers(start, length, cells):
    edges = cell_edges(start, start + length, cells).tolist()
    assert edges == [start + length * index // cells for index in range(cells + 1)]


def test_edges_reach_up_to_the_largest_volume():
    edges = cell_edges(0, INT64_MAX, 1000).tolist()
    assert (edges[0], edges[-1]) == (0, INT64_MAX)
    assert edges == [INT64_MAX * index // 1000 for index in range(1001)]


@law
@given(st.integers(0, FAR), st.integers(0, FAR - 1), cell_counts)
def test_cells_differ_by_one_byte_at_most(start, length, cells):
    widths = [high - low for low, high in pairwise(cell_edges(start, start + length, cells).tolist())]
    assert sum(widths) == length
    assert max(widths) - min(widths) <= 1


@law
@given(legal_extents(), st.integers(0, 400), st.integers(0, 400), st.integers(1, 40))
def test_each_cell_has_its_covered_bytes(extents, start, length, cells):
    edges = cell_edges(start, start + length, cells)
    covered = bytes_of(extents)
    found = coverage(Extents(*columns(extents)), edges).tolist()
    assert found == [len(covered.intersection(range(low, high))) for low, high in pairwise(edges.tolist())]


@law
@given(
    legal_extents(first=FAR - 2**58, widest=2**54), st.integers(FAR - 2**59, FAR), st.integers(0, 2**60), cell_counts
)
def test_cells_add_up_to_the_covered_bytes_of_any_window(extents, start, length, cells):
    found = coverage(Extents(*columns(extents)), cell_edges(start, start + length, cells))
    assert len(found) == cells
    assert int(found.sum()) == covered_between(extents, start, start + length)


@law
@given(legal_extents(first=FAR, widest=2**50, fewest=1), st.integers(1, 50))
def test_cells_are_exact_far_beyond_the_precision_of_a_float(extents, cells):
    edges = cell_edges(FAR - 1, extents[-1][0] + extents[-1][1] + 1, cells)
    found = coverage(Extents(*columns(extents)), edges).tolist()
    assert found == [covered_between(extents, low, high) for low, high in pairwise(edges.tolist())]


@law
@given(legal_extents(), cuts, st.integers(0, 500), st.integers(1, 30))
def test_cells_from_batches_equal_cells_from_the_whole(extents, at, capacity, cells):
    counter = CellCounter.of_volume(capacity, cells)
    for batch in cut(extents, at):
        counter.add(*columns(batch))
    whole = coverage(Extents(*columns(extents)), cell_edges(0, capacity, cells))
    assert counter.covered.tolist() == whole.tolist()
    assert int(counter.covered.sum()) == covered_between(extents, 0, capacity)


@law
@given(wild_extents(), st.integers(1, 100), st.integers(1, 12))
def test_a_batch_with_overlaps_counts_each_byte_once(extents, capacity, cells):
    counter = CellCounter.of_volume(capacity, cells)
    counter.add(*columns(extents))
    covered = bytes_of(extents)
    edges = counter.edges.tolist()
    assert counter.covered.tolist() == [len(covered.intersection(range(low, high))) for low, high in pairwise(edges)]


@law
@given(wild_extents(), cuts, st.integers(0, 100), st.integers(1, 120), st.integers(1, 9))
def test_the_least_change_is_seen_and_nothing_else_whatever_overlaps(extents, at, capacity, cells, levels):
    counter = CellCounter.of_volume(capacity, cells)
    for batch in cut(extents, at):
        counter.add(*columns(batch))
    covered = bytes_of(extents)
    found = linear_levels(counter.covered, np.diff(counter.edges), levels).tolist()
    assert len(found) == cells
    for level, (low, high) in zip(found, pairwise(counter.edges.tolist()), strict=True):
        assert 0 <= level <= levels
        assert (level > 0) == bool(covered.intersection(range(low, high)))


@law
@given(legal_extents(), st.integers(1, 500), st.integers(1, 30), st.integers(1, 255))
def test_a_level_is_the_covered_share_rounded_up(extents, capacity, cells, levels):
    counter = CellCounter.of_volume(capacity, cells)
    counter.add(*columns(extents))
    found = linear_levels(counter.covered, np.diff(counter.edges), levels).tolist()
    for level, (low, high) in zip(found, pairwise(counter.edges.tolist()), strict=True):
        assert level == (ceil(Fraction(covered_between(extents, low, high), high - low) * levels) if high > low else 0)


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_volume_without_bytes_has_empty_cells(capacity):
    counter = CellCounter.of_volume(capacity, 3)
    counter.add(*columns([(0, 4096)]))
    assert linear_levels(counter.covered, np.diff(counter.edges), 4).tolist() == [0, 0, 0]


def test_what_lies_beyond_the_capacity_is_not_counted():
    counter = CellCounter.of_volume(10, 2)
    counter.add(*columns([(8, 100), (200, 5)]))
    assert counter.covered.tolist() == [0, 2]
    assert counter.levels(LINEAR, 5).tolist() == [0, 2]


def test_an_extent_that_wraps_around_int64_leaves_no_cell_below_nothing():
    counter = CellCounter.of_volume(16384, 4)
    counter.add(*columns([(4096, INT64_MAX), (8192, 4096)]))
    assert linear_levels(counter.covered, np.diff(counter.edges), 4).tolist() == [0, 4, 4, 4]
