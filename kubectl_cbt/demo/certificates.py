"""Short-lived certificates: a CA and the server certificates that it signs, in memory."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=60)
"""The lifetime that upstream's instructions use."""


@dataclass(frozen=True)
class ServerCertificate:
    """A certificate and its private key, both PEM."""

    certificate_pem: bytes
    key_pem: bytes = field(repr=False)


class CertificateAuthority:
    """A certificate authority. Each server has its own, as in a real cluster.

    Args:
        bare: omit the extensions that RFC 5280 requires and that many clusters' own CAs omit.
    """

    def __init__(self, name: str, *, bare: bool = False) -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._bare = bare
        builder = self._builder(self._name, self._key.public_key(), LIFETIME)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        if not bare:
            builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        """The CA's certificate."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, *hosts: str, lifetime: timedelta = LIFETIME, issuer_subject: bool = False) -> ServerCertificate:
        """Issue a server certificate for names and addresses. With a negative lifetime it has expired.

        Args:
            issuer_subject: use the CA's own subject, as upstream's instructions do with an older OpenSSL. BoringSSL
                treats such a certificate as self-signed and then accepts neither an authority key identifier nor a
                key usage, so both are omitted.
        """
        server_key = ec.generate_private_key(ec.SECP256R1())
        subject = self._name if issuer_subject else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        builder = self._builder(subject, server_key.public_key(), lifetime)
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_general_name, hosts))), critical=False)
        if not self._bare:
            builder = _with_server_usage(builder)
        if not self._bare and not issuer_subject:
            builder = self._with_issuer_key(builder)
        certificate = builder.sign(self._key, hashes.SHA256())
        return ServerCertificate(
            certificate.public_bytes(serialization.Encoding.PEM),
            server_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )

    def _with_issuer_key(self, builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        usage = _usage(digital_signature=True)
        return builder.add_extension(usage, critical=True).add_extension(issuer, critical=False)

    def _builder(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, lifetime: timedelta
    ) -> x509.CertificateBuilder:
        end = datetime.now(UTC) + lifetime
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(end, datetime.now(UTC)) - timedelta(hours=1))
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )


def _with_server_usage(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
