"""TLS channels to a SnapshotMetadata sidecar."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import grpc
import grpc.experimental

from kubectl_cbt.address import split_address
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.wire.certificate_names import address_of
from kubectl_cbt.wire.service_proxy import proxy_for

_FLOW_OPTIONS: tuple[tuple[str, int], ...] = (
    # A bit set with only identity: a small compressed message can expand to any size. gRPC rejects compressed messages
    # before expanding them, and announces this to the server.
    ("grpc.compression_enabled_algorithms_bitset", 1),
    # Maximum bytes in flight or unread: 40 MB/s at a latency of 50 ms. By default gRPC measures the connection and lets
    # this grow, to a hundred MiB on loopback with a slow reader.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 2**21),
    # The iterating thread waits for the call itself. Otherwise a thread of the channel hands over each message, and
    # with the usual 256 extents per message most of the time is spent waking the two threads: measured, 66 µs per
    # message instead of 11.
    (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1),
)

_KEEPALIVE_SECONDS = 310
_KEEPALIVE_PATIENCE_SECONDS = 20
_CLOSE_SECONDS = 2.0


def message_options(max_message_bytes: int = MAX_MESSAGE_BYTES) -> list[tuple[str, int | str]]:
    """Options for every channel that receives extents.

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
        server_name: the name to verify in the served certificate, whatever the address.
        trusted_pem: the certificate that was verified for this connection, PEM. TLS then proves that the server has
            its key.
        max_message_bytes: see :func:`message_options`.
    """
    options: list[tuple[str, int | str]] = [
        *message_options(max_message_bytes),
        # Keepalive pings detect a lost peer (a dead node, an expired NAT entry). Go's servers disconnect clients that
        # ping more often than every five minutes.
        ("grpc.keepalive_time_ms", _KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_PATIENCE_SECONDS * 1000),
        ("grpc.http2.max_pings_without_data", 0),
        # A new channel must connect immediately and not wait for the back-off of the one that failed.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    # gRPC compares an IP address as text.
    expected = str(address_of(server_name) or server_name)
    if split_address(address)[0] != expected:
        options += [("grpc.ssl_target_name_override", expected), ("grpc.default_authority", expected)]
    # Decided here and not by gRPC, so that it is the same proxy that the certificate was fetched through.
    proxy = proxy_for(address)
    options.append(("grpc.http_proxy", proxy.url) if proxy else ("grpc.enable_http_proxy", 0))
    credentials = grpc.ssl_channel_credentials(root_certificates=trusted_pem)
    return grpc.secure_channel(address, credentials, options=options)


def responses(call: Any, cancellation: Cancellation) -> Generator[bytes, None, int | None]:
    """Yield the messages of a call.

    The call is cancelled with ``cancellation``, and when the caller takes no more messages: the server then frees what
    it holds for the call.

    Returns:
        The number of messages before an error; None after OK. The error is not chained: gRPC's exception is the call
        itself, with the request and its secrets within reach. ``call.code()`` and ``call.details()`` describe it.
    """
    messages = 0
    with cancellation.calling(call.cancel):
        try:
            for message in call:
                messages += 1
                yield message
        except grpc.RpcError:
            return messages
        finally:
            call.cancel()
    return None


def close_channel(channel: grpc.Channel) -> None:
    """Close it, waiting for a limited time.

    gRPC waits for calls to end. A call that was interrupted by a signal inside gRPC's own code never ends.
    """
    thread = threading.Thread(target=channel.close, name="cbt-close", daemon=True)
    thread.start()
    thread.join(_CLOSE_SECONDS)
