"""The hottest of equal parts, against a count of each part."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from strategies import columns, covered_between, law, legal_extents

from kubectl_cbt.analysis.regions import PARTS, hottest_regions
from kubectl_cbt.model.extents import Extents, Run

MIB = 1 << 20


@law
@given(legal_extents(most=20, widest=40), st.integers(1, 900), st.integers(0, PARTS + 2))
def test_the_hottest_parts_come_first_and_of_equal_ones_the_earlier(extents, capacity, most):
    edges = [capacity * part // PARTS for part in range(PARTS + 1)]
    parts = [(Run(low, high), covered_between(extents, low, high)) for low, high in pairwise(edges)]
    expected = sorted((part for part in parts if part[1]), key=lambda part: (-part[1], part[0].start))[:most]
    assert hottest_regions(Extents(*columns(extents)), capacity, most) == expected


@law
@given(legal_extents(first=2**61, widest=2**55), st.integers(1, 2**62))
def test_all_parts_together_contain_all_covered_bytes_of_the_volume(extents, capacity):
    found = hottest_regions(Extents(*columns(extents)), capacity, PARTS)
    assert sum(covered for _, covered in found) == covered_between(extents, 0, capacity)
    assert all(covered <= part.size_bytes for part, covered in found)


def test_nothing_changed_has_no_hottest_part():
    assert hottest_regions(Extents(*columns([])), MIB, 5) == []


def test_what_lies_beyond_the_capacity_is_in_no_part():
    found = hottest_regions(Extents(*columns([(MIB - 1, 2), (2 * MIB, MIB)])), MIB, 5)
    assert found == [(Run(MIB - MIB // PARTS, MIB), 1)]


def test_a_part_without_bytes_is_never_hot():
    """Of three bytes, 61 parts have none."""
    found = hottest_regions(Extents(*columns([(0, 3)])), 3, PARTS)
    assert [covered for _, covered in found] == [1, 1, 1]
    assert [part for part, _ in found] == [Run(0, 1), Run(1, 2), Run(2, 3)]


def test_parts_are_python_integers():
    """They are formatted and written to JSON, which know nothing of numpy's."""
    ((part, covered),) = hottest_regions(Extents(*columns([(0, 8)])), 512, 1)
    assert {type(part.start), type(part.end), type(covered)} == {int}
