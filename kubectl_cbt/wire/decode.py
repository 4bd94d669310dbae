"""Response messages to columns, without an object per extent.

A response consists of varints, and its extents follow one another like this:

    1a LEN 08 OFFSET 10 SIZE   1a LEN 08 OFFSET 10 SIZE   …

So the extents of many messages are put into one buffer, every 1a in it is a possible start of an extent, and one
comparison shows whether each ends where the next begins. The eight bytes from an extent's third byte contain its
offset, and the eight bytes after that its size: each is read as one unaligned integer, and the seven bits of each byte
are moved together by shifts over all extents at the same time. No step runs once per extent in Python. (A ninth byte,
which only numbers from 2^56 have, is read separately.)

A 1a may also be the last byte of an offset or a size, about one in a hundred is. Where that breaks the chain, the bytes
after it decide. Fields that are zero are omitted on the wire: such extents are few, and read separately.

Anything else that a message may legally contain (other field orders, unknown fields, negative numbers) is left to
protobuf, message by message: slower, but correct.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from kubectl_cbt.errors import MalformedMessage
from kubectl_cbt.model.record import Int64Column, Record, Records, joined
from kubectl_cbt.wire.snapshot_metadata_pb2 import GetMetadataDeltaResponse

_Bytes = npt.NDArray[np.uint8]

_TAG_TYPE, _TAG_CAPACITY, _TAG_EXTENT = 0x08, 0x10, 0x1A
_TAG_OFFSET, _TAG_SIZE = 0x08, 0x10
_LONGEST_VARINT = 9
"""Longest varint read here, 63 bits. Longer ones are negative or malformed."""
_LONGEST_EXTENT = 2 * (1 + _LONGEST_VARINT)
_BYTES_A_WORD = 8
_VARINT, _LENGTH_DELIMITED, _GROUP_BEGINS, _GROUP_ENDS = 0, 2, 3, 4
_FIXED_BYTES = {1: 8, 5: 4}
"""Wire types of fields that protobuf skips, and their lengths."""
_PIECE_BYTES = 2**19
"""How much of a message is decoded at once: temporary columns take up to fifty times as much."""
_PADDING = b"\x7f" * 32
"""After the buffer, so that nine bytes can be read wherever an extent begins.

A varint that is cut at the end of the buffer continues into it, ends after its extent and is rejected. As a length it
is longer than any extent, and it is not a tag.
"""


def decoded(messages: Sequence[bytes], first_number: int) -> Iterator[Records]:
    """Decode a group of messages: all at once, or, if one of them is not a response, those before it.

    Raises:
        MalformedMessage: for the first one that protobuf's own parser rejects, after the records before it.
    """
    run = _decode_runs(messages, first_number)
    if run is not None:
        yield run
        return
    records: list[Record] = []
    try:
        for number, message in enumerate(messages, first_number):
            records.append(decode_record(message, number))
    except MalformedMessage:
        if records:
            yield Records.of(*records)
        raise
    yield Records.of(*records)


def decode_record(message: bytes, number: int) -> Record:
    """Decode one response message; both RPCs and both APIs (sidecar, CSI) share its layout.

    Args:
        message: as received, untrusted.
        number: position in the stream, from 1.

    Raises:
        MalformedMessage: when protobuf's own parser rejects it.
    """
    run = _decode_runs((message,), number)
    return _decode_by_protobuf(message, number) if run is None else next(iter(run))


def _decode_runs(messages: Sequence[bytes], first_number: int) -> Records | None:
    """All of them; None unless each is a header and then nothing but plain extents."""
    types, capacities, ends, parts = [], [], [0], []
    header, values = b"", (0, 0)
    for message in messages:
        # The messages of a stream have the same header, which an extent must follow.
        if not (header and message.startswith(header) and message[len(header) : len(header) + 1] == b"\x1a"):
            found = _leading_fields(message)
            if found is None:
                return None
            header, values = message[: found[2]], found[:2]
        types.append(values[0])
        capacities.append(values[1])
        parts.append(message[len(header) :])
        ends.append(ends[-1] + len(parts[-1]))
    run = _decode_run(b"".join((*parts, _PADDING)), np.array(ends))
    if run is None:
        return None
    columns = np.array(types, dtype=np.int64), np.array(capacities, dtype=np.int64)
    return Records(first_number, *columns, *run)


def _leading_fields(message: bytes) -> tuple[int, int, int] | None:
    """Type, capacity and where the extents begin; None unless the message opens with them in field order."""
    position = block_type = capacity = 0
    if message[position : position + 1] == bytes([_TAG_TYPE]):
        value = _read_varint(message, position + 1)
        if value is None or value[0] > 0x7F:
            return None
        block_type, position = value
    if message[position : position + 1] == bytes([_TAG_CAPACITY]):
        value = _read_varint(message, position + 1)
        if value is None:
            return None
        capacity, position = value
    return block_type, capacity, position


def _read_varint(message: bytes, position: int) -> tuple[int, int] | None:
    """Value and the position after it; None when it is cut or longer than 63 bits."""
    value = 0
    for index, byte in enumerate(message[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    return None


def _decode_run(padded: bytes, message_ends: Int64Column) -> tuple[Int64Column, Int64Column, Int64Column] | None:
    """Bounds, offsets and sizes of extents that follow each other up to the end; None when anything else is there.

    Works on :data:`_PIECE_BYTES` at a time, so that a message of many extents takes little more memory than its
    columns.

    Args:
        padded: the extents of all messages, and :data:`_PADDING`.
        message_ends: int64[m + 1], where each message begins in it, and where the last one ends.
    """
    length = int(message_ends[-1])
    data = np.frombuffer(padded, dtype=np.uint8)
    bounds = np.zeros(len(message_ends), dtype=np.int64)
    pieces = _Pieces()
    position = 0
    while position < length:
        chain = _extent_chain(data, position, length)
        if chain is None:
            return None
        starts, ends = chain
        if ends[-1] > length:
            return None
        # A message's extents begin where the message does. A message end inside an extent need not break the chain, so
        # it is checked.
        first, last = np.searchsorted(message_ends, (position, ends[-1]))
        rows = np.searchsorted(starts, message_ends[first:last])
        if not np.array_equal(np.append(starts, length)[rows], message_ends[first:last]):
            return None
        bounds[first:last] = rows + pieces.rows
        columns = _read_extents(data, starts, ends)
        if columns is None:
            return None
        position = int(ends[-1])
        pieces.add(*columns, more_at_most=0 if position == length else padded.count(_TAG_EXTENT, position))
    bounds[np.searchsorted(message_ends, length) :] = pieces.rows
    return bounds, pieces.offsets, pieces.sizes


class _Pieces:
    """Columns that are read piece by piece; a single piece is not copied."""

    def __init__(self) -> None:
        self.rows = 0
        self.offsets = self.sizes = np.empty(0, dtype=np.int64)
        self._columns: tuple[Int64Column, Int64Column] | None = None

    def add(self, offsets: Int64Column, sizes: Int64Column, more_at_most: int) -> None:
        """Append rows to both columns.

        Args:
            more_at_most: how many rows may follow; 0 after the last piece.
        """
        before, self.rows = self.rows, self.rows + len(offsets)
        if self._columns is None and not more_at_most:
            self.offsets, self.sizes = offsets, sizes
            return
        if self._columns is None:
            room = self.rows + more_at_most
            # Memory that was never written to is not allocated.
            self._columns = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
        for column, rows in zip(self._columns, (offsets, sizes), strict=True):
            column[before : self.rows] = rows
        self.offsets, self.sizes = self._columns[0][: self.rows], self._columns[1][: self.rows]


def _extent_chain(data: _Bytes, position: int, length: int) -> tuple[Int64Column, Int64Column] | None:
    """Starts and ends of the extents that begin in the piece at ``position``, each where the one before it ends.

    None when the bytes are anything else. The last one may end after the piece, and after ``length``.
    """
    starts = np.flatnonzero(data[position : min(position + _PIECE_BYTES, length)] == _TAG_EXTENT) + position
    chain = _chain(data, starts, position)
    if chain is not None:
        return chain
    # The last byte of an offset is followed by the size's tag, which makes a length of 16, and by a size; the last
    # byte of a size by the next extent's tag, which makes one that is too long.
    field_tags = data[starts + 2]
    may_begin = (field_tags == _TAG_OFFSET) | (field_tags == _TAG_SIZE) | (data[starts + 1] == 0)
    return _chain(data, starts[may_begin & (data[starts + 1] <= _LONGEST_EXTENT)], position)


def _chain(data: _Bytes, starts: Int64Column, position: int) -> tuple[Int64Column, Int64Column] | None:
    ends = starts + 2 + data[starts + 1]
    if not len(starts) or starts[0] != position or (ends[:-1] != starts[1:]).any():
        return None
    return starts, ends


def _read_extents(data: _Bytes, starts: Int64Column, ends: Int64Column) -> tuple[Int64Column, Int64Column] | None:
    """Offsets and sizes of the extents in ``[start, end)`` each; None when one contains anything else."""
    with_offset = data[starts + 2] == _TAG_OFFSET
    if with_offset.all():
        offsets, lengths = _varints(data, starts + 3)
        size_tags = starts + 3 + lengths
    else:
        offsets, size_tags = np.zeros(len(starts), dtype=np.int64), starts + 2
        offsets[with_offset], lengths = _varints(data, starts[with_offset] + 3)
        size_tags[with_offset] += 1 + lengths
    with_size = size_tags != ends
    if with_size.all():
        sizes, lengths = _varints(data, size_tags + 1)
        is_plain = (data[size_tags] == _TAG_SIZE) & (size_tags + 1 + lengths == ends)
    else:
        sizes, is_plain = np.zeros(len(starts), dtype=np.int64), ~with_size
        sizes[with_size], lengths = _varints(data, size_tags[with_size] + 1)
        at = size_tags[with_size]
        is_plain[with_size] = (data[at] == _TAG_SIZE) & (at + 1 + lengths == ends[with_size])
    return (offsets, sizes) if is_plain.all() else None


def _varints(data: _Bytes, at: Int64Column) -> tuple[Int64Column, Int64Column]:
    """Values and lengths of the varints that begin at these places of the buffer.

    One of more than :data:`_LONGEST_VARINT` bytes gets the length 0. None begins right after an extent: what is there
    is the next extent's tag, or :data:`_PADDING`. So the length 0 fits no extent.
    """
    # Every eight bytes of the buffer as an integer, wherever they begin; nothing is copied.
    words = np.ndarray(len(data) - _BYTES_A_WORD + 1, dtype="<u8", buffer=data, strides=(1,))[at]
    # The lowest clear bit 7 belongs to the last byte; the bits below it, without the other bits 7, are the value.
    last = ~words & np.uint64(0x8080808080808080)
    last &= -last
    values = words & (last - np.uint64(1)) & np.uint64(0x7F7F7F7F7F7F7F7F)
    # Two bytes of seven bits become one of fourteen, two of those one of 28, and so on.
    for low, high, shift in (
        (0x007F007F007F007F, 0x7F007F007F007F00, 1),
        (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
        (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
    ):
        values = (values & np.uint64(low)) | ((values & np.uint64(high)) >> np.uint64(shift))
    # Multiplying by a power of 256 moves the byte with the length to the top.
    lengths = ((last >> np.uint64(7)) * np.uint64(0x0102030405060708)) >> np.uint64(56)
    if not last.all():
        longer = np.flatnonzero(last == 0)
        ninth = data[at[longer] + _BYTES_A_WORD].astype(np.uint64)
        values[longer] |= (ninth & np.uint64(0x7F)) << np.uint64(56)
        lengths[longer] = np.where(ninth < 0x80, _LONGEST_VARINT, 0)
    return values.view(np.int64), lengths.view(np.int64)


def _decode_by_protobuf(message: bytes, number: int) -> Record:
    """Decode a message with protobuf's own parser, at most :data:`_PIECE_BYTES` at a time.

    Protobuf allocates about 150 bytes for each extent, even for an empty one of two bytes.
    """
    block_type: Any = 0  # the enum is open: unknown values are kept
    capacity = 0
    offsets, sizes = [], []
    for piece in _pieces(message):
        # A part of plain extents does not change type or capacity.
        plain = _decode_runs((piece,), number) if piece[:1] == b"\x1a" and len(piece) < len(message) else None
        if plain is not None:
            offsets.append(plain.offsets)
            sizes.append(plain.sizes)
            continue
        response = GetMetadataDeltaResponse(block_metadata_type=block_type, volume_capacity_bytes=capacity)
        try:
            response.MergeFromString(piece)
        except DecodeError as error:
            raise MalformedMessage(
                f"message {number} of the stream ({len(message)} bytes) is not a SnapshotMetadata response",
                hint="is the service's address that of the external-snapshot-metadata sidecar, or a proxy in between?",
            ) from error
        block_type, capacity = response.block_metadata_type, response.volume_capacity_bytes
        extents = response.block_metadata
        offsets.append(np.fromiter((extent.byte_offset for extent in extents), dtype=np.int64, count=len(extents)))
        sizes.append(np.fromiter((extent.size_bytes for extent in extents), dtype=np.int64, count=len(extents)))
    return Record(number, block_type, capacity, joined(offsets), joined(sizes))


def _pieces(message: bytes) -> Iterator[bytes]:
    """Split a message into parts of whole fields; merged in order they are the message.

    A part is longer than :data:`_PIECE_BYTES` only when a single field is, and the last one where a field is malformed.
    """
    begin = 0
    while len(message) - begin > _PIECE_BYTES:
        end = begin
        while end - begin < _PIECE_BYTES and end < len(message):
            if message[end] == _TAG_EXTENT and end + 1 < len(message) and message[end + 1] < 0x80:
                after: int | None = end + 2 + message[end + 1]
            else:
                after = _field_end(message, end)
            if after is None or after > len(message):
                break
            end = after
        if end == begin or after is None:
            break
        yield message[begin:end]
        begin = end
    yield message[begin:]


def _field_end(message: bytes, position: int) -> int | None:
    """Where the field at ``position`` ends, which may be after the message's end; None when it is malformed."""
    depth = 0
    while True:
        tag = _read_varint(message, position)
        if tag is None:
            return None
        kind, position = tag[0] & 7, tag[1]
        if kind == _VARINT:
            # Not `_read_varint`: a negative number has ten bytes.
            while position < len(message) and message[position] >= 0x80:
                position += 1
            position += 1
        elif kind == _LENGTH_DELIMITED:
            found = _read_varint(message, position)
            if found is None:
                return None
            position = found[0] + found[1]
        elif kind in _FIXED_BYTES:
            position += _FIXED_BYTES[kind]
        elif kind == _GROUP_BEGINS:
            depth += 1
        elif kind == _GROUP_ENDS and depth:
            depth -= 1
        else:
            return None
        if not depth:
            return position
