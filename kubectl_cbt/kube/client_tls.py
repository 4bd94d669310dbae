"""The TLS context for an API server: made at login, complete, so that nothing it was made of is kept in a file."""

from __future__ import annotations

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
        """Show it to servers that ask for one.

        Raises:
            OSError: it cannot be used; of it ssl.SSLError.
            ValueError: the key has a password.
        """
        # OpenSSL takes paths only. It would ask the terminal for the password of a key.
        with readable_path(self.certificate) as certificate, readable_path(self.key) as key:
            context.load_cert_chain(certificate, key, password=lambda: "-")


def client_context(ca: bytes | None, *, verify: bool) -> SSLContext:
    """A context that accepts the certificates that kubectl accepts.

    Made here, and not by urllib3 for each connection: some are opened at the same time. From Python 3.13 on urllib3
    asks for extensions that Go's clients do not ask for, and that many a cluster's own CA does without.

    Args:
        ca: PEM of whom to trust; None for whom the system trusts. As in Go, blocks that are not certificates are
            skipped, and so is any text around blocks.
        verify: whether the server's certificate is checked.

    Raises:
        OSError: the CA cannot be used; of it ssl.SSLError.
        ValueError: the same.
    """
    from ssl import VERIFY_X509_STRICT

    from urllib3.util import create_urllib3_context

    context = create_urllib3_context()
    context.verify_flags &= ~VERIFY_X509_STRICT
    if ca is None:
        # urllib3 does this itself only for a context of its own making.
        context.load_default_certs()
    else:
        # OpenSSL refuses a whole bundle for one damaged block, and words around the blocks in some places.
        readable = readable_certificates_in(ca)
        if not readable:
            raise ValueError("it holds no certificate that can be read")
        context.load_verify_locations(cadata=b"".join(readable))
    # urllib3 sets verify_mode from cert_reqs, and Python wants the host name's check gone before.
    context.check_hostname = verify
    return context
