"""Fetching the chain that a service serves, and connecting with the verified certificate: real TLS and gRPC."""

import socket
import threading
from contextlib import suppress

import pytest
from certified import CA_YES, HOST, certified, sans, usage
from tcp import Listener
from tls_servers import CA, INTERMEDIATE, NAMELESS, SELF_SIGNED, SELF_SIGNED_CA, Tls, client, forward, grpc_server, leaf

from kubectl_cbt.errors import ServiceUnreachable, StreamCut, StreamError, TlsFailed
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.route import DirectRoute
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.certificate_check import CertificateRejected, verify
from kubectl_cbt.wire.served_chain import ChainFetch
from kubectl_cbt.wire.status import certificate_error


def test_leaf_and_intermediates_are_fetched_with_sni_and_http_2(tmp_path):
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


def test_a_certificate_that_is_replaced_in_between_is_verified_again():
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


def test_a_port_without_a_listener_cannot_be_reached():
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
