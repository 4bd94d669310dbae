"""Fetching a service's certificate through a proxy."""

import base64
import socket

import pytest
from tcp import Listener
from tls_servers import client, forward, grpc_server, leaf

from kubectl_cbt.errors import ServiceUnreachable
from kubectl_cbt.wire.service_proxy import proxy_for

# Proxies.


def proxying(port: int, resolved: list[str], status: str = "HTTP/1.1 200 Connection established"):
    def serve(connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1 << 16)
        resolved.append(head.decode())
        connection.sendall(f"{status}\r\n\r\n".encode())
        if " 200 " in status:
            forward(port)(connection)

    return serve


@pytest.fixture
def proxied(monkeypatch):
    for name in ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_certificate_and_stream_pass_through_the_same_proxy(proxied):
    resolved: list[str] = []
    with grpc_server(leaf("csi.example")) as port, Listener(proxying(port, resolved)) as proxy:
        proxied.setenv("https_proxy", f"http://user:p%2Fss@{proxy.address}")
        with client("csi.example:6443") as source:
            assert source.health() == "SERVING"
    assert [head.splitlines()[0].rpartition(" ")[0] for head in resolved] == ["CONNECT csi.example:6443"] * 2
    login = base64.b64encode(b"user:p/ss").decode()
    assert f"Proxy-Authorization: Basic {login}" in resolved[0]


def test_a_proxy_that_refuses_is_named_without_its_password(proxied):
    with Listener(proxying(0, [], "HTTP/1.1 403 For\x1bbidden")) as proxy:
        proxied.setenv("https_proxy", f"http://user:secret@{proxy.address}")
        with client("csi.example:6443") as source, pytest.raises(ServiceUnreachable) as caught:
            source.health()
    assert f"through the proxy {proxy.address}: it returned HTTP/1.1 403" in caught.value.message
    assert "secret" not in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("address", "environment", "expected"),
    [
        ("csi.example:6443", {}, None),
        ("csi.example:6443", {"https_proxy": "http://p:1"}, ("p", 1)),
        ("csi.example:6443", {"http_proxy": "http://p"}, ("p", 80)),
        ("csi.example:6443", {"grpc_proxy": "", "https_proxy": "http://p:1"}, None),
        ("csi.example:6443", {"grpc_proxy": "http://g:2", "https_proxy": "http://p:1"}, ("g", 2)),
        ("csi.example:6443", {"HTTPS_PROXY": "http://p:1"}, None),
        ("csi.example:6443", {"https_proxy": "socks5://p:1"}, None),
        ("csi.example:6443", {"https_proxy": "http://p:port"}, None),
        ("csi.example:6443", {"https_proxy": "http://p:1", "no_proxy": "other, .EXAMPLE"}, None),
        ("csi.example:6443", {"https_proxy": "http://p:1", "no_proxy": "other"}, ("p", 1)),
        ("csi.example:6443", {"https_proxy": "http://p:1", "no_grpc_proxy": "x", "no_proxy": "example"}, ("p", 1)),
        ("10.1.2.3:6443", {"https_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"}, None),
        ("10.1.2.3:6443", {"https_proxy": "http://p:1", "no_proxy": "11.0.0.0/8"}, ("p", 1)),
        ("127.0.0.1:6443", {"https_proxy": "http://p:1"}, None),
        ("[::1]:6443", {"https_proxy": "http://p:1"}, None),
        ("localhost:6443", {"https_proxy": "http://p:1"}, None),
    ],
)
def test_the_proxy_is_the_one_that_grpc_uses(proxied, address, environment, expected):
    for name, value in environment.items():
        proxied.setenv(name, value)
    proxy = proxy_for(address)
    assert (proxy and (proxy.host, proxy.port)) == expected
