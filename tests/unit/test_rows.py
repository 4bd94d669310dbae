"""Rows made column-wise are those that one formatting operation a row makes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import INT64_MIN, law

from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.output.rows import Rows

LITERALS = {1: ("<", ">\n"), 2: ('{"a":', ',"b":', "}\n"), 3: ("", "   ", "\t", "")}

ordinary = st.one_of(st.integers(0, 12), st.integers(0, 10**7), st.integers(0, INT64_MAX))
powers_of_ten = st.builds(lambda power, step: 10**power + step, st.integers(0, 18), st.sampled_from((-1, 0, 1)))
any_number = st.one_of(ordinary, powers_of_ten, st.sampled_from((INT64_MIN, -1, 0, INT64_MAX)))


def tables(number):
    return st.integers(1, 3).flatmap(lambda columns: st.lists(st.tuples(*[number] * columns), max_size=12))


def as_columns(rows):
    count = len(rows[0]) if rows else 2
    return [np.array([row[index] for row in rows], dtype=np.int64) for index in range(count)]


def one_by_one(rows, width=0) -> bytes:
    template = f"%{width or ''}d".join(LITERALS[len(rows[0]) if rows else 2])
    return "".join(template % row for row in rows).encode()


@law
@given(tables(ordinary | powers_of_ten), st.sampled_from((0, 1, 6, 14, 19)))
def test_numbers_are_formatted_as_by_a_template(rows, width):
    columns = as_columns(rows)
    assert Rows(*LITERALS[len(columns)], width=width).text(*columns) == one_by_one(rows, width)


@law
@given(tables(any_number), st.sampled_from((0, 3)))
def test_numbers_of_broken_drivers_do_too(rows, width):
    columns = as_columns(rows)
    assert Rows(*LITERALS[len(columns)], width=width).text(*columns) == one_by_one(rows, width)


@law
@given(st.lists(tables(ordinary).filter(lambda rows: not rows or len(rows[0]) == 2), max_size=5))
def test_nothing_is_left_of_the_batch_before(batches):
    made = Rows(*LITERALS[2])
    for rows in batches:
        assert made.text(*as_columns(rows)) == one_by_one(rows)


@law
@given(tables(any_number), st.lists(st.integers(0, 12), max_size=4))
def test_parts_are_cut_between_rows(rows, cuts):
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    columns = as_columns(rows)
    parts = Rows(*LITERALS[len(columns)]).parts(bounds, *columns)
    assert parts == [one_by_one(rows[start:stop]) for start, stop in pairwise(bounds)]


@pytest.mark.parametrize("width", range(1, 20))
def test_every_width_fits_its_largest_and_its_smallest_number(width):
    rows = [(10**width - 1 if width < 19 else INT64_MAX, 0), (10 ** (width - 1), 1)]
    assert Rows(*LITERALS[2]).text(*as_columns(rows)) == one_by_one(rows)
