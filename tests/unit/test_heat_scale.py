"""Scales of heat: the least change has a level, more is never less, and the legend names the steps."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import column, law

from kubectl_cbt.analysis.heat_scale import LINEAR, LOG, RELATIVE, SCALES, hottest_share, linear_levels, scale_named

each_scale = pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
each_number_of_levels = pytest.mark.parametrize("levels", [5, 8])


@law
@given(st.integers(1, 2**62), st.integers(0, 2**62), st.integers(1, 255))
def test_levels_of_huge_cells_are_off_by_rounding_alone(width, covered, levels):
    covered = min(covered, width)
    found = int(linear_levels(column([covered]), column([width]), levels)[0])
    exact = ceil(Fraction(covered, width) * levels)
    assert found == exact or (width > 2**50 and abs(found - exact) == 1)
    assert (found == 0) == (covered == 0)
    assert covered < width or found == levels


@pytest.mark.parametrize(
    ("covered", "expected"),
    [(0, 0), (1, 1), (1024, 1), (1025, 2), (2048, 2), (3072, 3), (3073, 4), (4096, 4), (9999, 4)],
)
def test_four_levels_mean_up_to_a_quarter_each(covered, expected):
    assert linear_levels(column([covered]), column([4096]), 4).tolist() == [expected]


@each_scale
@each_number_of_levels
@law
@given(cells=st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), max_size=20))
def test_a_cell_has_a_level_if_and_only_if_a_byte_is_covered(scale, levels, cells):
    covered, wide = (column([cell[part] for cell in cells]) for part in (0, 1))
    found = scale.levels(covered, wide, levels)
    assert found.dtype == np.uint8
    assert ((found > 0) == ((covered > 0) & (wide > 0))).all()
    assert (found <= levels).all()


@each_scale
@each_number_of_levels
@law
@given(width=st.integers(1, 2**62), shares=st.lists(st.fractions(0, 1), min_size=1, max_size=20))
def test_more_is_never_drawn_as_less_and_a_full_cell_has_the_last_level(scale, levels, width, shares):
    covered = column([*sorted(int(share * width) for share in shares), width])
    found = scale.levels(covered, column([width] * len(covered)), levels).tolist()
    assert found == sorted(found)
    assert found[-1] == levels


@pytest.mark.parametrize(
    ("share", "of_five", "of_eight"),
    [
        ("1/1000000000", 1, 1),
        ("1/1000", 1, 1),
        ("11/10000", 2, 2),
        ("1/100", 2, 3),
        ("2/100", 3, 4),
        ("1/10", 3, 5),
        ("1/4", 4, 6),
        ("51/100", 4, 7),
        ("95/100", 5, 8),
        ("1/1", 5, 8),
    ],
)
def test_the_log_scale_tells_a_trace_from_a_percent_and_half_from_nearly_all(share, of_five, of_eight):
    width = 10**9
    covered = column([int(Fraction(share) * width)])
    assert LOG.levels(covered, column([width]), 5).tolist() == [of_five]
    assert LOG.levels(covered, column([width]), 8).tolist() == [of_eight]


@each_number_of_levels
@law
@given(cells=st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 1000)), min_size=1, max_size=20))
def test_the_relative_scale_ends_at_the_hottest_cell(levels, cells):
    covered, wide = column([min(cell) for cell in cells]), column([cell[1] for cell in cells])
    shares = [Fraction(part, whole) for part, whole in zip(covered.tolist(), wide.tolist(), strict=True)]
    found = RELATIVE.levels(covered, wide, levels).tolist()
    assert found == [ceil(share / max(shares) * levels) if share else 0 for share in shares]
    assert hottest_share(covered, wide) == pytest.approx(float(max(shares)))


@each_scale
@each_number_of_levels
@pytest.mark.parametrize("hottest", [0.0, 0.0004, 0.032, 1.0])
def test_the_legend_begins_before_the_first_level_and_ends_after_the_last(scale, levels, hottest):
    marks = scale.marks(levels, lambda: hottest)
    assert min(marks) == 1
    assert max(marks) == levels + 1
    assert all(text.strip() == text and text for text in marks.values())


def test_a_legend_names_what_its_steps_mean():
    assert LOG.marks(8, lambda: 1.0) == {1: "trace", 2: "0.1 %", 4: "1 %", 6: "10 %", 9: "100 %"}
    assert LOG.marks(5, lambda: 1.0) == {1: "trace", 2: "0.1 %", 3: "1 %", 4: "10 %", 6: "100 %"}
    assert LINEAR.marks(8, lambda: 1.0) == {1: "0 %", 9: "100 %"}
    assert RELATIVE.marks(8, lambda: 0.0321) == {1: "0 %", 9: "3.21 %"}


def test_scales_are_found_by_their_name_and_log_is_the_default():
    assert [scale_named(scale.name) for scale in SCALES] == list(SCALES)
    assert SCALES[0] is LOG
    with pytest.raises(KeyError, match="cubic"):
        scale_named("cubic")
