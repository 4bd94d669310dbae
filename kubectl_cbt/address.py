"""``host:port`` addresses, as in a SnapshotMetadataService."""

from __future__ import annotations

import ipaddress
import re

_PORT = re.compile("[0-9]{1,5}")
_ODD_IN_HOST = re.compile("[^!-~]|[/?#@\\[\\]\\\\]")


def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port``; an IPv6 address must be in brackets and is returned without them.

    Raises:
        ValueError: what is wrong, to follow the name of the object that contains the address.
    """
    if "://" in address:
        raise ValueError(f'"{address}" has a scheme; it must be host:port')
    host, colon, port = address.rpartition(":")
    if not colon or not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise ValueError(f'"{address}" has no port; it must be host:port')
    if host.startswith("[") and host.endswith("]"):
        if not _is_ipv6(host[1:-1]):
            raise ValueError(f'"{address}" has no IPv6 address in its brackets')
        return host[1:-1], int(port)
    if not host or ":" in host:
        raise ValueError(f'"{address}" is not host:port')
    if not is_host(host):
        raise ValueError(f'"{address}" has no valid host name')
    return host, int(port)


def is_host(host: str) -> bool:
    """Whether a name can be resolved: labels of 1 to 63 characters, an optional dot at the end, at most 253 characters.

    Python's resolver and HTTP clients raise unrelated errors for other names.
    """
    name = host.removesuffix(".")
    try:
        encoded = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return False
    labels = encoded.split(".")
    return len(encoded) <= 253 and all(0 < len(label) < 64 for label in labels) and not _ODD_IN_HOST.search(encoded)


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, which is never connected to through a proxy."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
