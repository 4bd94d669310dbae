"""Fetching what a service serves, and connecting with what was verified: real sockets, real TLS, real gRPC."""

import base64
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import grpc
import pytest
from certified import CA_YES, HOST, Certified, certified, sans, usage
from tcp import Listener

from kubectl_cbt.errors import ServiceUnreachable, StreamCut, StreamError, TlsFailed
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.route import DirectRoute
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.certificate_check import CertificateRejected, verify
from kubectl_cbt.wire.served_chain import ChainFetch
from kubectl_cbt.wire.service_proxy import proxy_for
from kubectl_cbt.wire.sidecar import SidecarSource
from kubectl_cbt.wire.status import certificate_error

CA = certified([CA_YES], subject="ca.example")
INTERMEDIATE = certified([CA_YES], issuer=CA, subject="intermediate.example")


def leaf(*hosts: str, issuer: Certified = CA, **more) -> Certified:
    return certified(sans(*(hosts or ("127.0.0.1",))), issuer=issuer, subject="leaf.example", **more)


class Tls:
    """One handshake, and what was asked for in it."""

    def __init__(self, folder, *chain: Certified) -> None:
        self.server_name: str | None = None
        self.protocol: str | None = None
        path = folder / "served.pem"
        path.write_bytes(b"".join(one.pem for one in chain) + chain[0].key_pem)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(path)
        self._context.set_alpn_protocols(["h2"])
        self._context.sni_callback = self._note

    def _note(self, _connection, server_name, _context) -> None:
        self.server_name = server_name

    def __call__(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as secured:
            self.protocol = secured.selected_alpn_protocol()
            secured.recv(1)


def test_leaf_and_intermediates_are_fetched_with_the_name_sent_and_http_2_asked_for(tmp_path):
    served = leaf(issuer=INTERMEDIATE)
    tls = Tls(tmp_path, served, INTERMEDIATE)
    with Listener(tls) as listener:
        assert ChainFetch(listener.address, f"{HOST}.").chain() == [served.der, INTERMEDIATE.der]
    assert (tls.server_name, tls.protocol) == (HOST, "h2")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "[::1]"])
def test_an_address_is_not_sent_as_a_name(tmp_path, address):
    tls = Tls(tmp_path, leaf())
    with Listener(tls) as listener:
        ChainFetch(listener.address, address).chain()
    assert tls.server_name is None


def test_a_name_that_cannot_be_sent_is_an_error_of_the_connection():
    with Listener() as listener, pytest.raises(OSError, match="cannot be sent"):
        ChainFetch(listener.address, "a" * 64 + ".example").chain()
    assert listener.connections == 0


def drip(connection: socket.socket) -> None:
    """A byte now and then of a TLS record that never ends."""
    connection.sendall(b"\x16\x03\x03\x40\x00")
    connection.settimeout(0.01)
    while True:
        connection.sendall(b"\0")
        with suppress(TimeoutError):
            if not connection.recv(1 << 16):
                return


def silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


@pytest.mark.parametrize("serve", [drip, silent])
def test_a_server_that_never_finishes_its_handshake_is_given_up(serve):
    with Listener(serve) as listener, pytest.raises(TimeoutError, match="handshake timed out"):
        ChainFetch(listener.address, HOST, timeout_seconds=0.2).chain()


# The client.


@contextmanager
def grpc_server(*served: Certified):
    """A health service that is SERVING."""
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    check = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"\x08\x01")
    handlers = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})
    server.add_generic_rpc_handlers([handlers])
    pair = (served[0].key_pem, b"".join(one.pem for one in served))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@contextmanager
def client(address: str, ca_pem: bytes = CA.pem, *, name: str = "", **more):
    source = SidecarSource(
        Endpoint("csi.example", address, "audience", ca_pem, tls_server_name=name), lambda: Secret(""), **more
    )
    try:
        yield source
    finally:
        source.close()


SELF_SIGNED = certified(sans("127.0.0.1"), subject="self.example")
SELF_SIGNED_CA = certified(
    sans("127.0.0.1"), [CA_YES], [usage("digital_signature", "key_cert_sign")], subject="self.example"
)
NAMELESS = certified([sans("127.0.0.1")], subject="")


@pytest.mark.parametrize(
    ("served", "ca_pem"),
    [
        ([leaf()], CA.pem),
        ([leaf(key="RSA")], CA.pem),
        ([leaf(key="P-384")], CA.pem),
        ([leaf(issuer=INTERMEDIATE), INTERMEDIATE], CA.pem),
        ([SELF_SIGNED], SELF_SIGNED.pem),
        ([SELF_SIGNED_CA], SELF_SIGNED_CA.pem),
        ([NAMELESS], NAMELESS.pem),
    ],
    ids=["leaf", "RSA", "P-384", "intermediate", "self-signed", "self-signed CA", "without names"],
)
def test_grpc_connects_with_each_kind_of_certificate_that_was_verified(served, ca_pem):
    with grpc_server(*served) as port, client(f"127.0.0.1:{port}", ca_pem) as source:
        assert source.health() == "SERVING"
        assert source.certificate() == served[0].certificate


@pytest.mark.parametrize(
    ("carried", "name"),
    [
        ("*.default.svc", "csi.default.svc"),
        ("a.example", "A.example."),
        ("under_score.example", "under_score.example"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_grpc_accepts_the_names_that_the_check_accepts(carried, name):
    with grpc_server(leaf(carried)) as port, client(f"127.0.0.1:{port}", name=name) as source:
        assert source.health() == "SERVING"


@pytest.mark.parametrize(
    ("key", "extensions", "words"),
    [("Ed25519", [], "cannot use its kind of key"), ("P-521", [], "cannot use its kind of key"),
     ("RSA", [[usage("key_encipherment")]], "lacks digitalSignature")],
)  # fmt: skip
def test_a_certificate_that_grpc_cannot_use_is_named(tmp_path, key, extensions, words):
    served = certified(sans("127.0.0.1"), *extensions, issuer=CA, key=key)
    with (
        Listener(Tls(tmp_path, served)) as listener,
        client(listener.address) as source,
        pytest.raises(TlsFailed, match=words),
    ):
        source.health()


def forward(port: int):
    """A connection to another port, until either end closes it."""

    def serve(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            threads = [threading.Thread(target=_pump, args=ends) for ends in ((client, server), (server, client))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    return serve


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def test_a_certificate_that_is_replaced_in_between_is_verified_anew():
    with (
        grpc_server(leaf()) as before,
        grpc_server(leaf()) as after,
        Listener(forward(before), forward(after)) as front,
        client(front.address) as source,
    ):
        assert source.health() == "SERVING"


def test_a_stranger_after_the_check_gets_nothing():
    """The connection that was verified is not the one that gRPC makes: it has to show the same key."""
    stranger = certified(sans("127.0.0.1"), issuer=certified([CA_YES], subject="ca.example"), subject="leaf.example")
    with (
        grpc_server(leaf()) as good,
        grpc_server(stranger) as bad,
        Listener(forward(good), forward(bad)) as front,
        client(front.address) as source,
        pytest.raises(TlsFailed, match="no certificate of caCert signed it"),
    ):
        source.health()


def test_a_certificate_that_is_another_each_time_is_given_up():
    with grpc_server(leaf()) as one, grpc_server(leaf()) as other:
        fronts = [forward(one), forward(other)] * 20
        with (
            Listener(*fronts) as front,
            client(front.address) as source,
            pytest.raises(TlsFailed, match="sends a different certificate on each connection"),
        ):
            source.health()
    assert front.connections <= 8


def test_a_ca_that_is_replaced_each_time_is_given_up():
    reads = 0

    def fresh() -> Endpoint:
        nonlocal reads
        reads += 1
        return Endpoint("csi.example", address, "audience", certified([CA_YES], subject=f"{reads}.example").pem)

    with grpc_server(leaf()) as port:
        address = f"127.0.0.1:{port}"
        with client(address, certified([CA_YES]).pem, fresh_endpoint=fresh) as source, pytest.raises(TlsFailed):
            source.health()
    assert reads <= 3


@pytest.mark.parametrize(
    ("name", "reached", "words"),
    [
        ("", "", "until then, --service-tls-server-name NAME"),
        ("given.example", "", "--service-tls-server-name is given.example: omit it"),
        ("", "elsewhere", "is --address right?"),
    ],
)
def test_a_wrong_name_or_address_of_the_users_own_is_not_the_drivers_fault(name, reached, words):
    with grpc_server(leaf("real.example")) as port:
        own = f"127.0.0.1:{port}" if not reached else "csi.default:6443"
        with (
            client(own, name=name, route=DirectRoute(f"127.0.0.1:{port}")) as source,
            pytest.raises(TlsFailed, match=r"it is for real\.example, not for") as caught,
        ):
            source.health()
    assert words in caught.value.hint


def test_a_clock_that_may_be_wrong_is_mentioned():
    with (
        grpc_server(leaf(days=(1, 9))) as port,
        client(f"127.0.0.1:{port}") as source,
        pytest.raises(TlsFailed, match="it is not valid before") as caught,
    ):
        source.health()
    assert "is this machine's clock right? Its time is" in caught.value.hint


@pytest.mark.parametrize("days", [(1, 9), (-9, -1)], ids=["not valid yet", "expired"])
@pytest.mark.parametrize(
    ("ahead_seconds", "words"),
    [
        (7300, "this machine's clock is 121m ahead of the API server's; set this machine's clock"),
        (-86400 * 3, "this machine's clock is 3d behind the API server's; set this machine's clock"),
        (299, ""),
        (None, ""),
    ],
)
def test_a_clock_that_is_known_to_be_wrong_is_blamed_and_not_the_certificates(days, ahead_seconds, words):
    with pytest.raises(CertificateRejected) as rejected:
        verify([leaf(days=days).der], CA.pem, "127.0.0.1")
    endpoint = Endpoint("csi.example", "127.0.0.1:1", "audience", CA.pem)
    hint = certificate_error(rejected.value, endpoint, "", ahead_seconds).hint
    assert hint.startswith(words or ("is this machine's clock right?" if days[0] > 0 else "create new certificates"))
    assert ("set this machine's clock" in hint) == bool(words)


@pytest.mark.parametrize(
    ("serve", "kind", "words"),
    [
        (lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), TlsFailed, "does not use TLS"),
        (
            lambda connection: connection.recv(1 << 16) and None,
            ServiceUnreachable,
            "closed the connection during the TLS handshake",
        ),
    ],
)
def test_what_is_not_tls_is_named(serve, kind, words):
    with Listener(serve) as listener, client(listener.address) as source, pytest.raises(kind, match=words):
        source.health()


def test_a_port_nobody_listens_at_cannot_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with client(f"127.0.0.1:{port}") as source, pytest.raises(ServiceUnreachable, match="cannot be reached"):
        source.health()


def test_a_connection_that_is_being_made_can_be_given_up():
    heard = threading.Event()

    def heard_and_silent(connection: socket.socket) -> None:
        connection.recv(1)
        heard.set()
        silent(connection)

    with Listener(heard_and_silent) as listener, client(listener.address) as source:
        errors: list[StreamError] = []

        def connect() -> None:
            try:
                list(source.query(Query(SnapshotRef("shop", "snap")), cancellation))
            except StreamError as error:
                errors.append(error)

        cancellation = Cancellation()
        thread = threading.Thread(target=connect)
        thread.start()
        heard.wait(30)
        cancellation.cancel()
        thread.join(10)
        assert not thread.is_alive()
    assert isinstance(errors[0], StreamCut)


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
def test_the_proxy_is_the_one_that_grpc_takes(proxied, address, environment, expected):
    for name, value in environment.items():
        proxied.setenv(name, value)
    proxy = proxy_for(address)
    assert (proxy and (proxy.host, proxy.port)) == expected
