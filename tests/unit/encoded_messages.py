"""Response messages in unusual encodings, and protobuf's own parser as the reference."""

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import strategies as st
from strategies import INT64_MIN, Extent, pairs

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
