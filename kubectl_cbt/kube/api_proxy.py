"""The proxy for the API server: the kubeconfig's, or the environment's by the rules of Go's clients.

Those differ from Python's: upper case takes precedence, there is no ``ALL_PROXY``, loopback is always direct, and
``NO_PROXY`` does not apply to a proxy of the kubeconfig.
"""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import SplitResult, unquote, urlsplit

from kubectl_cbt.address import is_host, is_loopback
from kubectl_cbt.errors import ConfigError

_SCHEMES = ("http", "https", "socks5")


def proxy_for(server: str, proxy_url: str = "") -> tuple[str | None, dict[str, str] | None]:
    """The proxy's URL without a login, and the headers that log in at it; None for no proxy, and for no login.

    Args:
        proxy_url: from the kubeconfig; empty without one.

    Raises:
        ConfigError: the proxy is not a valid URL.
    """
    text = proxy_url or _of_environment(urlsplit(server))
    if not text:
        return None, None
    try:
        url = urlsplit(text)
        host = url.hostname or ""
        usable = url.scheme in _SCHEMES and ("[" in url.netloc or is_host(host)) and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        named = "proxy-url of the cluster" if proxy_url else "the proxy of the environment"
        raise ConfigError(f"{named} is not a valid proxy URL", hint=f"schemes: {', '.join(_SCHEMES)}")
    return _without_login(url), _login(url)


def _without_login(url: SplitResult) -> str:
    if url.scheme == "socks5":
        # SOCKS has its own login; the proxy resolves names, as in Go.
        return url._replace(scheme="socks5h").geturl()
    return url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()


def _login(url: SplitResult) -> dict[str, str] | None:
    from urllib3.util import make_headers

    if url.username is None or url.scheme == "socks5":
        return None
    return make_headers(proxy_basic_auth=f"{unquote(url.username)}:{unquote(url.password or '')}")


def _of_environment(server: SplitResult) -> str:
    host, port = server.hostname or "", server.port or (443 if server.scheme == "https" else 80)
    name = f"{server.scheme}_proxy"
    text = os.environ.get(name.upper()) or os.environ.get(name) or ""
    if not text or is_loopback(host) or _is_excepted(host, str(port)):
        return ""
    return text if "://" in text else f"http://{text}"


def _is_excepted(host: str, port: str) -> bool:
    exceptions = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return any(_excepts(part.strip().lower(), host, port) for part in exceptions.split(",") if part.strip())


def _excepts(part: str, host: str, port: str) -> bool:
    """Whether a part of NO_PROXY matches a host: ``*``, a network, or an address or a domain with or without port."""
    if part == "*":
        return True
    try:
        if "/" in part:
            return ipaddress.ip_address(host) in ipaddress.ip_network(part, strict=False)
        if ipaddress.ip_address(host) == ipaddress.ip_address(part.strip("[]")):
            return True
    except ValueError:
        pass
    name, _, wanted = part.rpartition(":") if part.count(":") == 1 or "]:" in part else (part, "", "")
    if wanted and wanted != port:
        return False
    name = name.strip("[]").removeprefix("*")
    # With a leading dot it matches only subdomains, without one also the name itself.
    return host == name or host.endswith(name if name.startswith(".") else f".{name}")
