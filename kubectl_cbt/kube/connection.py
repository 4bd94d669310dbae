"""How to connect to an API server, and as whom: what a kubeconfig comes to once a login is done.

urllib3 does the connecting, as it does for the Kubernetes client; that one's own pool is left aside because importing
it takes longer than a whole command without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssl import SSLContext

    from urllib3 import PoolManager

PARALLEL_REQUESTS = 4
"""Connections kept open: no command has more to ask at once."""


def _nobody() -> str:
    return ""


@dataclass(slots=True)
class Connection:
    """An API server.

    Attributes:
        server: URL, without a login and without a slash at its end.
        context: whom to trust, and our client certificate.
        verify: whether its certificate is checked.
        server_name: what its certificate has to be for; None for the URL's host.
        proxy: URL; None for a direct connection.
        proxy_headers: what logs in at the proxy.
        authorization: gives the header of that name, renewed where need be; empty for a login without one.
    """

    server: str
    context: SSLContext
    verify: bool = True
    server_name: str | None = None
    proxy: str | None = field(default=None, repr=False)
    proxy_headers: dict[str, str] | None = field(default=None, repr=False)
    authorization: Callable[[], str] = field(default=_nobody, repr=False)

    def pool(self) -> PoolManager:
        """Connections to it; nothing connects yet."""
        import urllib3

        settings: dict[str, Any] = {
            # Retrying is the user's decision: urllib3 would try a dead API server three times before it says so.
            "retries": False,
            "maxsize": PARALLEL_REQUESTS,
            "ssl_context": self.context,
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
