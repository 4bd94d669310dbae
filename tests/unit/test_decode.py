"""Decoding agrees with protobuf's own parser on every message, and takes the fast way for the ordinary ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate, pairwise

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import INT64_MIN, Extent, columns, law, legal_extents, pairs

from kubectl_cbt.errors import MalformedMessage
from kubectl_cbt.model.record import INT64_MAX, Record
from kubectl_cbt.wire import decode
from kubectl_cbt.wire.snapshot_metadata_pb2 import BlockMetadata, GetMetadataDeltaResponse

TYPE, CAPACITY, EXTENT = 1, 2, 3
OFFSET, SIZE = 1, 2
VARINT, FIXED_64, LENGTH, GROUP, GROUP_END, FIXED_32 = range(6)

EXTREMES = (INT64_MIN, INT64_MIN + 1, -1, 0, 1, 127, 128, 2**14, 2**31, 2**55, 2**56 - 1, 2**62, INT64_MAX)


def varint(value: int, padding: int = 0) -> bytes:
    """A varint, made longer than it has to be by ``padding`` bytes."""
    value &= 2**64 - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(padding):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def tag(number: int, kind: int) -> bytes:
    return varint(number << 3 | kind)


def scalar(number: int, value: int, padding: int = 0) -> bytes:
    return tag(number, VARINT) + varint(value, padding)


def extent(*fields: bytes, padding: int = 0) -> bytes:
    body = b"".join(fields)
    return tag(EXTENT, LENGTH) + varint(len(body), padding) + body


def plain_extent(offset: int, size: int) -> bytes:
    return extent(scalar(OFFSET, offset), scalar(SIZE, size))


def message_of(block_type: int, capacity: int, extents: list[Extent]) -> bytes:
    response = GetMetadataDeltaResponse(
        block_metadata_type=block_type,
        volume_capacity_bytes=capacity,
        block_metadata=[BlockMetadata(byte_offset=offset, size_bytes=size) for offset, size in extents],
    )
    return response.SerializeToString()


def assert_decoded_as_by_protobuf(message: bytes) -> None:
    expected = GetMetadataDeltaResponse()
    try:
        expected.ParseFromString(message)
    except DecodeError:
        with pytest.raises(MalformedMessage):
            decode.decode_record(message, 7)
        return
    record = decode.decode_record(message, 7)
    assert record.number == 7
    assert record.block_metadata_type == expected.block_metadata_type
    assert record.volume_capacity_bytes == expected.volume_capacity_bytes
    assert pairs(record.offsets, record.sizes) == [(e.byte_offset, e.size_bytes) for e in expected.block_metadata]
    assert record.offsets.dtype == record.sizes.dtype == np.int64


def decoded_without_protobuf(message: bytes) -> Record:
    def refuse(_message: bytes, _number: int) -> Record:
        raise AssertionError("an ordinary message was left to protobuf")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "_decode_by_protobuf", refuse)
        return decode.decode_record(message, 1)


int64s = st.one_of(st.sampled_from(EXTREMES), st.integers(0, 300), st.integers(INT64_MIN, INT64_MAX))
paddings = st.one_of(st.just(0), st.just(0), st.integers(0, 10))
field_numbers = st.one_of(st.integers(1, 6), st.sampled_from((0, 15, 16, 2**29 - 1)))
short_bytes = st.binary(max_size=12)
strange_fields = st.one_of(
    st.builds(scalar, field_numbers, int64s, paddings),
    st.builds(lambda number, value: tag(number, FIXED_64) + value, field_numbers, st.binary(min_size=8, max_size=8)),
    st.builds(lambda number, value: tag(number, FIXED_32) + value, field_numbers, st.binary(min_size=4, max_size=4)),
    st.builds(lambda number, value: tag(number, LENGTH) + varint(len(value)) + value, field_numbers, short_bytes),
    st.builds(lambda number: tag(number, GROUP) + scalar(1, 5) + tag(number, GROUP_END), field_numbers),
)
extent_fields = st.one_of(
    st.builds(scalar, st.sampled_from((OFFSET, SIZE)), int64s, paddings),
    st.builds(scalar, st.sampled_from((OFFSET, SIZE)), int64s, paddings),
    strange_fields,
)
strange_extents = st.builds(
    lambda fields, padding: extent(*fields, padding=padding), st.lists(extent_fields, max_size=4), paddings
)
plain_extents = st.builds(plain_extent, st.integers(1, 2**45), st.integers(1, 2**31))
# The extent's length is that of what is left, so only its last field is cut: after its tag, or in its number.
cut_extents = st.builds(
    lambda offset, size, length: extent((scalar(OFFSET, offset) + scalar(SIZE, size))[:length]),
    st.integers(0, 2**45),
    st.integers(0, 2**31),
    st.integers(0, 12),
)
cut_messages = st.builds(
    lambda header, run, last: header + b"".join(run) + last,
    st.just(scalar(TYPE, 2) + scalar(CAPACITY, 2**40)),
    st.lists(plain_extents, max_size=3),
    cut_extents,
)
parts = st.one_of(
    plain_extents,
    cut_extents,
    strange_extents,
    st.builds(scalar, st.sampled_from((TYPE, CAPACITY)), int64s, paddings),
    strange_fields,
)
headers = st.builds(
    lambda block_type, capacity: scalar(TYPE, block_type) + scalar(CAPACITY, capacity),
    st.one_of(st.integers(0, 3), int64s),
    st.one_of(st.integers(0, 2**50), int64s),
)
strange_messages = st.builds(
    lambda header, run, rest: header + b"".join(run) + b"".join(rest),
    st.one_of(st.just(b""), headers),
    st.lists(plain_extents, max_size=3),
    st.lists(parts, max_size=5),
)


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
def test_an_ordinary_message_with_bytes_behind_it_is_decoded_or_rejected_as_by_protobuf(extents, rest):
    assert_decoded_as_by_protobuf(message_of(2, 2**30, extents) + rest)


@law
@given(strange_extents, st.lists(plain_extents, max_size=3))
def test_a_strange_first_extent_is_decoded_or_rejected_as_by_protobuf(first, rest):
    assert_decoded_as_by_protobuf(scalar(TYPE, 1) + scalar(CAPACITY, 2**30) + first + b"".join(rest))


@pytest.mark.parametrize("place", range(4))
def test_an_extent_at_offset_0_is_kept_wherever_it_stands(place):
    extents = [(4096 * number, 4096) for number in (5, 6, 7)]
    extents.insert(place, (0, 512))
    record = decode.decode_record(message_of(1, 2**30, extents), 1)
    assert pairs(record.offsets, record.sizes) == extents


@pytest.mark.parametrize("place", range(4))
def test_an_extent_of_size_0_is_kept_wherever_it_stands(place):
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
def test_every_ordinary_message_takes_the_fast_way(block_type, capacity, extents, shifted):
    if shifted:
        extents = [(offset + 2**52, size) for offset, size in extents]
    record = decoded_without_protobuf(message_of(block_type, capacity, extents))
    assert (record.block_metadata_type, record.volume_capacity_bytes) == (block_type, capacity)
    assert pairs(record.offsets, record.sizes) == extents


@pytest.mark.parametrize("size", [1, 4096, 2**35, INT64_MAX])
def test_a_stream_whose_first_extent_is_at_0_takes_the_fast_way(size):
    extents = [(0, size), *((2**40 + 8192 * number, 4096) for number in range(1000))]
    record = decoded_without_protobuf(message_of(2, 2**44, extents))
    assert pairs(record.offsets, record.sizes) == extents


def test_both_responses_have_the_layout_that_is_decoded():
    offsets, sizes = columns([(0, 4096), (8192, 4096)])
    record = decode.decode_record(message_of(1, 2**20, pairs(offsets, sizes)), 1)
    assert (record.block_metadata_type, record.volume_capacity_bytes) == (1, 2**20)
    assert record.offsets.tolist() == offsets.tolist()
    assert record.sizes.tolist() == sizes.tolist()


# Many messages at once.


def decoded_together(messages: list[bytes]) -> tuple[list[Record], MalformedMessage | None]:
    found = []
    try:
        for records in decode.decoded(messages, 7):
            found += records
    except MalformedMessage as error:
        return found, error
    return found, None


def decoded_one_by_one(messages: list[bytes]) -> tuple[list[Record], MalformedMessage | None]:
    """By protobuf alone."""
    found = []
    for number, message in enumerate(messages, 7):
        try:
            found.append(decode._decode_by_protobuf(message, number))
        except MalformedMessage as error:
            return found, error
    return found, None


def in_full(record: Record):
    values = record.number, record.block_metadata_type, record.volume_capacity_bytes
    return *values, record.offsets.tolist(), record.sizes.tolist()


@law
@given(
    st.lists(
        st.one_of(
            strange_messages,
            cut_messages,
            st.builds(message_of, st.integers(0, 2), st.integers(0, 2**50), legal_extents()),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_group_of_messages_is_decoded_as_each_of_them(messages):
    (together, error), (one_by_one, expected) = decoded_together(messages), decoded_one_by_one(messages)
    assert [in_full(record) for record in together] == [in_full(record) for record in one_by_one]
    assert str(error) == str(expected)


@law
@given(st.lists(st.tuples(st.integers(0, 2), legal_extents(grain=26, widest=26)), min_size=1, max_size=6))
def test_ordinary_messages_take_the_fast_way_together(parts):
    """Offsets and sizes that are multiples of 26, so that a last byte looks like the beginning of an extent."""
    messages = [message_of(kind, 2**40, extents) for kind, extents in parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "decode_record", None)
        (records,) = decode.decoded(messages, 1)
    assert [pairs(record.offsets, record.sizes) for record in records] == [extents for _, extents in parts]


@law
@given(
    st.lists(st.lists(st.one_of(plain_extents, cut_extents), max_size=4).map(b"".join), min_size=1, max_size=5),
    st.integers(0, 60),
    st.integers(0, 255),
)
def test_a_group_with_one_wrong_byte_is_decoded_or_rejected_as_by_protobuf(runs, position, byte):
    """Also where the wrong byte makes an extent that ends in the next message."""
    messages = [scalar(TYPE, 2) + scalar(CAPACITY, 2**40) + run for run in runs]
    changed = bytearray(b"".join(messages))
    changed[position % len(changed)] = byte
    ends = list(accumulate(map(len, messages)))
    messages = [bytes(changed[begin:end]) for begin, end in pairwise([0, *ends])]
    (together, error), (one_by_one, expected) = decoded_together(messages), decoded_one_by_one(messages)
    assert [in_full(record) for record in together] == [in_full(record) for record in one_by_one]
    assert str(error) == str(expected)


@pytest.mark.parametrize("cut_off", range(1, 9))
def test_a_message_that_is_cut_off_does_not_take_its_end_from_the_next(cut_off):
    whole = message_of(2, 2**40, [(2**30, 4096), (2**31, 8192)])
    messages = [whole, whole[:-cut_off], whole]
    (together, error), (one_by_one, expected) = decoded_together(messages), decoded_one_by_one(messages)
    assert [in_full(record) for record in together] == [in_full(record) for record in one_by_one]
    assert str(error) == str(expected)


# A large message is decoded in pieces.

piece_bytes = st.integers(1, 60)


@contextmanager
def in_pieces_of(length: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "_PIECE_BYTES", length)
        yield


@law
@given(st.one_of(strange_messages, cut_messages), piece_bytes)
@example(scalar(TYPE, 1) + plain_extent(1, 1) + scalar(TYPE, 0) + plain_extent(1, 1), 2)
@example(tag(9, GROUP) * 2 + plain_extent(1, 1) + tag(9, GROUP_END) * 2 + plain_extent(1, 1), 3)
@example(plain_extent(1, 1) * 3 + tag(9, GROUP) + plain_extent(1, 1), 3)
@example(plain_extent(1, 1) * 3 + tag(9, GROUP_END) + plain_extent(1, 1), 3)
@example(scalar(CAPACITY, -1) * 3 + plain_extent(1, 1), 3)
def test_a_message_in_pieces_is_decoded_or_rejected_as_by_protobuf(message, length):
    with in_pieces_of(length):
        assert_decoded_as_by_protobuf(message)


@settings(law, max_examples=60)
@given(st.lists(st.one_of(strange_messages, cut_messages), min_size=1, max_size=4), piece_bytes)
def test_a_group_in_pieces_is_decoded_or_rejected_as_by_protobuf(messages, length):
    (one_by_one, expected) = decoded_one_by_one(messages)
    with in_pieces_of(length):
        together, error = decoded_together(messages)
    assert [in_full(record) for record in together] == [in_full(record) for record in one_by_one]
    assert str(error) == str(expected)


@settings(law, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), legal_extents(grain=26, widest=26)), min_size=1, max_size=6), piece_bytes)
def test_ordinary_messages_take_the_fast_way_in_pieces(parts, length):
    messages = [message_of(kind, 2**40, extents) for kind, extents in parts]
    with in_pieces_of(length), pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "decode_record", None)
        (records,) = decode.decoded(messages, 1)
    assert [pairs(record.offsets, record.sizes) for record in records] == [extents for _, extents in parts]
