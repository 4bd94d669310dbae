"""Certificates in PEM, as in a ``caCert``."""

from __future__ import annotations

import binascii
from collections.abc import Iterable

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def certificates_in(pem: bytes) -> list[bytes]:
    """The DER bytes of each CERTIFICATE block, in order, without checking that they are certificates.

    As Go's ``CertPool.AppendCertsFromPEM``: other blocks, damaged blocks and any text around blocks are skipped. A byte
    order mark before the first block is skipped too.

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
    """As :func:`certificates_in`, only those that OpenSSL can parse."""
    return list(filter(_is_certificate, certificates_in(pem)))


def pem_of(certificates: Iterable[bytes]) -> bytes:
    """PEM of DER certificates, without text around the blocks."""
    import ssl

    return "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode()


def block_count(pem: bytes) -> int:
    """The number of CERTIFICATE blocks, including damaged ones."""
    return pem.count(_BEGIN)


def _is_certificate(der: bytes) -> bool:
    """Whether OpenSSL, which is loaded anyway, can parse it; nothing is verified."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
    except (OSError, ValueError):
        return False
    return True
