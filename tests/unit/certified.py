"""Certificates of every make, for tests: valid around now, so that servers and clients of all kinds may judge them."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC)
HOST = "csi-snapshot-metadata.default"

CA_YES = x509.BasicConstraints(ca=True, path_length=None)
CA_NO = x509.BasicConstraints(ca=False, path_length=None)
CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
SERVERS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
ANYONE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")

P256 = ec.SECP256R1()
_RSA = {bits: rsa.generate_private_key(65537, bits) for bits in (1024, 2048)}
KEYS: dict[str, Any] = {
    "P-256": lambda: ec.generate_private_key(P256),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    # RSA keys take long to make, and which one it is does not matter.
    "RSA": lambda: _RSA[2048],
    "RSA-1024": lambda: _RSA[1024],
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@dataclass(frozen=True)
class Certified:
    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def certified(
    *extensions, issuer=None, subject="upstream.example", key="P-256", days=(-13, 30), **signing
) -> Certified:
    """A certificate with exactly these extensions (critical when in a list); self-signed without an issuer."""
    key = KEYS[key]() if isinstance(key, str) else key
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
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])


def sans(*hosts: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(host) for host in hosts])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def usage(*uses: str) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{use: use in uses for use in every})


def version_1(subject: str) -> Certified:
    """A self-signed certificate of version 1, which has no extensions."""
    plain = certified(subject=subject)
    version_3, ecdsa_with_sha256 = bytes.fromhex("a003020102"), bytes.fromhex("300a06082a8648ce3d040302")
    _, _, fields = plain.certificate.tbs_certificate_bytes.partition(version_3)
    signed = _der(0x30, fields)
    signature = plain.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    whole = _der(0x30, signed + ecdsa_with_sha256 + _der(0x03, b"\0" + signature))
    return Certified(x509.load_der_x509_certificate(whole), plain.key)


def with_sha1(issuer: Certified, *extensions) -> Certified:
    """A leaf whose RSA signature is over SHA-1: no library makes one any more."""
    from cryptography.hazmat.primitives.asymmetric import padding

    plain = certified(*extensions, issuer=issuer, subject="sha1.example")
    sha256, sha1 = bytes.fromhex("06092a864886f70d01010b"), bytes.fromhex("06092a864886f70d010105")
    body = plain.certificate.tbs_certificate_bytes.replace(sha256, sha1)
    try:
        signature = issuer.key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    except Exception:  # noqa: BLE001  # a library that refuses to: the algorithm alone has to be refused as well
        signature = b"\0" * 256
    algorithm = _der(0x30, sha1 + b"\x05\x00")
    whole = _der(0x30, body + algorithm + _der(0x03, b"\0" + signature))
    return Certified(x509.load_der_x509_certificate(whole), plain.key)


def _der(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (length if len(content) < 128 else bytes([0x80 | len(length)]) + length) + content
