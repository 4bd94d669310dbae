"""Encode columns as response messages, many extents at a time, so that the demo server is not the bottleneck."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kubectl_cbt.wire.snapshot_metadata_pb2 import GetMetadataDeltaResponse

_TAG_EXTENT, _TAG_OFFSET, _TAG_SIZE = 0x1A, 0x08, 0x10


def encode_response(
    block_metadata_type: int, capacity_bytes: int, offsets: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> bytes:
    """Encode one response as protobuf does; both RPCs share the layout.

    Args:
        offsets: int64[n], >= 0; the field of an offset of 0 is omitted, as in proto3.
        sizes: int64[n], > 0.
    """
    header = GetMetadataDeltaResponse(
        block_metadata_type=block_metadata_type,  # type: ignore[arg-type]  # the stub wants the enum, faults may send any number
        volume_capacity_bytes=capacity_bytes,
    ).SerializeToString()
    return header + _extents(offsets, sizes)


def _extents(offsets: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> bytes:
    offset_lengths, size_lengths = _varint_lengths(offsets), _varint_lengths(sizes)
    offset_fields = np.where(offsets > 0, offset_lengths + 1, 0)
    lengths = offset_fields + 1 + size_lengths
    begins = np.concatenate(([0], np.cumsum(lengths + 2)))
    out = np.empty(int(begins[-1]), dtype=np.uint8)
    at = begins[:-1]
    out[at] = _TAG_EXTENT
    out[at + 1] = lengths
    has_offset = offsets > 0
    out[at[has_offset] + 2] = _TAG_OFFSET
    _put_varints(out, at[has_offset] + 3, offsets[has_offset], offset_lengths[has_offset])
    size_at = at + 2 + offset_fields
    out[size_at] = _TAG_SIZE
    _put_varints(out, size_at + 1, sizes, size_lengths)
    return out.tobytes()


def _varint_lengths(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    lengths = np.ones(len(values), dtype=np.int64)
    for bits in range(7, 63, 7):
        lengths += values >= 1 << bits
    return lengths


def _put_varints(
    out: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], values: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> None:
    for index in range(int(lengths.max(initial=0))):
        here = lengths > index
        more = (lengths[here] > index + 1).astype(np.uint8) << 7
        out[at[here] + index] = ((values[here] >> (7 * index)) & 0x7F).astype(np.uint8) | more
