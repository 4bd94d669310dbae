"""The upper limit of throughput: messages are received by gRPC in Python, counted and dropped.

python bench/receive.py ADDRESS CA_FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import grpc

from kubectl_cbt.wire.channel import message_options
from kubectl_cbt.wire.snapshot_metadata_pb2 import GetMetadataAllocatedRequest


def main() -> None:
    """Print how much was received."""
    address, ca_file = sys.argv[1:]
    credentials = grpc.ssl_channel_credentials(Path(ca_file).read_bytes())
    with grpc.secure_channel(address, credentials, options=message_options()) as channel:
        call = channel.unary_stream("/snapshotmetadata.SnapshotMetadata/GetMetadataAllocated")
        request = GetMetadataAllocatedRequest(snapshot_name="bench").SerializeToString()
        messages = size = 0
        for message in call(request):
            messages += 1
            size += len(message)
    print(f"{messages} messages, {size} bytes")


if __name__ == "__main__":
    main()
