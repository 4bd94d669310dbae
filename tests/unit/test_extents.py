"""Extents as columns, against sets of single bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    Extent,
    bytes_of,
    column,
    columns,
    covered_between,
    law,
    legal_extents,
    pairs,
    wild_extents,
)

from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.record import INT64_MAX, saturating_ends

FAR = 2**62


def is_legal(extents: list[Extent]) -> bool:
    ends = [0 if not extents else extents[0][0], *(offset + size for offset, size in extents)]
    return all(size > 0 and end <= offset for end, (offset, size) in zip(ends, extents, strict=False))


@law
@given(legal_extents(), st.lists(st.integers(-5, 800)))
def test_covered_before_counts_every_earlier_byte(extents, positions):
    covered = bytes_of(extents)
    found = Extents(*columns(extents)).covered_before(column(positions))
    assert found.tolist() == [sum(byte < position for byte in covered) for position in positions]


@law
@given(legal_extents(first=FAR, widest=2**55), st.lists(st.integers(0, 2**60).map(lambda x: FAR + x), max_size=8))
def test_covered_before_is_exact_far_beyond_the_precision_of_a_float(extents, positions):
    found = Extents(*columns(extents)).covered_before(column(positions))
    assert found.tolist() == [covered_between(extents, 0, position) for position in positions]


def test_covered_before_distinguishes_neighbouring_bytes_at_large_offsets():
    extents = Extents(*columns([(FAR + 1, 3), (FAR + 4, 1), (FAR + 7, 1)]))
    assert extents.covered_before(column(FAR + step for step in range(10))).tolist() == [0, 0, 1, 2, 3, 4, 4, 4, 5, 5]


@law
@given(legal_extents())
def test_legal_columns_are_kept_and_touching_extents_stay_apart(extents):
    for found in (Extents(*columns(extents)), Extents.repaired(*columns(extents))):
        assert pairs(found.offsets, found.sizes) == extents
        assert len(found) == len(extents)
        assert found.covered_bytes == sum(size for _, size in extents)


@law
@given(wild_extents())
def test_columns_that_break_the_rules_are_rejected_and_no_others(extents):
    if is_legal(extents):
        assert len(Extents(*columns(extents))) == len(extents)
    else:
        with pytest.raises(ValueError, match="ascending"):
            Extents(*columns(extents))


def test_columns_of_different_length_are_rejected():
    with pytest.raises(ValueError, match="2 offsets, 1 sizes"):
        Extents(column([0, 4096]), column([4096]))


@law
@given(wild_extents(lowest=-20))
def test_repaired_extents_contain_the_same_bytes_of_the_volume_and_keep_the_rules(extents):
    """A volume begins at 0: what a broken driver claims below is no part of it."""
    found = Extents.repaired(*columns(extents))
    after = pairs(found.offsets, found.sizes)
    expected = {byte for byte in bytes_of(extents) if byte >= 0}
    assert is_legal(after)
    assert bytes_of(after) == expected
    assert found.covered_bytes == len(expected)


@law
@given(wild_extents(), st.lists(st.integers(-5, 100)))
def test_repaired_extents_count_every_byte_once(extents, positions):
    covered = bytes_of(extents)
    found = Extents.repaired(*columns(extents)).covered_before(column(positions))
    assert found.tolist() == [sum(byte < position for byte in covered) for position in positions]


def test_no_extents_cover_nothing():
    for found in (Extents(column([]), column([])), Extents.repaired(column([5]), column([0]))):
        assert (len(found), found.covered_bytes) == (0, 0)
        assert found.covered_before(column([-1, 0, FAR])).tolist() == [0, 0, 0]


def test_an_extent_that_wraps_around_int64_overlaps_all_later_ones():
    with pytest.raises(ValueError, match="overlap"):
        Extents(*columns([(4096, INT64_MAX), (8192, 4096)]))


@pytest.mark.parametrize(
    "extents",
    [[(4096, INT64_MAX), (8192, 4096)], [(8192, 4096), (4096, INT64_MAX)]],
    ids=["in order", "out of order"],
)
def test_an_extent_that_wraps_around_int64_covers_everything_after_its_offset(extents):
    found = Extents.repaired(*columns(extents)).covered_before(column([0, 4096, 8192, 16384, 2**40]))
    assert found.tolist() == [0, 0, 4096, 12288, 2**40 - 4096]


@law
@given(st.lists(st.tuples(st.integers(-(2**40), INT64_MAX), st.integers(-(2**40), INT64_MAX)), max_size=6))
def test_ends_beyond_int64_stop_at_its_largest_number(extents):
    found = saturating_ends(*columns(extents))
    assert found.tolist() == [min(offset + size, INT64_MAX) for offset, size in extents]
