"""Response messages to columns, without an object per extent.

A response is nothing but varints: the tag of a field, the length of an extent, its two tags and its two values.
So the whole message is cut into varints at once (a byte below 0x80 ends one), every varint of the same length is
decoded at once, and what remains is to see that tags and lengths stand where a run of extents has them:

    1a LEN 08 OFFSET 10 SIZE   1a LEN 08 OFFSET 10 SIZE   …

Anything else a message may legally hold (an extent at offset 0 leaves its field out; other field orders, unknown
fields, negative numbers) is left to protobuf, slower and right. The one common case of it, the extent at offset 0
in front of a stream, is cut off first, so that one extent does not slow down the thousands behind it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from kubectl_cbt.errors import MalformedMessage
from kubectl_cbt.model.record import Int64Column, Record
from kubectl_cbt.wire.snapshot_metadata_pb2 import GetMetadataDeltaResponse

_TAG_TYPE, _TAG_CAPACITY, _TAG_EXTENT = 0x08, 0x10, 0x1A
_TAG_OFFSET, _TAG_SIZE = 0x08, 0x10
_VARINTS_PER_EXTENT = 6
# A varint of nine bytes holds 63 bits: longer ones are negative or malformed, and protobuf's business.
_LONGEST_VARINT = 9

_EMPTY = np.empty(0, dtype=np.int64)


def decode_record(message: bytes, number: int) -> Record:
    """Decode one response message; both RPCs and both APIs (sidecar, CSI) share its layout.

    Args:
        message: as it came off the wire, untrusted.
        number: position in the stream, from 1.

    Raises:
        MalformedMessage: when protobuf's own parser rejects it.
    """
    header = _leading_fields(message)
    if header is None:
        return _decode_by_protobuf(message, number)
    block_type, capacity, position = header
    first_size, position = _first_extent_at_zero(message, position)
    columns = _decode_run(message, position)
    if columns is None:
        return _decode_by_protobuf(message, number)
    offsets, sizes = columns
    if first_size is not None:
        offsets = np.concatenate((np.zeros(1, dtype=np.int64), offsets))
        sizes = np.concatenate((np.array([first_size], dtype=np.int64), sizes))
    return Record(number, block_type, capacity, offsets, sizes)


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


def _first_extent_at_zero(message: bytes, position: int) -> tuple[int | None, int]:
    """Size of a leading extent without offset field, and where the next begins; (None, position) if there is none."""
    if message[position : position + 1] != bytes([_TAG_EXTENT]) or len(message) < position + 4:
        return None, position
    end = position + 2 + message[position + 1]
    if message[position + 1] > _LONGEST_VARINT + 1 or message[position + 2] != _TAG_SIZE:
        return None, position
    value = _read_varint(message, position + 3)
    if value is None or value[1] != end:
        return None, position
    return value


def _read_varint(message: bytes, position: int) -> tuple[int, int] | None:
    """Value and the position behind it; None when it is cut short or longer than 63 bits."""
    value = 0
    for index, byte in enumerate(message[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    return None


def _decode_run(message: bytes, position: int) -> tuple[Int64Column, Int64Column] | None:
    """Offsets and sizes of extents that follow each other up to the end; None when anything else is there."""
    data = np.frombuffer(message, dtype=np.uint8, offset=position) if position < len(message) else None
    if data is None:
        return _EMPTY, _EMPTY
    ends = np.flatnonzero(data < 0x80)
    if len(ends) % _VARINTS_PER_EXTENT or not len(ends) or ends[-1] != len(data) - 1:
        return None
    # One row per extent; the columns are: tag, length, tag, offset, tag, size.
    starts = np.concatenate(([0], ends[:-1] + 1)).reshape(-1, _VARINTS_PER_EXTENT)
    lengths = ends.reshape(-1, _VARINTS_PER_EXTENT) - starts + 1
    offset_lengths, size_lengths = lengths[:, 3], lengths[:, 5]
    # A byte equal to a tag is below 0x80 and so a whole varint; a length that fits here is one byte as well.
    is_run = (
        (data[starts[:, 0]] == _TAG_EXTENT).all()
        and (data[starts[:, 1]] == 2 + offset_lengths + size_lengths).all()
        and (data[starts[:, 2]] == _TAG_OFFSET).all()
        and (data[starts[:, 4]] == _TAG_SIZE).all()
        and max(offset_lengths.max(), size_lengths.max()) <= _LONGEST_VARINT
    )
    if not is_run:
        return None
    return _varints(data, starts[:, 3], offset_lengths), _varints(data, starts[:, 5], size_lengths)


def _varints(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.intp], lengths: npt.NDArray[np.intp]) -> Int64Column:
    """Values of the varints that begin at ``starts``, each ``lengths`` bytes long, at most 63 bits."""
    values = _seven_bits(data, starts)
    longest = int(lengths.max())
    for index in range(1, longest):
        has_byte = lengths > index
        if has_byte.all():
            values |= _seven_bits(data, starts + index) << (7 * index)
        else:
            values[has_byte] |= _seven_bits(data, starts[has_byte] + index) << (7 * index)
    return values


def _seven_bits(data: npt.NDArray[np.uint8], at: npt.NDArray[np.intp]) -> Int64Column:
    # Widened before anything is done with it: what uint8 becomes beside another type depends on numpy's version.
    return (data[at] & 0x7F).astype(np.int64)


def _decode_by_protobuf(message: bytes, number: int) -> Record:
    response = GetMetadataDeltaResponse()
    try:
        response.ParseFromString(message)
    except DecodeError as error:
        raise MalformedMessage(
            f"message {number} of the stream ({len(message)} bytes) is not a SnapshotMetadata response",
            hint="is the service's address that of the external-snapshot-metadata sidecar, or a proxy in between?",
        ) from error
    extents = response.block_metadata
    return Record(
        number,
        response.block_metadata_type,
        response.volume_capacity_bytes,
        np.fromiter((extent.byte_offset for extent in extents), dtype=np.int64, count=len(extents)),
        np.fromiter((extent.size_bytes for extent in extents), dtype=np.int64, count=len(extents)),
    )
