"""Groups of messages, and messages in pieces, are decoded like single messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate, pairwise

import pytest
from encoded_messages import (
    CAPACITY,
    GROUP,
    GROUP_END,
    TYPE,
    assert_decoded_as_by_protobuf,
    cut_extents,
    cut_messages,
    message_of,
    plain_extent,
    plain_extents,
    scalar,
    strange_messages,
    tag,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import law, legal_extents, pairs

from kubectl_cbt.errors import MalformedMessage
from kubectl_cbt.model.record import Record
from kubectl_cbt.wire import decode

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
def test_ordinary_messages_use_the_fast_path_together(parts):
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
def test_a_truncated_message_does_not_continue_in_the_next(cut_off):
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
def test_ordinary_messages_use_the_fast_path_in_pieces(parts, length):
    messages = [message_of(kind, 2**40, extents) for kind, extents in parts]
    with in_pieces_of(length), pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "decode_record", None)
        (records,) = decode.decoded(messages, 1)
    assert [pairs(record.offsets, record.sizes) for record in records] == [extents for _, extents in parts]
