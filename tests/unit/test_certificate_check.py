"""Which certificates are trusted: a table of them, judged by the check, by the real kubectl and by the real client."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager

import pytest
from certificate_table import CA, LEAF, TABLE, Row, judged, of
from certified import (
    CA_NO,
    CA_YES,
    HOST,
    Certified,
    certified,
    sans,
)
from cryptography import x509
from tcp import Listener

from kubectl_cbt.security.pem import certificates_in
from kubectl_cbt.wire.certificate_check import CertificateRejected, verify

KUBECTL = shutil.which("kubectl")


@pytest.mark.parametrize("what", TABLE)
def test_the_check_accepts_or_returns_the_reason(what):
    said = judged(TABLE[what])
    reason = TABLE[what].reason
    assert reason in said if reason else said == ""


@contextmanager
def serving(chain: list[Certified], folder):
    """The chain on a loopback port, for as many connections as come; what is asked for is answered with ``ok``."""
    path = folder / "served.pem"
    path.write_bytes(b"".join(one.pem for one in chain) + chain[0].key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # So that weak ones can be served at all.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(path)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with Listener(serve) as listener:
        yield listener.port


@pytest.mark.parametrize("what", [what for what, row in TABLE.items() if row.asks_go])
def test_go_gives_the_same_result(what, tmp_path):
    row = TABLE[what]
    accepted = not row.reason if row.go is None else row.go
    (tmp_path / "ca.pem").write_bytes(row.ca_pem)
    (tmp_path / "config").write_text("{}")
    with serving(row.chain, tmp_path) as port:
        if KUBECTL is None:
            assert judged(row) == "" or row.reason
            return
        flags = ("--kubeconfig", tmp_path / "config", "--certificate-authority", tmp_path / "ca.pem", "--token", "none")
        server = ("--server", f"https://127.0.0.1:{port}", "--tls-server-name", row.host)
        found = subprocess.run(
            [KUBECTL, *flags, *server, "get", "--raw", "/"],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert (found.stdout == "ok") is accepted, found.stderr
    assert accepted or re.search("x509|certificate|handshake failure", found.stderr)


# Names.


@pytest.mark.parametrize(
    ("carried", "server_name"),
    [
        ("a.example", "a.example"),
        ("A.Example", "a.eXAMPLE"),
        ("a.example", "a.example."),
        ("localhost", "localhost"),
        ("*.default", HOST),
        ("*.Default.svc", "csi.default.svc."),
        ("under_score.example", "under_score.example"),
        ("-odd name-.example", "-odd name-.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::1", "[::1]"),
        ("2001:db8::1", "2001:DB8:0:0::1"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_a_name_fits(carried, server_name):
    assert judged(Row([of(names=sans("other.example", carried))], CA.pem, host=server_name)) == ""


@pytest.mark.parametrize(
    ("carried", "server_name"),
    [
        ("a.b", "c.d"),
        ("a.example", "b.example"),
        ("default", HOST),
        (f"{HOST}.svc", HOST),
        ("*.example", "example"),
        ("*.example", "a.b.example"),
        ("*.example", ".example"),
        ("a*.example", "ab.example"),
        ("*a.example", "ba.example"),
        ("a.*.example", "a.b.example"),
        ("*.*.example", "a.b.example"),
        ("*", "a.example"),
        ("*.0.0.1", "127.0.0.1"),
        ("*.example", "-odd name-.example"),
        ("a.example.", "a.example"),
        ("k.example", "\N{KELVIN SIGN}.example"),
        ("127.0.0.2", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1.example"),
        ("::1", "127.0.0.1"),
    ],
)
def test_a_name_does_not_fit(carried, server_name):
    said = judged(Row([of(names=sans(carried))], CA.pem, host=server_name))
    assert said == f"it is for {carried}, not for {server_name}"


def test_an_address_written_as_a_name_is_not_an_address():
    names = x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")])
    assert judged(Row([of(names=names)], CA.pem, host="127.0.0.1")) == "it is for 127.0.0.1, not for 127.0.0.1"


def test_of_many_names_the_first_are_listed():
    said = judged(Row([of(names=sans(*(f"{letter}.example" for letter in "abcdefgh")))], CA.pem))
    assert said == f"it is for a.example, b.example, c.example, d.example, e.example and 3 more, not for {HOST}"


def test_names_in_a_certificate_cannot_command_a_terminal():
    said = judged(Row([of(names=sans("\x1b[2Jevil.example"))], CA.pem))
    assert "\x1b" not in said
    authority = certified([CA_NO], subject="\x1b]0;title\x07")
    assert judged(Row([of(issuer=authority)], authority.pem)).isprintable()


# Damage and effort.


@pytest.mark.parametrize("served", [[], [b""], [b"no DER"], [LEAF.der[:-1]]])
def test_what_is_not_a_certificate_is_rejected(served):
    with pytest.raises(CertificateRejected, match="it cannot be read"):
        verify(served, CA.pem, HOST)


def test_a_changed_byte_is_never_accepted():
    # Of what is signed: the bits of padding behind a signature say nothing.
    signed = LEAF.certificate.tbs_certificate_bytes
    start = LEAF.der.index(signed)
    for position in range(start, start + len(signed)):
        changed = bytearray(LEAF.der)
        changed[position] ^= 1
        with pytest.raises(CertificateRejected) as refused:
            verify([bytes(changed)], CA.pem, HOST)
        assert refused.value.reason.isprintable()


def test_many_intermediates_that_sign_each_other_are_given_up_soon():
    """With one name and one key each of them could have issued each: the number of paths grows with every step."""
    first = certified([CA_YES], subject="loop.example")
    loop = [certified([CA_YES], subject="loop.example", key=first.key).der for _ in range(100)]
    started = time.process_time()
    with pytest.raises(CertificateRejected):
        verify([of(issuer=first).der, *loop], CA.pem, HOST)
    assert time.process_time() - started < 5


def test_pem_is_split_in_time_that_grows_with_its_length():
    assert certificates_in(b"-----BEGIN CERTIFICATE-----" * 100_000) == []
    assert certificates_in(b"-----BEGIN CERTIFICATE-----\nProc-Type: 4\n\nAAAA\n-----END CERTIFICATE-----") == []
    assert certificates_in(CA.pem.replace(b"\n", b"\r\n") + LEAF.pem) == [CA.der, LEAF.der]
