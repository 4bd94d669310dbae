"""Runs of adjacent extents in a log, across chunks, compared with lists."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_views import FAR, block_sizes, blocks_of, positions, runs_of, touching_extents
from strategies import (
    column,
    columns,
    law,
    pairs,
)

from kubectl_cbt.model.extents import ExtentBuffer, Extents, Run
from kubectl_cbt.model.record import INT64_MAX

# Runs.


@law
@given(touching_extents, block_sizes)
def test_runs_join_what_touches_across_blocks_and_split_none(extents, chunk):
    parts = list(blocks_of(extents, chunk).runs())
    assert all(len(starts) == len(ends) > 0 for starts, ends in parts)
    assert all(starts.dtype == ends.dtype == np.int64 for starts, ends in parts)
    found = [Run(*run) for starts, ends in parts for run in zip(starts.tolist(), ends.tolist(), strict=True)]
    assert found == runs_of(extents)


@law
@given(touching_extents, block_sizes, positions)
def test_run_from_is_the_first_run_that_begins_there_or_later(extents, chunk, position):
    expected = next((run for run in runs_of(extents) if run.start >= position), None)
    assert blocks_of(extents, chunk).run_from(position) == expected


@law
@given(touching_extents, block_sizes, positions)
def test_run_before_is_the_last_run_that_begins_earlier(extents, chunk, position):
    expected = next((run for run in reversed(runs_of(extents)) if run.start < position), None)
    assert blocks_of(extents, chunk).run_before(position) == expected


@law
@given(touching_extents, block_sizes, positions, st.integers(-5, 40), st.integers(1, 40))
def test_run_at_is_the_run_that_covers_a_byte_or_the_nearest(extents, chunk, position, start, length):
    runs, end = runs_of(extents), start + length
    holding = [run for run in runs if run.start <= position < run.end]
    around = [run for run in runs if run.end > start and run.start < end]
    assert blocks_of(extents, chunk).run_at(position, (start, end)) == next(iter(holding + around), None)


@pytest.mark.parametrize("chunk", [7, 64, 65, 320, 5000])
@pytest.mark.parametrize("touching", [1, 2, 64, 65, 320, 700, 5000])
def test_a_run_is_found_however_many_extents_it_has(chunk, touching):
    """A search goes by parts that grow: 64 extents, 256, 1024 and so on."""
    extents = [(8 * number + number // touching, 8) for number in range(2000)]
    found, runs = blocks_of(extents, chunk), runs_of(extents)
    assert len(runs) == -(-2000 // touching)
    for run, following in pairwise([Run(-1, 0), *runs[:8], *runs[8::50]]):
        assert found.run_from(run.start + 1) == runs[0 if run.start < 0 else runs.index(run) + 1]
        assert found.run_before(following.end) == found.run_before(following.start + 1) == following
    assert found.run_from(runs[-1].start + 1) is None
    assert found.run_before(0) is None
    assert found.largest_runs(3) == sorted(runs, key=lambda run: (-run.size_bytes, run.start))[:3]


@law
@given(touching_extents, block_sizes)
def test_runs_are_walked_forwards_and_backwards_one_by_one(extents, chunk):
    found, expected = blocks_of(extents, chunk), runs_of(extents)
    forwards, run = [], found.run_from(0)
    while run is not None:
        forwards.append(run)
        run = found.run_from(run.end)
    backwards, run = [], found.run_before(INT64_MAX)
    while run is not None:
        backwards.append(run)
        run = found.run_before(run.start)
    assert forwards == backwards[::-1] == expected


@law
@given(touching_extents, block_sizes, st.integers(1, 8))
def test_largest_runs_come_longest_first_and_of_equal_ones_the_earlier(extents, chunk, most):
    expected = sorted(runs_of(extents), key=lambda run: (-run.size_bytes, run.start))[:most]
    assert blocks_of(extents, chunk).largest_runs(most) == expected


def test_one_run_may_fill_many_blocks():
    found = blocks_of([(16 * number, 16) for number in range(100)], 3)
    assert [(starts.tolist(), ends.tolist()) for starts, ends in found.runs()] == [([0], [1600])]
    assert found.run_from(0) == found.run_before(1) == found.run_before(1600) == Run(0, 1600)
    assert found.run_from(1) is None
    assert found.largest_runs(5) == [Run(0, 1600)]


def test_runs_are_python_integers():
    """They are formatted and written to JSON, which know nothing of numpy's."""
    found = blocks_of([(0, 4), (4, 4), (16, 4)], 2)
    runs = [found.run_from(0), found.run_before(99), *found.largest_runs(2)]
    assert {type(number) for run in runs for number in (run.start, run.end, run.size_bytes)} == {int}


def test_runs_far_out_are_exact():
    extents = [(FAR + 1, 3), (FAR + 4, 1), (FAR + 7, 1), (INT64_MAX - 5, 5)]
    found = blocks_of(extents, 1)
    assert found.run_from(FAR + 1) == Run(FAR + 1, FAR + 5)
    assert found.run_from(FAR + 2) == Run(FAR + 7, FAR + 8)
    assert found.run_before(INT64_MAX) == Run(INT64_MAX - 5, INT64_MAX)


@pytest.mark.parametrize("found", [ExtentBuffer().received().extents, Extents.of_chunks(()), Extents(*columns([]))])
def test_an_empty_log_has_no_chunk_row_or_run(found):
    assert (len(found), found.chunks, found.covered_bytes, found.end) == (0, (), 0, 0)
    assert (found.offsets.tolist(), found.sizes.tolist(), pairs(*found.rows(-1, 5))) == ([], [], [])
    assert found.covered_before(column([5, -1, FAR])).tolist() == [0, 0, 0]
    assert (found.count_before(FAR), list(found.overlapping(0, FAR))) == (0, [])
    assert (found.run_from(0), found.run_before(FAR), found.largest_runs(3), list(found.runs())) == (None, None, [], [])
