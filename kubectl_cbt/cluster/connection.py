"""How to connect to an API server, and as whom: what a kubeconfig comes to once a login is done.

urllib3 does the connecting, as it does for the Kubernetes client; that one's own pool is left aside because importing
it takes longer than a whole command without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib3 import PoolManager

PARALLEL_REQUESTS = 4
"""Connections kept open: no command has more to ask at once."""


def _nobody() -> str:
    return ""


@dataclass(slots=True)
class Connection:
    """An API server.

    Attributes:
        server: URL, without a slash at its end.
        verify: whether its certificate is checked.
        ca_file: PEM of whom to trust; None for whom the system trusts.
        server_name: what its certificate has to be for; None for the URL's host.
        certificate_file: PEM of a client certificate; None for no such login.
        key_file: PEM of its key.
        proxy: URL; None for a direct connection.
        proxy_headers: what logs in at the proxy.
        authorization: gives the header of that name, renewed where need be; empty for a login without one.
    """

    server: str
    verify: bool = True
    ca_file: str | None = None
    server_name: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    proxy: str | None = None
    proxy_headers: dict[str, str] | None = field(default=None, repr=False)
    authorization: Callable[[], str] = field(default=_nobody, repr=False)

    def pool(self) -> PoolManager:
        """Connections to it; nothing connects yet."""
        import urllib3

        settings: dict[str, Any] = {
            # Retrying is the user's decision: urllib3 would try a dead API server three times before it says so.
            "retries": False,
            "maxsize": PARALLEL_REQUESTS,
            "ssl_context": self._context(),
            "cert_reqs": "CERT_REQUIRED" if self.verify else "CERT_NONE",
        }
        if self.server_name:
            settings["server_hostname"] = self.server_name
        if self.proxy is None:
            return urllib3.PoolManager(**settings)
        if self.proxy.startswith("socks"):
            from urllib3.contrib.socks import SOCKSProxyManager

            return SOCKSProxyManager(self.proxy, headers=self.proxy_headers, **settings)
        return urllib3.ProxyManager(self.proxy, proxy_headers=self.proxy_headers, **settings)

    def _context(self) -> Any:
        """Trust the certificates kubectl trusts, and show ours.

        Made ready here, and not by urllib3 for each connection: some are opened at the same time. From Python 3.13 on
        urllib3 asks for extensions that Go's clients do not ask for, and that many a cluster's own CA does without.
        """
        from ssl import VERIFY_X509_STRICT

        from urllib3.util import create_urllib3_context

        context = create_urllib3_context()
        context.verify_flags &= ~VERIFY_X509_STRICT
        if self.ca_file is None:
            # urllib3 does this itself only for a context of its own making.
            context.load_default_certs()
        else:
            context.load_verify_locations(self.ca_file)
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file, self.key_file)
        # urllib3 sets verify_mode from cert_reqs, and Python wants the host name's check gone before.
        context.check_hostname = self.verify
        return context
