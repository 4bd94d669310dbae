"""Verify a service's certificate, for the client and for ``doctor``.

It accepts what Go's crypto/x509 accepts, because upstream's clients use that, and rejects what Go rejects.
``cryptography.x509.verification`` builds the chain and checks signatures, dates, key sizes, name constraints and path
lengths. The extension policies here replace its defaults, which are those of the public web: clusters' own CAs omit key
identifiers and key usages, or serve a certificate that is itself in ``caCert``.

Stricter than Go, on purpose or because the library is:

- RSA keys of issuers must have at least 2048 bits, ECDSA keys must be P-256, P-384 or P-521.
- An Ed25519 key may sign from ``caCert``, not as an intermediate. Only a certificate of ``caCert`` may have an empty
  subject and issue, and only directly.
- Name constraints with a leading dot, and wildcard names under constraints on DNS names, are rejected.
- Critical extensions on policies and revocation are not supported.
- Chains of more than ``_LONGEST_CHAIN`` intermediates, and served certificates after the first few, are ignored.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from kubectl_cbt.security.pem import certificates_in
from kubectl_cbt.wire.certificate_names import is_for

Cause = Literal["issuer", "name", "dates", "clock", "form", ""]
"""What must change: the issuer, the name, the dates, this machine's clock, the form; empty when unknown."""

HASHES = frozenset({"sha256", "sha384", "sha512"})
"""Hashes that a signature may use, as in Go."""
PURPOSES = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
"""An extendedKeyUsage must contain one of these; a certificate without the extension is unrestricted."""
CONSTRAINED = (x509.DNSName, x509.IPAddress, x509.RFC822Name, x509.UniformResourceIdentifier)
"""Kinds of names for which name constraints are supported."""
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
    # A name that is a string of an unknown kind, in cryptography 45.
    KeyError,
)
"""Raised when reading a damaged certificate. Parsing is lazy: fields raise it too, not only loading."""

# The chain is built before anything in it is trusted: the server must not control how long that takes. With many
# certificates of one name and key, each could have issued each, and paths would grow exponentially.
_LONGEST_CHAIN = 5
_MOST_INTERMEDIATES = 16
_MOST_OF_ONE_NAME = 2
_SMALLEST_RSA_BITS = 2048


class CertificateRejected(Exception):
    """The served certificate is not trusted.

    Attributes:
        reason: a clause that calls the served certificate "it", such as ``it expired on 2026-01-02``; printable.
        cause: see :data:`Cause`.
    """

    def __init__(self, reason: str, cause: Cause = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause


def verify(served: Sequence[bytes], ca_pem: bytes, server_name: str, now: datetime | None = None) -> x509.Certificate:
    """Return the served leaf certificate if it can be trusted.

    Args:
        served: DER as served, untrusted: the leaf, then its claimed issuers.
        ca_pem: the certificates to trust, PEM; unreadable ones are skipped.
        server_name: the DNS name or IP address that the leaf must be valid for. Only subjectAltName counts.
        now: aware; None means the clock.

    Raises:
        CertificateRejected: with the reason, which is determined only on rejection.
    """
    moment = now or datetime.now(UTC)
    try:
        leaf = x509.load_der_x509_certificate(served[0])
    except (*UNREADABLE, IndexError) as error:
        raise CertificateRejected(f"it cannot be read: {error}", "form") from error
    intermediates = _limited(_readable(served[1:]))
    authorities = _readable(certificates_in(ca_pem))
    try:
        _check(leaf, intermediates, authorities, server_name, moment)
    except (VerificationError, *UNREADABLE) as error:
        from kubectl_cbt.wire.certificate_reasons import rejection

        raise rejection(leaf, intermediates, authorities, server_name, moment, str(error)) from error
    return leaf


def readable_authorities(ca_pem: bytes) -> list[x509.Certificate]:
    """The certificates in ``ca_pem`` that can be read, in order."""
    return _readable(certificates_in(ca_pem))


def _readable(certificates: Sequence[bytes]) -> list[x509.Certificate]:
    found = []
    for der in certificates:
        try:
            found.append(x509.load_der_x509_certificate(der))
        except UNREADABLE:
            continue
    return found


def _limited(intermediates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    kept: list[x509.Certificate] = []
    seen: Counter[bytes] = Counter()
    for one in intermediates[:_MOST_INTERMEDIATES]:
        try:
            name = one.subject.public_bytes()
        except UNREADABLE:
            continue
        seen[name] += 1
        if seen[name] <= _MOST_OF_ONE_NAME:
            kept.append(one)
    return kept


def _check(
    leaf: x509.Certificate,
    intermediates: list[x509.Certificate],
    authorities: list[x509.Certificate],
    server_name: str,
    now: datetime,
) -> None:
    if not authorities:
        raise VerificationError("caCert contains no readable certificate")
    builder = (
        PolicyBuilder()
        .time(now)
        .max_chain_depth(_LONGEST_CHAIN)
        .extension_policies(ca_policy=_for_issuers(), ee_policy=_for_leaf(server_name))
    )
    try:
        # Not the server verifier: it matches names by other rules than Go. The policies above require the purpose and
        # the name of a server.
        chain = builder.store(Store(authorities)).build_client_verifier().verify(leaf, intermediates).chain
    except VerificationError:
        for anchor, child in _stand_ins([leaf, *intermediates], authorities):
            end = child if child.public_key() == leaf.public_key() else leaf
            try:
                builder.store(Store([anchor])).build_client_verifier().verify(end, [*intermediates, child])
            except VerificationError:
                continue
            return
        raise
    if any(_is_same(leaf, issuer) for issuer in chain[1:]):
        raise VerificationError("it is signed with its own key")


def _is_same(leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether a self-signed certificate was renewed: the old one in ``caCert`` does not make the new one trusted."""
    if leaf.subject != issuer.subject or leaf.public_key() != issuer.public_key():
        return False
    names = x509.SubjectAlternativeName.oid
    return [one for one in leaf.extensions if one.oid == names] == [
        one for one in issuer.extensions if one.oid == names
    ]


# Policies. A validator that raises rejects the certificate.


@functools.cache
def _for_issuers() -> ExtensionPolicy:
    optional = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_ca)
    optional = optional.may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    optional = optional.may_be_present(x509.NameConstraints, Criticality.AGNOSTIC, _supports_limits)
    return optional.may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_servers)


def _for_leaf(server_name: str) -> ExtensionPolicy:
    def names(_policy: Policy, _leaf: x509.Certificate, carried: x509.SubjectAlternativeName) -> None:
        if not is_for(carried, server_name):
            raise ValueError("it is for another name")

    policy = ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, names)
    return policy.may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_servers)


def _is_ca(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("it is not a CA")


def _may_sign(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("it may not sign certificates")


def _is_for_servers(_policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    if usage is not None and PURPOSES.isdisjoint(usage):
        raise ValueError("it is not for servers")


def _supports_limits(_policy: Policy, certificate: x509.Certificate, limits: x509.NameConstraints | None) -> None:
    """The library ignores kinds of names that it does not know; a critical extension forbids that."""
    if limits is None:
        return
    critical = certificate.extensions.get_extension_for_class(x509.NameConstraints).critical
    subtrees = [*(limits.permitted_subtrees or ()), *(limits.excluded_subtrees or ())]
    if critical and not all(isinstance(one, CONSTRAINED) for one in subtrees):
        raise ValueError("it limits names of an unsupported kind")


# Authorities that Go accepts and the library rejects.


def _stand_ins(
    chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]
) -> Iterator[tuple[x509.Certificate, x509.Certificate]]:
    """Copies of an authority that the library does not accept, and of the certificates that it signed.

    Self-signed certificates of version 1 (``openssl x509 -req -signkey``), of an empty subject (cert-manager's
    selfSigned issuer without a commonName) and of an Ed25519 key are rejected by the library under any policy. Their
    signature is verified here. The library verifies everything else on copies that have the same key, dates and
    extensions, with a subject and a signature that it accepts.
    """
    for authority in authorities:
        if not _is_unsupported(authority):
            continue
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"stand-in {id(authority)}")])
        for child in chain:
            if child == authority:
                alone = _copy(authority, authority.public_key(), name).issuer_name(name).sign(key, hashes.SHA256())
                yield alone, alone
            elif directly_issued(child, authority):
                anchor = _copy(authority, key.public_key(), name)
                if authority.version is x509.Version.v1:
                    # Version 1 has no extensions; being in caCert is enough.
                    anchor = anchor.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                issued = _copy(child, child.public_key(), child.subject).issuer_name(name)
                yield anchor.issuer_name(name).sign(key, hashes.SHA256()), issued.sign(key, hashes.SHA256())


def _is_unsupported(authority: x509.Certificate) -> bool:
    return (
        authority.version is x509.Version.v1
        or not list(authority.subject)
        or isinstance(authority.public_key(), ed25519.Ed25519PublicKey)
    )


def directly_issued(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` signed ``child`` with a hash and a key that are strong enough."""
    key = issuer.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SMALLEST_RSA_BITS:
        return False
    algorithm = child.signature_hash_algorithm
    # Ed25519 includes its hash, and names none.
    if algorithm is not None and algorithm.name not in HASHES:
        return False
    try:
        child.verify_directly_issued_by(issuer)
    # Respectively: another key; other names; a key that cannot sign; an unknown algorithm.
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _copy(certificate: x509.Certificate, key: CertificatePublicKeyTypes, subject: x509.Name) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(extensions=list(certificate.extensions))
        .subject_name(subject)
        .public_key(key)
        .serial_number(1)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
    )
