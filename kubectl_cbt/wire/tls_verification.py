"""Fetch and verify the certificate that a channel will trust, in a thread of its own.

The thread works while a token is requested, and can be cancelled at any time.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.wire.served_chain import CONNECT_SECONDS, ChainFetch

if TYPE_CHECKING:
    from cryptography import x509


class TlsVerification:
    """One fetch and one verification; starts immediately.

    Args:
        address: ``host:port`` to connect to.
        endpoint: the service whose certificate is expected.
    """

    def __init__(self, address: str, endpoint: Endpoint, timeout_seconds: float = CONNECT_SECONDS) -> None:
        self.address = address
        self._endpoint = endpoint
        self._fetch = ChainFetch(address, endpoint.host, timeout_seconds)
        self._timeout_seconds = timeout_seconds
        self._leaf_pem = b""
        self._error: Exception | None = None
        self._over = threading.Event()
        threading.Thread(target=self._run, name="cbt-certificate", daemon=True).start()

    def leaf_pem(self) -> bytes:
        """The certificate to trust, PEM; waits for it.

        Raises:
            CertificateRejected: it is not trusted.
            OSError: it cannot be fetched; ``TimeoutError`` if that takes too long or was cancelled.
        """
        # Resolving the address has no timeout of its own.
        if not self._over.wait(self._timeout_seconds):
            self.cancel()
            raise TimeoutError("connection attempt timed out")
        if self._error is not None:
            raise self._error
        if not self._leaf_pem:
            raise TimeoutError("aborted")
        return self._leaf_pem

    def cancel(self) -> None:
        """Cancel; safe from any thread. A waiting caller returns immediately."""
        self._fetch.cancel()
        self._over.set()

    def _run(self) -> None:
        try:
            # Imported in this thread: it takes a while.
            from cryptography.hazmat.primitives.serialization import Encoding

            from kubectl_cbt.wire.certificate_check import verify

            served = self._fetch.chain()
            leaf = verify(served, self._endpoint.ca_pem, self._endpoint.host)
            _check_key(leaf)
            self._leaf_pem = leaf.public_bytes(Encoding.PEM)
        except Exception as error:  # noqa: BLE001  # raised by leaf_pem()
            self._error = error
        finally:
            self._over.set()


def _check_key(leaf: x509.Certificate) -> None:
    """Reject a valid certificate that gRPC for Python cannot use: its own error would not name the reason."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    from kubectl_cbt.wire.certificate_check import CertificateRejected

    key = leaf.public_key()
    curves = (ec.SECP256R1, ec.SECP384R1)
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and not isinstance(key.curve, curves)
    ):
        raise CertificateRejected("gRPC for Python cannot use its kind of key, only RSA, P-256 and P-384", "form")
    usage = [one.value for one in leaf.extensions if isinstance(one.value, x509.KeyUsage)]
    if usage and not usage[0].digital_signature:
        raise CertificateRejected("its keyUsage lacks digitalSignature, which gRPC for Python requires", "form")
