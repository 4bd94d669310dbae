"""TLS channels to a SnapshotMetadata sidecar."""

from __future__ import annotations

import grpc

from kubectl_cbt.model.address import is_loopback
from kubectl_cbt.model.target import Endpoint

_UNLIMITED = -1


def open_channel(endpoint: Endpoint) -> grpc.Channel:
    """A channel that trusts only the endpoint's ``caCert``; nothing connects before the first call.

    The name checked in the served certificate is the host part of the address, verbatim.
    """
    options: list[tuple[str, int | str]] = [
        # A driver may answer with 2^31 extents in one message; gRPC's own limit would be 4 MiB.
        ("grpc.max_receive_message_length", _UNLIMITED),
    ]
    if is_loopback(endpoint.host):
        # gRPC would send even a loopback address through https_proxy; Go's clients never do.
        options.append(("grpc.enable_http_proxy", 0))
    credentials = grpc.ssl_channel_credentials(root_certificates=endpoint.ca_pem)
    return grpc.secure_channel(endpoint.address, credentials, options=options)
