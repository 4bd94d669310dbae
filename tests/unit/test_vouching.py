"""Which certificates are vouched for: each is served by a real TLS server, and fetched from it."""

import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubectl_cbt.demo.certificates import CertificateAuthority, ServerCertificate
from kubectl_cbt.wire.vouching import NotVouched, is_lookalike, pem, served_certificate, vouch

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOST = "csi-snapshot-metadata.default"
CAS = x509.BasicConstraints(ca=True, path_length=0)
CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
SERVERS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
ANYONE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
SPOILED = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"no ASN.1")
LIMITS = x509.NameConstraints([x509.DNSName("default")], None)


@dataclass(frozen=True)
class Certified:
    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return pem_of(self.certificate)


def certified(*extensions, issuer=None, subject="upstream.example", key=None, days=(-13, 30), **signing) -> Certified:
    """A certificate with exactly these extensions (critical when in a list); self-signed without an issuer."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(issuer.certificate.subject if issuer else named(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    for extension in extensions:
        critical = isinstance(extension, list)
        builder = builder.add_extension(extension[0] if critical else extension, critical=critical)
    if not isinstance(signer, ed25519.Ed25519PrivateKey):
        signing.setdefault("algorithm", hashes.SHA256())
    return Certified(builder.sign(signer, **({"algorithm": None} | signing)), key)


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def sans(*hosts: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([general_name(host) for host in hosts])


def general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, signs, False, False, False)


def pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem_of(key) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


CA = certified(CAS)
LEAF = certified(sans(HOST), issuer=CA)


class Listener:
    """One TLS handshake on 127.0.0.1, and what it was asked for; or, with no certificate, one connection."""

    def __init__(self, served: Certified | None, folder) -> None:
        self.server_name: str | None = None
        self.protocol: str | None = None
        self._context = self._serving(served, folder) if served else None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serving(self, served: Certified, folder) -> ssl.SSLContext:
        path = folder / "served.pem"
        path.write_bytes(served.pem + key_pem_of(served.key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.set_alpn_protocols(["h2"])
        context.sni_callback = self._note
        return context

    def _note(self, _connection, server_name, _context) -> None:
        self.server_name = server_name

    def _serve(self) -> None:
        # Hanging up in the middle is what the client does once it has the certificate.
        with suppress(OSError):
            connection, _ = self._socket.accept()
            with connection:
                if self._context:
                    with self._context.wrap_socket(connection, server_side=True) as secured:
                        self.protocol = secured.selected_alpn_protocol()
                        secured.recv(1)
                else:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def close(self) -> None:
        self._thread.join()
        self._socket.close()


@pytest.fixture
def listen(tmp_path) -> Iterator[Any]:
    opened: list[Listener] = []

    def open_one(served: Certified | None) -> Listener:
        opened.append(Listener(served, tmp_path))
        return opened[-1]

    yield open_one
    for listener in opened:
        listener.close()


@pytest.fixture
def objection(listen) -> Any:
    """What is said against a certificate once it was fetched from its server; None if it is vouched for."""

    def judge(served: Certified, ca_pem: bytes = CA.pem, server_name: str = HOST) -> str | None:
        leaf = served_certificate("127.0.0.1", listen(served).port, server_name, 30)
        assert leaf == served.certificate
        try:
            vouch(leaf, ca_pem, server_name, NOW)
        except NotVouched as refused:
            return refused.reason
        return None

    return judge


# Who signed it.


def test_a_lookalike_that_the_ca_signed_is_vouched_for(objection):
    assert is_lookalike(LEAF.certificate, CA.pem)
    assert objection(LEAF) is None


def test_another_key_under_the_same_subject_vouches_for_nobody(objection):
    stranger = certified(CAS)
    forged = certified(sans(HOST), issuer=stranger)
    assert is_lookalike(forged.certificate, CA.pem)
    assert objection(forged) == "caCert's key did not sign it"


def test_a_certificate_signed_with_its_own_key_is_not_vouched_for(objection):
    forged = certified(sans(HOST))
    assert is_lookalike(forged.certificate, CA.pem)
    assert objection(forged) == "caCert's key did not sign it"


def test_a_signature_under_another_issuers_name_does_not_count(objection):
    renamed = certified(CAS, subject="another.example", key=CA.key)
    assert objection(LEAF, renamed.pem) == "caCert's key did not sign it"


def test_a_changed_name_breaks_the_signature():
    changed = LEAF.certificate.public_bytes(serialization.Encoding.DER).replace(
        b"metadata.default", b"metadata.defiant"
    )
    leaf = x509.load_der_x509_certificate(changed)
    with pytest.raises(NotVouched, match="did not sign it"):
        vouch(leaf, CA.pem, HOST.replace("default", "defiant"), NOW)


def test_the_second_certificate_of_a_bundle_may_be_the_one_that_signed(objection):
    others = certified(CAS, subject="other.example").pem, certified(CAS).pem
    assert objection(LEAF, others[0] + b"# a comment\n" + CA.pem + others[1]) is None


def test_one_fit_certificate_of_a_renewed_ca_is_enough(objection):
    expired = certified(CAS, key=CA.key, days=(-60, -1))
    assert objection(LEAF, expired.pem + CA.pem) is None
    assert objection(LEAF, expired.pem) == "caCert's certificate expired on 2026-01-14"


def test_what_is_trusted_as_it_stands_needs_no_vouching(objection):
    assert objection(LEAF, CA.pem + LEAF.pem) == "it is in caCert itself"


def test_a_renewed_self_signed_certificate_with_the_old_key_is_not_vouched_for(objection):
    old = certified(CAS, sans(HOST))
    renewed = certified(CAS, sans(HOST), key=old.key)
    assert objection(renewed, old.pem) == "it is signed with its own key"


KEYS = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "ECDSA": lambda: ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("family", KEYS)
def test_a_signature_of_any_family_is_checked(objection, family):
    authority, stranger = (certified(CAS, key=KEYS[family]()) for _ in range(2))
    leaf = certified(sans(HOST), issuer=authority, key=KEYS[family]())
    assert objection(leaf, authority.pem) is None
    assert objection(leaf, stranger.pem) == "caCert's key did not sign it"


def test_an_rsa_pss_signature_is_checked(objection):
    authority = certified(CAS, key=KEYS["RSA"]())
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH)
    leaf = certified(sans(HOST), issuer=authority, algorithm=hashes.SHA384(), rsa_padding=pss)
    assert objection(leaf, authority.pem) is None


def test_a_hash_that_go_does_not_take_is_named(objection):
    leaf = certified(sans(HOST), issuer=CA, algorithm=hashes.SHA224())
    assert objection(leaf) == "it is signed with sha224"


# Who may sign.


@pytest.mark.parametrize(
    ("extensions", "said"),
    [
        ([CAS], None),
        ([CAS, usage(signs=True)], None),
        ([CAS, SERVERS], None),
        ([CAS, ANYONE], None),
        ([CAS, UNKNOWN], None),
        ([], "caCert's certificate may not issue any (basicConstraints)"),
        ([x509.BasicConstraints(False, None)], "caCert's certificate may not issue any (basicConstraints)"),
        ([CAS, usage(signs=False)], "caCert's certificate may not issue any (keyUsage)"),
        ([CAS, CLIENTS], "caCert's certificate is not for servers (extendedKeyUsage)"),
        ([CAS, LIMITS], "caCert's certificate limits names (nameConstraints), which is not checked here"),
        ([CAS, [LIMITS]], "caCert's certificate limits names (nameConstraints), which is not checked here"),
        (
            [CAS, [UNKNOWN]],
            "caCert's certificate has a critical extension that is not understood here: 1.3.6.1.4.1.99999.1",
        ),
    ],
)
def test_an_issuer_has_to_be_one(objection, extensions, said):
    authority = certified(*extensions)
    assert objection(certified(sans(HOST), issuer=authority), authority.pem) == said


def test_an_issuer_of_version_1_had_no_way_to_say_that_it_is_one(objection):
    plain = certified()
    authority = Certified(as_version_1(plain), plain.key)
    assert authority.certificate.version is x509.Version.v1
    assert objection(certified(sans(HOST), issuer=authority), authority.pem) is None


def as_version_1(plain: Certified) -> x509.Certificate:
    version_3, ecdsa_with_sha256 = bytes.fromhex("a003020102"), bytes.fromhex("300a06082a8648ce3d040302")
    _, _, fields = plain.certificate.tbs_certificate_bytes.partition(version_3)
    signed = der(0x30, fields)
    signature = plain.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return x509.load_der_x509_certificate(der(0x30, signed + ecdsa_with_sha256 + der(0x03, b"\0" + signature)))


def der(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (length if len(content) < 128 else bytes([0x80 | len(length)]) + length) + content


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((-60, -1), "caCert's certificate expired on 2026-01-14"),
        ((1, 60), "caCert's certificate is valid from 2026-01-16 on only"),
    ],
)
def test_an_issuer_has_to_be_valid_itself(objection, days, said):
    authority = certified(CAS, days=days)
    assert objection(certified(sans(HOST), issuer=authority), authority.pem) == said


# What it is for.


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((-60, -13), "it expired on 2026-01-02"),
        ((5, 60), "it is valid from 2026-01-20 on only"),
        ((0, 60), None),
        ((-60, 0), None),
    ],
)
def test_the_dates_are_those_of_a_valid_certificate_ends_included(objection, days, said):
    assert objection(certified(sans(HOST), issuer=CA, days=days)) == said


def test_without_a_time_the_clock_says_what_has_expired():
    authority = certified(CAS, days=(-60, 36500))
    leaf = certified(sans(HOST), issuer=authority, days=(-60, -13))
    with pytest.raises(NotVouched, match="it expired on 2026-01-02"):
        vouch(leaf.certificate, authority.pem, HOST)


@pytest.mark.parametrize(
    ("extension", "said"),
    [
        (SERVERS, None),
        (ANYONE, None),
        (CLIENTS, "it is not for servers (extendedKeyUsage)"),
        ([CLIENTS], "it is not for servers (extendedKeyUsage)"),
        ([usage(signs=True)], None),
        ([x509.BasicConstraints(False, None)], None),
        (UNKNOWN, None),
        ([UNKNOWN], "it has a critical extension that is not understood here: 1.3.6.1.4.1.99999.1"),
    ],
)
def test_the_purpose_has_to_be_a_servers_and_to_be_understood(objection, extension, said):
    assert objection(certified(sans(HOST), extension, issuer=CA)) == said


def test_a_certificate_that_cannot_be_read_is_not_vouched_for():
    with pytest.raises(NotVouched, match="it, or caCert, cannot be read: "):
        vouch(certified(SPOILED, issuer=CA).certificate, CA.pem, HOST, NOW)


# Whom it names.


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
    vouch(certified(sans("other.example", carried), issuer=CA).certificate, CA.pem, server_name, NOW)


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
    with pytest.raises(NotVouched) as refused:
        vouch(certified(sans(carried), issuer=CA).certificate, CA.pem, server_name, NOW)
    assert refused.value.reason == f"it is for {carried}, not for {server_name}"


def test_an_address_written_as_a_name_is_no_address():
    leaf = certified(x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")]), issuer=CA)
    with pytest.raises(NotVouched, match=r"it is for 127\.0\.0\.1, not for 127\.0\.0\.1"):
        vouch(leaf.certificate, CA.pem, "127.0.0.1", NOW)


def test_the_common_name_counts_for_nothing(objection):
    authority = certified(CAS, subject=HOST)
    assert objection(certified(issuer=authority, subject=HOST), authority.pem) == (
        f"it has no subjectAltName, and {HOST} has to be in one"
    )
    mail = x509.SubjectAlternativeName([x509.RFC822Name(f"root@{HOST}")])
    assert objection(certified(mail, issuer=authority, subject=HOST), authority.pem) == (
        f"it is for no name, not for {HOST}"
    )


def test_of_many_names_the_first_are_said():
    leaf = certified(sans(*(f"{letter}.example" for letter in "abcdefgh")), issuer=CA)
    said = "it is for a.example, b.example, c.example, d.example, e.example and 3 more, not for csi"
    with pytest.raises(NotVouched, match=re.escape(said)):
        vouch(leaf.certificate, CA.pem, HOST, NOW)


# Lookalikes.


def key_of(holder: Certified) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(holder.key.public_key())


ISSUERS_KEY = x509.AuthorityKeyIdentifier.from_issuer_public_key(CA.key.public_key())


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (certified(sans(HOST), issuer=CA), True),
        (certified(sans(HOST), key_of(LEAF), issuer=CA), True),
        # BoringSSL has nothing to compare the issuer's key identifier with.
        (certified(sans(HOST), ISSUERS_KEY, issuer=CA), True),
        (certified(sans(HOST), key_of(LEAF), ISSUERS_KEY, issuer=CA), False),
        (certified(sans(HOST), issuer=CA, subject=HOST), False),
        (certified(sans(HOST), subject=HOST), False),
        (certified(x509.UnrecognizedExtension(ISSUERS_KEY.oid, b"no ASN.1"), issuer=CA), False),
        (CA, False),
    ],
    ids=[
        "no identifiers",
        "its own key",
        "its issuer's key",
        "both keys",
        "another subject",
        "self-signed",
        "unreadable",
        "the CA",
    ],
)
def test_a_lookalike_is_told_by_its_names_and_key_identifiers(leaf, expected):
    assert is_lookalike(leaf.certificate, CA.pem) is expected


# Fetching.


def test_the_name_is_sent_and_http_2_asked_for(listen):
    listener = listen(LEAF)
    assert served_certificate("127.0.0.1", listener.port, f"{HOST}.", 30) == LEAF.certificate
    listener.close()
    assert (listener.server_name, listener.protocol) == (HOST, "h2")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "[::1]"])
def test_an_address_is_not_sent_as_a_name(listen, address):
    listener = listen(LEAF)
    served_certificate("127.0.0.1", listener.port, address, 30)
    listener.close()
    assert listener.server_name is None


def test_what_speaks_no_tls_is_an_ssl_error(listen):
    with pytest.raises(ssl.SSLError):
        served_certificate("127.0.0.1", listen(None).port, HOST, 30)


def test_what_is_silent_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        served_certificate("127.0.0.1", silent.getsockname()[1], HOST, 0.1)


def test_a_port_nobody_listens_at_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        served_certificate("127.0.0.1", port, HOST, 30)


def test_a_name_that_cannot_be_sent_is_an_error_of_the_connection():
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(OSError, match="no certificate can be had"):
        served_certificate("127.0.0.1", server.getsockname()[1], "a" * 64 + ".example", 30)


# With gRPC: what it says of a lookalike, and that it takes one that is vouched for.

SELF_SIGNED = re.compile(
    r"UNAVAILABLE: failed to connect to all addresses; last error: UNKNOWN: ipv4:127\.0\.0\.1:\d+: "
    r"(Ssl|Tls) handshake failed \(TSI_PROTOCOL_FAILURE\): SSL_ERROR_SSL: error:1000007d:SSL routines:"
    r"OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: self signed certificate(: OK)?"
)
OTHER_NAME = re.compile(r"Hostname Verification Check failed|Peer name \S+ is not in peer certificate")


@contextmanager
def serving(certificate: ServerCertificate) -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(1), options=[("grpc.so_reuseport", 0)])
    answer = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"hello")
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test", {"Ask": answer})])
    credentials = grpc.ssl_server_credentials([(certificate.key_pem, certificate.certificate_pem)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def ask(port: int, trusted_pem: bytes, host: str = "127.0.0.1") -> str:
    """The answer, or why there is none."""
    credentials = grpc.ssl_channel_credentials(root_certificates=trusted_pem)
    options = [("grpc.enable_http_proxy", 0), ("grpc.ssl_target_name_override", host)]
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=options) as channel:
        call = channel.unary_unary("/test/Ask")
        try:
            return call(b"", timeout=30).decode()
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"


@pytest.mark.parametrize("bare", [True, False], ids=["bare", "with extensions"])
def test_grpc_refuses_a_lookalike_and_takes_it_once_it_is_vouched_for(bare):
    authority = CertificateAuthority("upstream.example", bare=bare)
    with serving(authority.issue("127.0.0.1", like_its_issuer=True)) as port:
        assert SELF_SIGNED.fullmatch(ask(port, authority.pem))
        leaf = served_certificate("127.0.0.1", port, "127.0.0.1", 30)
        assert is_lookalike(leaf, authority.pem)
        vouch(leaf, authority.pem, "127.0.0.1")
        assert ask(port, pem(leaf)) == "hello"


def test_grpc_says_the_same_of_a_forged_one_which_is_not_vouched_for():
    authority, forger = CertificateAuthority("upstream.example"), CertificateAuthority("upstream.example")
    with serving(forger.issue("127.0.0.1", like_its_issuer=True)) as port:
        assert SELF_SIGNED.fullmatch(ask(port, authority.pem))
        leaf = served_certificate("127.0.0.1", port, "127.0.0.1", 30)
    with pytest.raises(NotVouched, match="caCert's key did not sign it"):
        vouch(leaf, authority.pem, "127.0.0.1")


def test_grpc_still_checks_the_name_of_what_was_vouched_for():
    authority = CertificateAuthority("upstream.example")
    certificate = authority.issue("127.0.0.1", like_its_issuer=True)
    with serving(certificate) as port:
        assert OTHER_NAME.search(ask(port, certificate.certificate_pem, "other.example"))


def test_grpc_takes_the_usual_certificate_without_vouching():
    authority = CertificateAuthority("upstream.example")
    with serving(authority.issue("127.0.0.1")) as port:
        assert ask(port, authority.pem) == "hello"
