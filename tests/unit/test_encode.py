"""The demo's own encoder writes what protobuf writes, byte for byte."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import Extent, columns, law

from kubectl_cbt.demo.driver.encode_response import encode_response
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.wire.snapshot_metadata_pb2 import (
    BlockMetadata,
    GetMetadataAllocatedResponse,
    GetMetadataDeltaResponse,
)

sizes_of_varints = [2**bits + step for bits in range(7, 63, 7) for step in (-1, 0, 1)]
offsets_drawn = st.one_of(st.just(0), st.sampled_from([*sizes_of_varints, INT64_MAX]), st.integers(0, INT64_MAX))
sizes_drawn = st.one_of(st.sampled_from([1, *sizes_of_varints, INT64_MAX]), st.integers(1, INT64_MAX))


def written_by_protobuf(kind: type, block_type: int, capacity: int, extents: list[Extent]) -> bytes:
    response = kind(
        block_metadata_type=block_type,
        volume_capacity_bytes=capacity,
        block_metadata=[BlockMetadata(byte_offset=offset, size_bytes=size) for offset, size in extents],
    )
    return response.SerializeToString()


@law
@given(st.integers(0, 3), st.integers(0, INT64_MAX), st.lists(st.tuples(offsets_drawn, sizes_drawn), max_size=12))
@example(0, 0, [])
@example(1, 2**30, [(0, 1)])
@example(2, INT64_MAX, [(0, INT64_MAX), (INT64_MAX, 1), (0, 1)])
def test_any_columns_are_written_as_by_protobuf(block_type, capacity, extents):
    expected = written_by_protobuf(GetMetadataDeltaResponse, block_type, capacity, extents)
    assert encode_response(block_type, capacity, *columns(extents)) == expected


@pytest.mark.parametrize("kind", [GetMetadataAllocatedResponse, GetMetadataDeltaResponse])
def test_both_responses_are_written_alike(kind):
    extents = [(0, 4096), (127, 128), (16384, 2**40)]
    assert encode_response(2, 2**44, *columns(extents)) == written_by_protobuf(kind, 2, 2**44, extents)


@pytest.mark.parametrize("size", sizes_of_varints)
def test_a_varint_grows_where_protobufs_does(size):
    expected = written_by_protobuf(GetMetadataDeltaResponse, 1, size, [(size, size)])
    assert encode_response(1, size, *columns([(size, size)])) == expected
