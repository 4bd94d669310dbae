"""Decoding agrees with protobuf's own parser on every message and uses the fast path for ordinary ones."""

import pytest
from encoded_messages import (
    CAPACITY,
    EXTREMES,
    OFFSET,
    SIZE,
    TYPE,
    assert_decoded_as_by_protobuf,
    cut_messages,
    decoded_without_protobuf,
    extent,
    int64s,
    message_of,
    plain_extent,
    plain_extents,
    scalar,
    strange_extents,
    strange_messages,
)
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import columns, law, legal_extents, pairs

from kubectl_cbt.errors import MalformedMessage
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.wire import decode


@law
@given(st.integers(0, 2), st.integers(0, INT64_MAX), st.lists(st.tuples(int64s, int64s), max_size=8))
def test_any_numbers_are_decoded_as_by_protobuf(block_type, capacity, extents):
    assert_decoded_as_by_protobuf(message_of(block_type, capacity, extents))


@law
@given(strange_messages)
@example(b"")
@example(extent())
@example(extent(scalar(SIZE, 0)))
@example(extent(scalar(OFFSET, 0), scalar(SIZE, 0)))
@example(scalar(TYPE, 1) + scalar(TYPE, 2) + plain_extent(1, 1))
@example(plain_extent(1, 1) + scalar(CAPACITY, 5))
@example(scalar(TYPE, 1, padding=8) + scalar(CAPACITY, 5, padding=8) + plain_extent(1, 1))
@example(scalar(CAPACITY, -1) + plain_extent(1, 1))
@example(scalar(TYPE, 2**31) + plain_extent(1, 1))
@example(plain_extent(1, 1) + b"\x80")
@example(bytes.fromhex("08021a03080110"))
@example(bytes.fromhex("08021a0108"))
@example(bytes.fromhex("08021a0110"))
@example(b"\x1a\x0d\x08" + b"\xff" * 9 + b"\x02\x10\x01")
@example(b"\x1a\x0d\x08" + b"\xff" * 9 + b"\x7f\x10\x01")
@example(b"\x1a\x0e\x08" + b"\xff" * 10 + b"\x01\x10\x01")
def test_any_legal_or_broken_layout_is_decoded_or_rejected_as_by_protobuf(message):
    assert_decoded_as_by_protobuf(message)


@law
@given(cut_messages)
def test_an_extent_whose_last_field_is_cut_is_decoded_or_rejected_as_by_protobuf(message):
    assert_decoded_as_by_protobuf(message)


@law
@given(st.binary(max_size=60))
def test_random_bytes_are_decoded_or_rejected_as_by_protobuf(message):
    assert_decoded_as_by_protobuf(message)


@law
@given(strange_messages, st.integers(0, 200))
def test_a_message_cut_short_is_decoded_or_rejected_as_by_protobuf(message, length):
    assert_decoded_as_by_protobuf(message[:length])


def test_every_truncation_of_an_ordinary_message_is_decoded_or_rejected_as_by_protobuf():
    message = message_of(2, 2**40, [(0, 4096), (8192, 4096), (2**39, 2**20), (2**40, INT64_MAX)])
    for length in range(len(message)):
        assert_decoded_as_by_protobuf(message[:length])


@law
@given(
    st.lists(st.tuples(st.integers(0, 2**40), st.integers(1, 2**20)), min_size=1, max_size=4),
    st.integers(0, 40),
    st.integers(0, 255),
)
def test_an_ordinary_message_with_one_wrong_byte_is_decoded_or_rejected_as_by_protobuf(extents, position, byte):
    message = bytearray(message_of(1, 2**41, extents))
    message[position % len(message)] = byte
    assert_decoded_as_by_protobuf(bytes(message))


@law
@given(legal_extents(grain=4096, fewest=1), st.binary(min_size=1, max_size=8))
def test_an_ordinary_message_with_trailing_bytes_is_decoded_or_rejected_as_by_protobuf(extents, rest):
    assert_decoded_as_by_protobuf(message_of(2, 2**30, extents) + rest)


@law
@given(strange_extents, st.lists(plain_extents, max_size=3))
def test_a_strange_first_extent_is_decoded_or_rejected_as_by_protobuf(first, rest):
    assert_decoded_as_by_protobuf(scalar(TYPE, 1) + scalar(CAPACITY, 2**30) + first + b"".join(rest))


@pytest.mark.parametrize("place", range(4))
def test_an_extent_at_offset_0_is_kept_at_any_position(place):
    extents = [(4096 * number, 4096) for number in (5, 6, 7)]
    extents.insert(place, (0, 512))
    record = decode.decode_record(message_of(1, 2**30, extents), 1)
    assert pairs(record.offsets, record.sizes) == extents


@pytest.mark.parametrize("place", range(4))
def test_an_extent_of_size_0_is_kept_at_any_position(place):
    extents = [(4096 * number, 4096) for number in (5, 6, 7)]
    extents.insert(place, (8192, 0))
    record = decode.decode_record(message_of(1, 2**30, extents), 1)
    assert pairs(record.offsets, record.sizes) == extents


@pytest.mark.parametrize("rest", [[], [(4096, 4096)]], ids=["alone", "before another"])
def test_a_size_of_0_that_is_written_out_makes_an_extent_of_the_first_one_too(rest):
    message = extent(scalar(SIZE, 0)) + b"".join(plain_extent(*found) for found in rest)
    record = decode.decode_record(message, 1)
    assert pairs(record.offsets, record.sizes) == [(0, 0), *rest]


@pytest.mark.parametrize("offset", EXTREMES)
@pytest.mark.parametrize("size", EXTREMES)
def test_extremes_of_int64_survive(offset, size):
    record = decode.decode_record(message_of(2, INT64_MAX, [(1, 1), (offset, size), (1, 1)]), 1)
    assert pairs(record.offsets, record.sizes) == [(1, 1), (offset, size), (1, 1)]
    assert record.volume_capacity_bytes == INT64_MAX


def test_the_empty_message_has_neither_type_nor_capacity_nor_extents():
    record = decode.decode_record(b"", 3)
    assert (record.number, record.block_metadata_type, record.volume_capacity_bytes, len(record)) == (3, 0, 0, 0)


def test_a_message_of_something_else_is_named_with_its_number_and_length():
    with pytest.raises(MalformedMessage, match=r"message 12 of the stream \(9 bytes\)"):
        decode.decode_record(b"HTTP/1.1 ", 12)


@law
@given(st.integers(0, 2), st.integers(0, INT64_MAX), legal_extents(grain=4096, widest=2**30), st.booleans())
def test_every_ordinary_message_uses_the_fast_path(block_type, capacity, extents, shifted):
    if shifted:
        extents = [(offset + 2**52, size) for offset, size in extents]
    record = decoded_without_protobuf(message_of(block_type, capacity, extents))
    assert (record.block_metadata_type, record.volume_capacity_bytes) == (block_type, capacity)
    assert pairs(record.offsets, record.sizes) == extents


@pytest.mark.parametrize("size", [1, 4096, 2**35, INT64_MAX])
def test_a_stream_whose_first_extent_is_at_0_uses_the_fast_path(size):
    extents = [(0, size), *((2**40 + 8192 * number, 4096) for number in range(1000))]
    record = decoded_without_protobuf(message_of(2, 2**44, extents))
    assert pairs(record.offsets, record.sizes) == extents


def test_both_responses_have_the_layout_that_is_decoded():
    offsets, sizes = columns([(0, 4096), (8192, 4096)])
    record = decode.decode_record(message_of(1, 2**20, pairs(offsets, sizes)), 1)
    assert (record.block_metadata_type, record.volume_capacity_bytes) == (1, 2**20)
    assert record.offsets.tolist() == offsets.tolist()
    assert record.sizes.tolist() == sizes.tolist()
