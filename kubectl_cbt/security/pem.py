"""Certificates in PEM text, as a ``caCert`` holds them."""

from __future__ import annotations

import binascii
from collections.abc import Iterable

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def certificates_in(pem: bytes) -> list[bytes]:
    """The DER bytes of each CERTIFICATE block, in order; whether they are certificates is not checked.

    As Go's ``CertPool.AppendCertsFromPEM``: other blocks, damaged blocks and any text around blocks are skipped. A byte
    order mark in front of the first block is skipped too.

    Args:
        pem: from an object, untrusted.
    """
    found = []
    for part in pem.split(_BEGIN)[1:]:
        body, end, _ = part.partition(_END)
        try:
            # A block with headers fails here: the colon is not base64.
            der = binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
        except binascii.Error:
            continue
        if end and der:
            found.append(der)
    return found


def readable_certificates_in(pem: bytes) -> list[bytes]:
    """As :func:`certificates_in`, without what OpenSSL does not read as a certificate."""
    return list(filter(_is_certificate, certificates_in(pem)))


def pem_of(certificates: Iterable[bytes]) -> bytes:
    """PEM of DER certificates, with nothing around the blocks."""
    import ssl

    return "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode()


def block_count(pem: bytes) -> int:
    """How many CERTIFICATE blocks begin in it, damaged ones included."""
    return pem.count(_BEGIN)


def _is_certificate(der: bytes) -> bool:
    """Read by OpenSSL, which is loaded anyway; nothing is verified with it."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
    except (OSError, ValueError):
        return False
    return True
