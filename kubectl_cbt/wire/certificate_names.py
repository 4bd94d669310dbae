"""Which host a certificate is valid for, by the rules of Go's crypto/x509 (Certificate.VerifyHostname)."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Go applies wildcards only to names of such labels. Any other name must be in the certificate byte for byte.
_LABEL = re.compile(rb"[a-z0-9_][a-z0-9_-]*")


def is_for(names: x509.SubjectAlternativeName, server_name: str) -> bool:
    """Whether a certificate with ``names`` is valid for ``server_name``, a DNS name or an IP address.

    A certificate's common name never counts.
    """
    from cryptography import x509

    address = address_of(server_name)
    if address is None:
        return any(_covers(name, server_name) for name in names.get_values_for_type(x509.DNSName))
    return any(address_of(str(one)) == address for one in names.get_values_for_type(x509.IPAddress))


def address_of(name: str) -> _Address | None:
    """``name`` as an IP address, with or without brackets; None for a DNS name. IPv4 in IPv6 is IPv4, as in Go."""
    try:
        address = ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _covers(pattern: str, server_name: str) -> bool:
    # As bytes: their lower() is ASCII's, and does not turn a Kelvin sign into a k.
    carried, wanted = pattern.encode().lower(), server_name.encode().lower()
    first, *rest = carried.split(b".")
    labels = wanted.removesuffix(b".").split(b".")
    if not all(map(_LABEL.fullmatch, [*labels, *rest, b"any" if first == b"*" else first])):
        return carried == wanted != b""
    return first in (b"*", labels[0]) and rest == labels[1:]
