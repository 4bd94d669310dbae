"""The TLS context for an API server: created at login, so that no key or CA is kept in a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.security.pem import readable_certificates_in
from kubectl_cbt.system.private_files import readable_path

if TYPE_CHECKING:
    from ssl import SSLContext


@dataclass(frozen=True, slots=True, repr=False)
class ClientCertificate:
    """A client certificate and its key, both PEM."""

    certificate: bytes
    key: bytes

    def load_into(self, context: SSLContext) -> None:
        """Present it to servers that request one.

        Raises:
            OSError: it is invalid (``ssl.SSLError``).
            ValueError: the key has a password.
        """
        # OpenSSL accepts only paths. It would prompt for the password of a key.
        with readable_path(self.certificate) as certificate, readable_path(self.key) as key:
            context.load_cert_chain(certificate, key, password=lambda: "-")


def client_context(ca: bytes | None, *, verify: bool) -> SSLContext:
    """A context that accepts the certificates that kubectl accepts.

    Created here, and not by urllib3 for each connection: some are opened concurrently. Since Python 3.13 urllib3
    requires extensions that Go's clients do not require, and that many clusters' own CAs omit.

    Args:
        ca: PEM of the CAs to trust; None for the system's. As in Go, blocks that are not certificates are skipped, and
            so is any text around blocks.
        verify: whether to verify the server's certificate.

    Raises:
        OSError: the CA is invalid (``ssl.SSLError``).
        ValueError: the CA contains no readable certificate.
    """
    from ssl import VERIFY_X509_STRICT

    from urllib3.util import create_urllib3_context
    from urllib3.util.ssl_ import ALPN_PROTOCOLS

    context = create_urllib3_context()
    context.set_alpn_protocols(ALPN_PROTOCOLS)
    # urllib3 does so for each connection, which frees what OpenSSL may just be copying for another one in another
    # thread: the server gets garbage, and answers with the alert decode_error.
    context.set_alpn_protocols = _keep_protocols  # type: ignore[method-assign]
    context.verify_flags &= ~VERIFY_X509_STRICT
    if ca is None:
        # urllib3 does this itself only for a context that it creates.
        context.load_default_certs()
    else:
        # OpenSSL rejects a whole bundle for one damaged block, and in some places for text around the blocks.
        readable = readable_certificates_in(ca)
        if not readable:
            raise ValueError("it contains no readable certificate")
        context.load_verify_locations(cadata=b"".join(readable))
    # urllib3 sets verify_mode from cert_reqs, and Python requires check_hostname to be off before that.
    context.check_hostname = verify
    return context


def _keep_protocols(alpn_protocols: Iterable[str]) -> None:
    """They are set already, to the same."""
