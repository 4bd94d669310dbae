"""TLS channels to a SnapshotMetadata sidecar."""

from __future__ import annotations

import grpc

from kubectl_cbt.model.address import is_loopback
from kubectl_cbt.model.target import Endpoint

_UNLIMITED = -1
_KEEPALIVE_SECONDS = 310
_KEEPALIVE_PATIENCE_SECONDS = 20


def open_channel(endpoint: Endpoint) -> grpc.Channel:
    """A channel that trusts only the endpoint's ``caCert``; nothing connects before the first call.

    The name checked in the served certificate is the host part of the address, verbatim.
    """
    options: list[tuple[str, int | str]] = [
        # A driver may answer with 2^31 extents in one message; gRPC's own limit would be 4 MiB.
        ("grpc.max_receive_message_length", _UNLIMITED),
        # A peer that is gone without a word (a dead node, a forgotten NAT entry) is found out by asking it. Go's
        # servers hang up on clients that ask more often than every five minutes.
        ("grpc.keepalive_time_ms", _KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_PATIENCE_SECONDS * 1000),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    if is_loopback(endpoint.host):
        # gRPC would send even a loopback address through https_proxy; Go's clients never do.
        options.append(("grpc.enable_http_proxy", 0))
    credentials = grpc.ssl_channel_credentials(root_certificates=endpoint.ca_pem)
    return grpc.secure_channel(endpoint.address, credentials, options=options)
