"""Extents in chunks, as a log returns them, compared with lists; small chunks meet every boundary."""

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from log_views import FAR, as_sent, block_sizes, blocks_of, is_legal, log_views, positions, received, touching_extents
from strategies import (
    INT64_MIN,
    Extent,
    bytes_of,
    column,
    columns,
    covered_between,
    cut,
    cuts,
    law,
    legal_extents,
    pairs,
    wild_extents,
)

from kubectl_cbt.model.extents import CHUNK_EXTENTS, Chunk, ExtentBuffer, Extents, Run
from kubectl_cbt.model.record import INT64_MAX

# Blocks.


@law
@given(legal_extents(most=20), cuts, block_sizes)
def test_a_log_of_any_messages_has_the_extents_in_full_blocks_and_a_last_one(extents, at, chunk):
    view = received(extents, chunk, at)
    found = view.extents
    assert view.are_legal
    assert found.chunks is view.chunks
    lengths = [len(kept.offsets) for kept in found.chunks]
    assert all(length == chunk for length in lengths[:-1])
    assert all(0 < length <= chunk for length in lengths)
    assert [len(kept.totals) for kept in found.chunks] == [length + 1 for length in lengths]
    totals = [kept.totals.tolist() for kept in found.chunks]
    assert all(before[-1] == after[0] for before, after in pairwise(totals))
    assert [total for kept in totals for total in kept[1:]] == list(accumulate(size for _, size in extents))


@law
@given(legal_extents(most=20, first=FAR, widest=2**55), cuts, block_sizes)
def test_extents_in_blocks_equal_extents_in_columns(extents, at, chunk):
    found, whole = received(extents, chunk, at).extents, Extents(*columns(extents))
    assert pairs(found.offsets, found.sizes) == pairs(whole.offsets, whole.sizes) == extents
    assert len(found) == len(whole) == len(extents)
    assert found.covered_bytes == whole.covered_bytes == sum(size for _, size in extents)
    assert found.end == whole.end == (sum(extents[-1]) if extents else 0)
    assert {type(found.end), type(found.covered_bytes), type(len(found))} == {int}


@law
@given(touching_extents, st.integers(0, 5), st.data())
def test_a_block_knows_its_sizes_its_end_and_which_extents_begin_a_run(extents, previous_end, data):
    extents = [(offset + previous_end, size) for offset, size in [*extents, (100, 7)]]
    totals = column(accumulate((size for _, size in extents), initial=1000))
    chunk = Chunk(columns(extents)[0], totals)
    assert chunk.sizes.tolist() == [size for _, size in extents]
    assert chunk.end == sum(extents[-1])
    ends = [previous_end, *(sum(extent) for extent in extents)]
    expected = [offset != end for end, (offset, _) in zip(ends, extents, strict=False)]
    start = data.draw(st.integers(0, len(extents)))
    stop = data.draw(st.integers(start, len(extents)))
    assert chunk.begins_run(start, stop, previous_end).tolist() == expected[start:stop]


@law
@given(legal_extents(most=20), block_sizes, st.lists(st.integers(-5, 1300)))
def test_covered_before_counts_every_earlier_byte_over_all_chunks_and_in_any_order(extents, chunk, places):
    found = blocks_of(extents, chunk).covered_before(column(places))
    assert found.tolist() == [covered_between(extents, 0, place) for place in places]
    assert found.dtype == np.int64


@law
@given(legal_extents(most=20), block_sizes, st.randoms())
def test_covered_before_is_exact_at_every_border_of_every_extent(extents, chunk, random):
    places = [edge + step for offset, size in extents for edge in (offset, offset + size) for step in (-1, 0, 1)]
    random.shuffle(places)
    found = blocks_of(extents, chunk).covered_before(column(places))
    assert found.tolist() == [covered_between(extents, 0, place) for place in places]


@law
@given(
    legal_extents(most=20, first=FAR, widest=2**55),
    block_sizes,
    st.lists(st.integers(0, 2**61).map(lambda x: FAR + x), max_size=8),
)
def test_covered_before_is_exact_far_out_over_all_blocks(extents, chunk, places):
    found = blocks_of(extents, chunk).covered_before(column(places))
    assert found.tolist() == [covered_between(extents, 0, place) for place in places]


def test_the_last_byte_that_there_can_be_is_covered_by_the_last_block():
    extents = [(0, 4096), (FAR, 1), (INT64_MAX - 2, 2)]
    found = blocks_of(extents, 1)
    assert (found.end, found.covered_bytes) == (INT64_MAX, 4099)
    assert found.covered_before(column([INT64_MAX, INT64_MAX - 1, FAR, 0])).tolist() == [4099, 4098, 4096, 0]


def test_a_message_may_fill_several_blocks_of_the_real_size():
    count = 2 * CHUNK_EXTENTS + 5
    offsets = np.arange(count, dtype=np.int64) * 8192
    log = ExtentBuffer()
    log.append(*columns([]))
    log.append(offsets[:3], np.full(3, 4096, dtype=np.int64))
    log.append(offsets[3:], np.full(count - 3, 4096, dtype=np.int64))
    found = log.received().extents
    assert [len(chunk.offsets) for chunk in found.chunks] == [CHUNK_EXTENTS, CHUNK_EXTENTS, 5]
    assert (len(found), found.covered_bytes) == (count, count * 4096)
    edge = CHUNK_EXTENTS * 8192
    assert found.covered_before(column([edge - 1, edge, edge + 1])).tolist() == [
        CHUNK_EXTENTS * 4096,
        CHUNK_EXTENTS * 4096,
        CHUNK_EXTENTS * 4096 + 1,
    ]
    assert found.run_before(edge) == Run(edge - 8192, edge - 4096)


# Numbers of extents.


@law
@given(legal_extents(most=20), block_sizes, st.integers(-3, 25), st.integers(-3, 25))
def test_rows_are_a_slice_as_far_as_there_are_any(extents, chunk, start, stop):
    found = pairs(*blocks_of(extents, chunk).rows(start, stop))
    assert found == extents[max(start, 0) : max(stop, 0)]


@law
@given(touching_extents, block_sizes, positions)
def test_count_before_is_the_number_of_the_first_extent_that_begins_there_or_later(extents, chunk, position):
    found = blocks_of(extents, chunk).count_before(position)
    assert found == sum(offset < position for offset, _ in extents)
    assert type(found) is int


@law
@given(touching_extents, block_sizes, positions, st.integers(1, 60))
def test_overlapping_are_the_extents_that_share_a_byte(extents, chunk, start, length):
    found = blocks_of(extents, chunk).overlapping(start, start + length)
    expected = [
        number for number, (offset, size) in enumerate(extents) if offset < start + length and offset + size > start
    ]
    assert list(found) == expected


@law
@given(touching_extents, block_sizes, positions)
@example([(0, 10)], 1, 5)
def test_nothing_shares_a_byte_with_an_empty_range(extents, chunk, position):
    assert list(blocks_of(extents, chunk).overlapping(position, position)) == []


# What a driver sends.

any_int64 = st.one_of(
    st.integers(INT64_MIN, INT64_MAX), st.sampled_from([INT64_MIN, -1, 0, 1, INT64_MAX - 1, INT64_MAX])
)
any_extents = st.lists(st.tuples(any_int64, any_int64), max_size=12)
any_messages = st.lists(any_extents, max_size=5)


@law
@given(any_messages, block_sizes)
def test_received_values_are_kept_exactly_even_if_totals_exceed_int64(messages, chunk):
    view = log_views(messages, chunk)[-1]
    sent = [extent for message in messages for extent in message]
    assert as_sent(view) == sent
    assert len(view) == len(sent)


@law
@given(any_messages, block_sizes)
def test_anything_received_is_repaired_as_one_whole(messages, chunk):
    view = log_views(messages, chunk)[-1]
    sent = [extent for message in messages for extent in message]
    expected = Extents.repaired(*columns(sent))
    assert pairs(view.extents.offsets, view.extents.sizes) == pairs(expected.offsets, expected.sizes)
    assert view.are_legal == is_legal(sent)


@law
@given(wild_extents(lowest=-20), cuts, block_sizes)
def test_a_log_is_legal_exactly_as_long_as_all_of_it_is_and_contains_the_same_bytes(extents, at, chunk):
    view = received(extents, chunk, at)
    assert view.are_legal == is_legal(extents)
    found = pairs(view.extents.offsets, view.extents.sizes)
    assert is_legal(found)
    assert bytes_of(found) == {byte for byte in bytes_of(extents) if byte >= 0}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([(8192, 4096)], [(4096, 4096)]),
        ([(8192, 4096)], [(12287, 1)]),
        ([(8192, 4096)], [(12288, 0)]),
        ([(8192, 4096)], [(12288, -1)]),
        ([(8192, INT64_MAX)], [(12288, 1)]),
        ([(-1, 4096)], [(8192, 4096)]),
    ],
    ids=["descending", "overlapping", "empty", "negative size", "wrapping around int64", "below the volume"],
)
def test_one_broken_message_makes_all_that_follows_repaired(first, second):
    views = log_views([first, second, [(FAR, 4096)]], 2)
    assert [view.are_legal for view in views[2:]] == [False, False]
    sent = [*first, *second, (FAR, 4096)]
    expected = Extents.repaired(*columns(sent))
    assert as_sent(views[-1]) == sent
    assert pairs(views[-1].extents.offsets, views[-1].extents.sizes) == pairs(expected.offsets, expected.sizes)


def test_an_extent_directly_after_the_last_message_is_legal():
    (*_, view) = log_views([[(8192, 4096)], [], [(12288, 4096)]], 2)
    assert view.are_legal
    assert pairs(view.extents.offsets, view.extents.sizes) == [(8192, 4096), (12288, 4096)]


def test_totals_that_wrap_around_int64_change_no_size():
    sent = [(0, INT64_MAX), (5, INT64_MAX), (7, INT64_MIN), (9, -1), (11, 4096)]
    for chunk in (1, 2, 3, 9):
        view = received(sent, chunk)
        assert as_sent(view) == sent
        assert not view.are_legal
        assert view.extents.covered_bytes == INT64_MAX


# Views.


@law
@given(any_messages, block_sizes)
def test_a_view_does_not_change_when_the_log_grows(messages, chunk):
    views = log_views(messages, chunk)
    sent: list[Extent] = []
    for view, message in zip(views, [[], *messages], strict=True):
        sent += message
        assert as_sent(view) == sent
        assert (len(view), view.are_legal) == (len(sent), is_legal(sent))


@law
@given(legal_extents(most=20), cuts, block_sizes, st.lists(st.integers(-5, 1300), max_size=4))
def test_the_extents_of_a_view_do_not_change_when_the_log_grows(extents, at, chunk, places):
    messages = cut(extents, at)
    views = log_views(messages, chunk)
    for count, view in enumerate(views):
        seen = [extent for message in messages[:count] for extent in message]
        assert pairs(view.extents.offsets, view.extents.sizes) == seen
        assert view.extents.covered_bytes == sum(size for _, size in seen)
        expected = [covered_between(seen, 0, place) for place in places]
        assert view.extents.covered_before(column(places)).tolist() == expected


@law
@given(legal_extents(most=20), cuts, block_sizes)
def test_full_blocks_are_shared_by_all_later_views(extents, at, chunk):
    """They are never copied; a view costs nothing."""
    for before, after in pairwise(log_views(cut(extents, at), chunk)):
        full = len(before) // chunk
        assert all(old is new for old, new in zip(before.chunks[:full], after.chunks[:full], strict=True))


def test_the_sender_may_use_its_columns_again():
    offsets, sizes = columns([(0, 4096), (8192, 4096)])
    log = ExtentBuffer()
    log.append(offsets, sizes)
    offsets += 1
    sizes += 1
    assert as_sent(log.received()) == [(0, 4096), (8192, 4096)]


def test_a_view_is_repaired_once():
    view = received([(8192, 4096), (4096, 4096)], 2)
    assert view.extents is view.extents
