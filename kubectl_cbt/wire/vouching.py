"""A second opinion on a served certificate that BoringSSL takes for self-signed.

Certificates made with upstream's recipe and an older OpenSSL have the subject of their CA. Nothing else tells them
from self-signed ones: BoringSSL, in grpcio, does not even look whether ``caCert`` signed them, and refuses. Go's
clients look, and stream. What Go asks of such a certificate is asked here, so that the caller may trust that one
certificate, and not less than before, for one channel.

Only a certificate that ``caCert`` signed directly is vouched for. A chain through intermediates, which Go would follow,
is not: no intermediate looks like this.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_SERVED = "it"
_AUTHORITY = "caCert's certificate"
_NAMES_SHOWN = 5
# Those of Go; a SHA-1 signature says nothing any more.
_HASHES = {"sha256", "sha384", "sha512"}
# The critical extensions that are looked into below.
_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
}
# Parsing is lazy: a spoiled certificate shows itself where it is read, not where it is loaded.
_UNREADABLE = (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
# Go applies wildcards to names of such labels only; any other name has to be carried letter by letter.
_LABEL = re.compile(rb"[a-z0-9_][a-z0-9_-]*")


class NotVouched(Exception):
    """The served certificate is not to be trusted.

    Attributes:
        reason: a clause that speaks of the served certificate as "it", such as ``it expired on 2026-01-02``. Names in
            it are the certificate's own, and so untrusted.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def served_certificate(host: str, port: int, server_name: str, timeout_seconds: float) -> x509.Certificate:
    """The certificate that is served at ``host:port``, unchecked: it is for :func:`vouch` to say what it is worth.

    Connects directly, whatever proxy the environment names.

    Args:
        server_name: sent as SNI unless it is an IP address. Through a port-forward it is not ``host``.
        timeout_seconds: for each of connecting and the handshake.

    Raises:
        OSError: nobody listens, or who does speaks no TLS (``ssl.SSLError``), is silent (``TimeoutError``), or serves
            what is no certificate; or ``server_name`` cannot be sent.
    """
    try:
        # Before connecting: ssl loses a socket when the name given to it cannot be encoded.
        sni = _sni(server_name)
        with (
            socket.create_connection((host, port), timeout=timeout_seconds) as connection,
            _unchecking().wrap_socket(connection, server_hostname=sni) as secured,
        ):
            return x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    except (ValueError, x509.InvalidVersion) as error:
        raise OSError(f"no certificate can be had from {host}:{port}: {error}") from error


def pem(leaf: x509.Certificate) -> bytes:
    """The one certificate that was vouched for, as a channel takes what it is to trust."""
    return leaf.public_bytes(serialization.Encoding.PEM)


def is_lookalike(leaf: x509.Certificate, ca_pem: bytes) -> bool:
    """Whether BoringSSL's ``self signed certificate`` is not the last word on ``leaf``.

    It is not when subject and issuer are the same and are also caCert's, while no key identifiers tell the two keys
    apart. This says nothing about who signed it.

    Raises:
        ValueError: ``ca_pem`` is not PEM certificates.
    """
    authorities = x509.load_pem_x509_certificates(ca_pem)
    try:
        names_itself = leaf.subject == leaf.issuer and not _tells_keys_apart(leaf)
        return names_itself and leaf not in authorities and any(ca.subject == leaf.issuer for ca in authorities)
    except _UNREADABLE:
        return False


def vouch(leaf: x509.Certificate, ca_pem: bytes, server_name: str, now: datetime | None = None) -> None:
    """Return if ``leaf`` is a certificate for ``server_name`` that a certificate of ``ca_pem`` directly issued.

    Asks what Go's ``crypto/x509`` asks (Certificate.Verify): signature, dates, purpose and right to issue, name, and no
    critical extension that is not understood. Stricter than Go where Go's rule would be long: a CA with name
    constraints vouches for nobody.

    Args:
        leaf: as it was served, untrusted.
        server_name: the host part of the service's address, a name or an IP address. Only subjectAltName counts.
        now: aware; None means the clock.

    Raises:
        NotVouched: with the first reason found. To be in ``ca_pem`` itself is one: such a leaf needs no vouching.
    """
    try:
        authorities = x509.load_pem_x509_certificates(ca_pem)
        objection = _objection(leaf, authorities, server_name, now or datetime.now(UTC))
    except _UNREADABLE as error:
        raise NotVouched(f"it, or caCert, cannot be read: {error}") from error
    if objection:
        raise NotVouched(objection)


# Fetching.


def _unchecking() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # No checks: what they would refuse is what this is called for, and nothing but the certificate is taken from there.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # gRPC's servers hang up on who does not ask for HTTP/2.
    context.set_alpn_protocols(["h2"])
    return context


def _sni(server_name: str) -> str | None:
    return None if _address(server_name) else server_name.removesuffix(".").encode("idna").decode("ascii") or None


# The checks. Each gives its objection, empty when it has none.


def _objection(leaf: x509.Certificate, authorities: Sequence[x509.Certificate], server_name: str, now: datetime) -> str:
    return (
        _against_issuer(leaf, authorities, now) or _against_any(leaf, _SERVED, now) or _against_names(leaf, server_name)
    )


def _against_issuer(leaf: x509.Certificate, authorities: Sequence[x509.Certificate], now: datetime) -> str:
    if leaf in authorities:
        return "it is in caCert itself"
    algorithm = leaf.signature_hash_algorithm
    # Ed25519 brings its own hash and has none to name.
    if algorithm and algorithm.name not in _HASHES:
        return f"it is signed with {algorithm.name}"
    signers = [authority for authority in authorities if _signed(leaf, authority)]
    if not signers:
        return "caCert's key did not sign it"
    objections = [_against_authority(leaf, authority, now) for authority in signers]
    return "" if "" in objections else objections[0]


def _signed(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    # In turn: another key; other names; a key that signs nothing; an algorithm nobody knows.
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _against_authority(leaf: x509.Certificate, authority: x509.Certificate, now: datetime) -> str:
    if leaf.public_key() == authority.public_key():
        # A renewed caCert that is served where only the old one is trusted; no CA stands behind it.
        return "it is signed with its own key"
    if _extension(authority, x509.NameConstraints):
        return f"{_AUTHORITY} limits names (nameConstraints), which is not checked here"
    return _against_issuing(authority) or _against_any(authority, _AUTHORITY, now)


def _against_issuing(authority: x509.Certificate) -> str:
    constraints = _extension(authority, x509.BasicConstraints)
    # Version 1 had no extensions to say it with.
    if not constraints.ca if constraints else authority.version is x509.Version.v3:
        return f"{_AUTHORITY} may not issue any (basicConstraints)"
    usage = _extension(authority, x509.KeyUsage)
    if usage and not usage.key_cert_sign:
        return f"{_AUTHORITY} may not issue any (keyUsage)"
    return ""


def _against_any(certificate: x509.Certificate, called: str, now: datetime) -> str:
    unknown = [one.oid.dotted_string for one in certificate.extensions if one.critical and one.oid not in _UNDERSTOOD]
    if unknown:
        return f"{called} has a critical extension that is not understood here: {', '.join(unknown)}"
    if now < certificate.not_valid_before_utc:
        return f"{called} is valid from {certificate.not_valid_before_utc:%Y-%m-%d} on only"
    if now > certificate.not_valid_after_utc:
        return f"{called} expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    wanted = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if purposes is not None and wanted.isdisjoint(purposes):
        return f"{called} is not for servers (extendedKeyUsage)"
    return ""


def _against_names(leaf: x509.Certificate, server_name: str) -> str:
    carried = _extension(leaf, x509.SubjectAlternativeName)
    if carried is None:
        return f"it has no subjectAltName, and {server_name} has to be in one"
    names = carried.get_values_for_type(x509.DNSName)
    addresses = carried.get_values_for_type(x509.IPAddress)
    address = _address(server_name)
    if address is None:
        fits = any(_covers(name, server_name) for name in names)
    else:
        fits = any(_address(str(one)) == address for one in addresses)
    return "" if fits else f"it is for {_listed([*names, *map(str, addresses)])}, not for {server_name}"


# What a certificate carries.


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _tells_keys_apart(leaf: x509.Certificate) -> bool:
    own = _extension(leaf, x509.SubjectKeyIdentifier)
    issuers = _extension(leaf, x509.AuthorityKeyIdentifier)
    return own is not None and issuers is not None and own.digest != issuers.key_identifier


# Names.


def _address(name: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _covers(pattern: str, server_name: str) -> bool:
    # As bytes: their lower() is ASCII's, and makes no k of a Kelvin sign.
    carried, wanted = pattern.encode().lower(), server_name.encode().lower()
    first, *rest = carried.split(b".")
    labels = wanted.removesuffix(b".").split(b".")
    if not all(map(_LABEL.fullmatch, [*labels, *rest, b"any" if first == b"*" else first])):
        return carried == wanted != b""
    return first in (b"*", labels[0]) and rest == labels[1:]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "") or "no name"
