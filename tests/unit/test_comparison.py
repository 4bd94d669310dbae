"""Comparing two lists of extents, against sets of Python's own, however both are cut into batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import column, columns, cut, cuts, law, legal_extents

from kubectl_cbt.analysis.class_figures import FIRST_RANGES, FiguresByClass
from kubectl_cbt.analysis.list_comparison import Comparison, classify
from kubectl_cbt.errors import OutOfOrder
from kubectl_cbt.model.comparison_outcome import SHOWN_CLASSES, ClassedRanges, RangeClass
from kubectl_cbt.model.record import INT64_MAX

END = 400


def compared(left, right, *, grain=1, start=0, ends=(INT64_MAX, INT64_MAX), capacity=None, steps=None):
    """Run the comparison as the core does: the side that is known less far is read first; at most some steps."""
    comparison = Comparison("left", "right", grain, start)
    sides = [[comparison.left, list(left), ends[0]], [comparison.right, list(right), ends[1]]]
    found = []
    while not all(side.has_ended for side, _, _ in sides):
        if len(found) == steps:
            return comparison, found
        side, batches, end = min((one for one in sides if not one[0].has_ended), key=lambda one: one[0].frontier)
        if batches:
            side.add(*columns(batches.pop(0)), capacity)
        else:
            side.end(end)
        found.append(comparison.advance())
    found.append(comparison.finish())
    return comparison, found


def rows(found):
    parts = [(part.starts.tolist(), part.ends.tolist(), part.classes.tolist()) for part in found]
    return [row for part in parts for row in zip(*part, strict=True)]


def oracle(left, right, *, grain=1, first=0, end=INT64_MAX):
    """The class of each byte, then runs of equal classes."""

    def covered(extents):
        return {
            byte
            for offset, size in extents
            for byte in range(offset // grain * grain, -(-(offset + size) // grain) * grain)
            if first <= byte < end
        }

    one, other = covered(left), covered(right)
    runs = []
    for byte in sorted(one | other):
        kind = (byte in one) + 2 * (byte in other)
        if runs and runs[-1][1:] == [byte, kind]:
            runs[-1][1] += 1
        else:
            runs.append([byte, byte + 1, kind])
    return [tuple(run) for run in runs]


@law
@given(legal_extents(), legal_extents(), cuts, cuts, st.sampled_from([1, 2, 8]))
def test_every_byte_has_the_class_of_its_sides_however_the_lists_are_cut(left, right, one, other, grain):
    _, found = compared(cut(left, one), cut(right, other), grain=grain)
    assert rows(found) == oracle(left, right, grain=grain)


@law
@given(legal_extents(), legal_extents(), cuts, cuts, st.integers(0, END), st.sampled_from([1, 8]))
def test_nothing_beyond_what_an_incomplete_side_describes_is_compared(left, right, one, other, end, grain):
    comparison, found = compared(cut(left, one), cut(right, other), ends=(end, INT64_MAX), grain=grain)
    last = max((offset + size for offset, size in left), default=0)
    known = max(end // grain * grain, -(-last // grain) * grain)
    assert comparison.frontier == known
    assert rows(found) == oracle(left, right, grain=grain, end=known)


@law
@given(legal_extents(), legal_extents(), cuts, cuts, st.integers(0, 200), st.sampled_from([1, 8]))
def test_nothing_before_the_start_is_compared(left, right, one, other, start, grain):
    _, found = compared(cut(left, one), cut(right, other), start=start, grain=grain)
    assert rows(found) == oracle(left, right, grain=grain, first=-(-start // grain) * grain)


@law
@given(legal_extents(), legal_extents(), cuts, cuts, st.integers(0, 40))
def test_however_early_it_ends_all_ranges_before_the_reported_end_were_returned(left, right, one, other, steps):
    comparison, found = compared(cut(left, one), cut(right, other), steps=steps)
    assert rows(found) == oracle(left, right, end=comparison.reported_end)


@law
@given(legal_extents(), legal_extents(), cuts, cuts)
def test_figures_are_those_of_the_ranges(left, right, one, other):
    _, found = compared(cut(left, one), cut(right, other))
    builder = FiguresByClass()
    for part in found:
        builder.add(part)
    for kind in SHOWN_CLASSES:
        of_kind = [(start, end) for start, end, found_kind in oracle(left, right) if found_kind == kind]
        figures = builder.figures()[kind]
        assert figures.ranges == len(of_kind)
        assert figures.size_bytes == sum(end - start for start, end in of_kind)
        assert list(figures.first) == of_kind[:FIRST_RANGES]
        assert figures.largest == max(of_kind, key=lambda run: run[1] - run[0], default=None)


def test_a_grain_does_not_reach_beyond_the_volume():
    _, found = compared([[(90, 5)]], [[(90, 10)]], grain=64, capacity=100)
    assert rows(found) == [(64, 100, RangeClass.BOTH)]


def test_offsets_at_the_end_of_int64_are_exact():
    last = INT64_MAX - 10
    _, found = compared([[(last, 10)]], [[(last + 4, 6)]], grain=1)
    assert rows(found) == [(last, last + 4, 1), (last + 4, INT64_MAX, 3)]
    _, found = compared([[(last, 9)]], [[]], grain=4096)
    assert rows(found)[0][1] == INT64_MAX


@pytest.mark.parametrize(
    ("batches", "offset"),
    [
        ([[(10, 5), (5, 5)]], 5),
        ([[(10, 5), (14, 5)]], 14),
        ([[(10, 5)], [(3, 1)]], 3),
        ([[(-4, 8)]], -4),
        ([[(10, -5)]], 10),
        ([[(INT64_MAX - 1, 5)]], INT64_MAX - 1),
    ],
)
def test_extents_out_of_order_are_an_error_with_the_side_and_the_offset(batches, offset):
    with pytest.raises(OutOfOrder, match=f"^right: the extent at offset {offset} "):
        compared([[(0, 50)]], batches)


def test_extents_without_bytes_cover_nothing_and_have_no_place():
    _, found = compared([[(10, 0), (0, 4), (50, 0)]], [[(0, 4)]])
    assert rows(found) == [(0, 4, RangeClass.BOTH)]


def test_no_more_than_the_last_batch_of_a_side_is_kept():
    comparison = Comparison("left", "right")
    comparison.left.add(column(range(0, 2000, 2)), column([1] * 1000))
    for start in range(0, 200_000, 200):
        comparison.right.add(column(range(start, start + 200, 2)), column([1] * 100))
        comparison.advance()
        if comparison.left.frontier < comparison.right.frontier and not comparison.left.has_ended:
            comparison.left.end(3000)
    assert len(comparison.right._starts) == 0
    assert comparison.is_decided


def test_sets_without_ranges_have_no_classes():
    nothing = np.empty(0, dtype=np.int64)
    assert len(classify(nothing, nothing)) == 0
    found = classify(column([0, 8]), nothing)
    assert isinstance(found, ClassedRanges)
    assert rows([found]) == [(0, 8, RangeClass.ONLY_LEFT)]
