"""``host:port`` addresses, as a SnapshotMetadataService has them."""

from __future__ import annotations

import ipaddress


def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port``; an IPv6 address stands in brackets and is returned without them.

    Raises:
        ValueError: with what is wrong, to follow the name of the object that holds the address.
    """
    if "://" in address:
        raise ValueError(f'"{address}" has a scheme; it has to be host:port')
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f'"{address}" has no port; it has to be host:port')
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    if not host or ":" in host:
        raise ValueError(f'"{address}" is not host:port')
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine: a proxy from the environment is never meant for it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
