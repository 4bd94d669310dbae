"""The HTTP proxy for a service, by gRPC's rules, which differ from those for the API server."""

from __future__ import annotations

import base64
import ipaddress
import os
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from kubectl_cbt.address import is_loopback, split_address
from kubectl_cbt.units import printable

_LONGEST_ANSWER_BYTES = 16 * 2**10
_PORTS = {"http": 80}


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        url: from the environment; may contain a password.
        login: for the Proxy-Authorization header; empty for none.
    """

    url: str = field(repr=False)
    host: str
    port: int
    login: str = field(repr=False)

    def connect(self, address: str, timeout_seconds: float) -> socket.socket:
        """A connection to ``address`` through the proxy.

        Raises:
            OSError: the proxy cannot be reached, or refuses the connection.
        """
        connection = socket.create_connection((self.host, self.port), timeout=timeout_seconds)
        try:
            lines = [f"CONNECT {address} HTTP/1.0", f"Host: {address}"]
            lines += [f"Proxy-Authorization: Basic {self.login}"] if self.login else []
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            status = _answer(connection).partition(b"\r\n")[0].decode("ascii", "replace")
            if status.split()[1:2] != ["200"]:
                raise ConnectionError(f"failed to connect through the proxy {self.host}:{self.port}:"
                                      f" it returned {printable(status) or 'nothing'}")  # fmt: skip
        except BaseException:
            connection.close()
            raise
        return connection


def proxy_for(address: str) -> Proxy | None:
    """The proxy from the environment for ``host:port``; None for a direct connection.

    gRPC reads the variables only in lower case, supports only ``http://`` proxies, and treats an entry of ``no_proxy``
    as a suffix of a name or as a network. As in Go's clients, loopback addresses are always direct.
    """
    host = split_address(address)[0]
    text = _first("grpc_proxy", "https_proxy", "http_proxy")
    if not text or is_loopback(host) or _is_excepted(host, _first("no_grpc_proxy", "no_proxy")):
        return None
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    if url.scheme != "http" or not url.hostname:
        return None
    login = unquote(url.netloc.rpartition("@")[0])
    return Proxy(text, url.hostname, port or _PORTS["http"], base64.b64encode(login.encode()).decode())


def _first(*names: str) -> str:
    """The first variable that is set, even if empty: an empty one disables the proxy."""
    return next((os.environ[name] for name in names if name in os.environ), "")


def _is_excepted(host: str, exceptions: str) -> bool:
    parts = [part.strip() for part in exceptions.split(",") if part.strip()]
    return any(host.lower().endswith(part.lower()) or _is_in_network(host, part) for part in parts)


def _is_in_network(host: str, part: str) -> bool:
    try:
        return "/" in part and ipaddress.ip_address(host) in ipaddress.ip_network(part, strict=False)
    except ValueError:
        return False


def _answer(connection: socket.socket) -> bytes:
    """The head of the response; nothing follows it until the client sends more."""
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < _LONGEST_ANSWER_BYTES:
        data = connection.recv(4096)
        if not data:
            break
        answer += data
    return answer
