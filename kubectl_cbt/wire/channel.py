"""TLS channels to a SnapshotMetadata sidecar."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import grpc.experimental

from kubectl_cbt.address import split_address
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.wire.certificate_names import address_of
from kubectl_cbt.wire.service_proxy import proxy_for

_FLOW_OPTIONS: tuple[tuple[str, int], ...] = (
    # Only identity, by its bit: a small compressed message can be inflated to any size. gRPC refuses such a message
    # before it inflates it, and tells the server beforehand.
    ("grpc.compression_enabled_algorithms_bitset", 1),
    # What may be on its way or unread, at most: 40 MB/s over a line of 50 ms. Left to itself gRPC measures the line
    # and lets this grow, to a hundred MiB on loopback while somebody reads slowly.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 2**21),
    # A call is waited for by the thread that iterates over it. Otherwise a thread of the channel hands each message on
    # to that one, and with a driver's usual 256 extents a message nearly all the time goes into waking them in turn:
    # measured, 66 µs a message instead of 11.
    (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1),
)

_KEEPALIVE_SECONDS = 310
_KEEPALIVE_PATIENCE_SECONDS = 20
_CLOSE_SECONDS = 2.0


def message_options(max_message_bytes: int = MAX_MESSAGE_BYTES) -> list[tuple[str, int | str]]:
    """For every channel that extents come through.

    Args:
        max_message_bytes: a larger message ends its call with RESOURCE_EXHAUSTED before it is received.
    """
    return [*_FLOW_OPTIONS, ("grpc.max_receive_message_length", max_message_bytes)]


def open_channel(
    address: str, server_name: str, trusted_pem: bytes, max_message_bytes: int = MAX_MESSAGE_BYTES
) -> grpc.Channel:
    """A channel that trusts only ``trusted_pem``; nothing connects before the first call.

    Args:
        address: ``host:port`` to connect to.
        server_name: what the served certificate has to be for, wherever the connection goes.
        trusted_pem: the one certificate that was verified for this connection, PEM. TLS then proves that the server
            has its key.
        max_message_bytes: see :func:`message_options`.
    """
    options: list[tuple[str, int | str]] = [
        *message_options(max_message_bytes),
        # A peer that is gone without a word (a dead node, a forgotten NAT entry) is found out by asking it. Go's
        # servers hang up on clients that ask more often than every five minutes.
        ("grpc.keepalive_time_ms", _KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_PATIENCE_SECONDS * 1000),
        ("grpc.http2.max_pings_without_data", 0),
        # A channel opened anew shall connect anew, and not wait for the back-off of the one that failed.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    # gRPC compares an IP address as text.
    expected = str(address_of(server_name) or server_name)
    if split_address(address)[0] != expected:
        options += [("grpc.ssl_target_name_override", expected), ("grpc.default_authority", expected)]
    # Decided here and not by gRPC, so that the certificate was fetched by the same way.
    proxy = proxy_for(address)
    options.append(("grpc.http_proxy", proxy.url) if proxy else ("grpc.enable_http_proxy", 0))
    credentials = grpc.ssl_channel_credentials(root_certificates=trusted_pem)
    return grpc.secure_channel(address, credentials, options=options)


@contextlib.contextmanager
def ending(call: Any, cancellation: Cancellation) -> Iterator[None]:
    """Cancel a call when ``cancellation`` is, and when the block is left: the server then frees what the call holds."""
    with cancellation.calling(call.cancel):
        try:
            yield
        finally:
            call.cancel()


def close_channel(channel: grpc.Channel) -> None:
    """Close it, and do not wait for long.

    gRPC waits for calls to be done. One that a signal's exception fell into, between two steps of gRPC's own, never is.
    """
    thread = threading.Thread(target=channel.close, name="cbt-close", daemon=True)
    thread.start()
    thread.join(_CLOSE_SECONDS)
