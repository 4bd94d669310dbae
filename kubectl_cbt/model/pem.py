"""Certificates in PEM text, as a ``caCert`` holds them."""

from __future__ import annotations

import binascii

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
