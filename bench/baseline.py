"""The baseline for kubectl-cbt: a stream read as in a gRPC tutorial, with an object per extent.

    python bench/baseline.py ADDRESS CA_FILE WORK MAX_RESULTS

Idiomatic code: generated messages, one loop, local variables, ``json`` and ``csv`` in C, buffered output. It does less
than the command: it does not resolve names or contact the API server, and when it prints extents it does not compute
figures or check rules.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc

from kubectl_cbt.wire.snapshot_metadata_pb2 import GetMetadataAllocatedRequest, GetMetadataAllocatedResponse

MIB = 2**20
CHUNK_SIZES = (MIB // 2, MIB, 4 * MIB)


def stream(address: str, ca_file: str, max_results: int) -> Iterator[GetMetadataAllocatedResponse]:
    """Yield the response messages."""
    credentials = grpc.ssl_channel_credentials(Path(ca_file).read_bytes())
    with grpc.secure_channel(address, credentials, options=[("grpc.max_receive_message_length", -1)]) as channel:
        call = channel.unary_stream(
            "/snapshotmetadata.SnapshotMetadata/GetMetadataAllocated",
            request_serializer=GetMetadataAllocatedRequest.SerializeToString,
            response_deserializer=GetMetadataAllocatedResponse.FromString,
        )
        yield from call(GetMetadataAllocatedRequest(snapshot_name="bench", max_results=max_results))


def summary(responses: Iterator[GetMetadataAllocatedResponse], max_results: int) -> None:
    """Compute everything that ``-o summary`` shows, including the rules."""
    messages = runs = grain = largest_gap = largest_gap_at = 0
    last_end = last_offset = 0
    kind = capacity = None
    sizes: Counter[int] = Counter()
    chunks, last_chunks = [0] * len(CHUNK_SIZES), [-1] * len(CHUNK_SIZES)
    broken: Counter[str] = Counter()
    for response in responses:
        messages += 1
        if kind is None:
            kind, capacity = response.block_metadata_type, response.volume_capacity_bytes
        broken["R3"] += response.block_metadata_type != kind or kind not in (1, 2)
        broken["R4"] += response.volume_capacity_bytes != capacity or capacity <= 0
        broken["R6"] += 0 < max_results < len(response.block_metadata)
        for extent in response.block_metadata:
            offset, size = extent.byte_offset, extent.size_bytes
            end = offset + size
            if size <= 0:
                broken["R1"] += 1
            if offset < last_offset or offset < last_end:
                broken["R2"] += 1
            if offset < 0:
                broken["W1"] += 1
            if end > capacity:
                broken["W2"] += 1
            if offset != last_end:
                runs += 1
                if offset - last_end > largest_gap:
                    largest_gap, largest_gap_at = offset - last_end, last_end
            sizes[size] += 1
            grain = math.gcd(grain, offset, size)
            for index, chunk in enumerate(CHUNK_SIZES):
                first, last = offset // chunk, (end - 1) // chunk
                chunks[index] += last - first + (first != last_chunks[index])
                last_chunks[index] = last
            last_offset, last_end = offset, end
    extents = sum(sizes.values())
    histogram: Counter[int] = Counter()
    for size, count in sizes.items():
        histogram[size.bit_length()] += count
    print("covered", sum(size * count for size, count in sizes.items()), "of", capacity, "grain", grain)
    print("extents", extents, "runs", runs, "messages", messages)
    print("sizes", min(sizes), _median(sizes, extents), max(sizes), dict(sorted(histogram.items())))
    print("gap", largest_gap, "at", largest_gap_at)
    print("chunks", [count * size for count, size in zip(chunks, CHUNK_SIZES, strict=True)])
    print("broken", +broken)


def _median(sizes: Counter[int], extents: int) -> int:
    middle = (extents + 1) // 2
    for size in sorted(sizes):
        middle -= sizes[size]
        if middle <= 0:
            return size
    return 0


def lister_json(responses: Iterator[GetMetadataAllocatedResponse]) -> None:
    """Write a list of records, as upstream's lister does."""
    separator = "["
    for response in responses:
        record = {
            "block_metadata_type": response.block_metadata_type,
            "volume_capacity_bytes": response.volume_capacity_bytes,
            "block_metadata": [
                {"byte_offset": extent.byte_offset, "size_bytes": extent.size_bytes}
                for extent in response.block_metadata
            ],
        }
        sys.stdout.write(separator + json.dumps(record, separators=(",", ":")))
        separator = ","
    sys.stdout.write("]")


def json_document(responses: Iterator[GetMetadataAllocatedResponse]) -> None:
    """Write one document with one line per extent."""
    separator = '{"extents": [\n'
    for response in responses:
        for extent in response.block_metadata:
            row = json.dumps({"byteOffset": extent.byte_offset, "sizeBytes": extent.size_bytes}, separators=(",", ":"))
            sys.stdout.write(separator + row)
            separator = ",\n"
    sys.stdout.write("\n]}\n")


def ndjson(responses: Iterator[GetMetadataAllocatedResponse]) -> None:
    """Write one line of JSON per extent."""
    for response in responses:
        for extent in response.block_metadata:
            row = json.dumps({"byteOffset": extent.byte_offset, "sizeBytes": extent.size_bytes}, separators=(",", ":"))
            sys.stdout.write(row + "\n")


def csv_rows(responses: Iterator[GetMetadataAllocatedResponse]) -> None:
    """Write two columns."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("byteOffset", "sizeBytes"))
    for response in responses:
        writer.writerows((extent.byte_offset, extent.size_bytes) for extent in response.block_metadata)


def table(responses: Iterator[GetMetadataAllocatedResponse]) -> None:
    """Write two aligned columns."""
    print(f"{'OFFSET':>14}   {'SIZE':>14}")
    for response in responses:
        for extent in response.block_metadata:
            sys.stdout.write(f"{extent.byte_offset:>14}   {extent.size_bytes:>14}\n")


PRINTERS = {"lister-json": lister_json, "json": json_document, "ndjson": ndjson, "csv": csv_rows, "table": table}


def main() -> None:
    """Do the work named on the command line."""
    address, ca_file, work, max_results = sys.argv[1:]
    responses = stream(address, ca_file, int(max_results))
    if work == "summary":
        summary(responses, int(max_results))
    else:
        PRINTERS[work](responses)


if __name__ == "__main__":
    main()
