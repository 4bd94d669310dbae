"""Certificates and the expected result of the check for each."""

from dataclasses import dataclass
from datetime import timedelta

from certified import (
    ANYONE,
    CA_NO,
    CA_YES,
    CLIENTS,
    HOST,
    KEYS,
    NOW,
    SERVERS,
    UNKNOWN,
    Certified,
    certified,
    named,
    sans,
    usage,
    version_1,
    with_sha1,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from kubectl_cbt.wire.certificate_check import CertificateRejected, verify

OUT_OF_DATE = (-60, -1)
NOT_YET = (1, 60)


def day(days: int) -> str:
    return f"{NOW + timedelta(days=days):%Y-%m-%d}"


@dataclass(frozen=True)
class Row:
    """The served and trusted certificates, and the expected result.

    Attributes:
        reason: part of the error; empty when it is accepted.
        go: whether Go accepts; None for as we do.
        asks_go: whether the real kubectl is asked: a tenth of a second each.
    """

    chain: list[Certified]
    ca_pem: bytes
    reason: str = ""
    host: str = HOST
    go: bool | None = None
    asks_go: bool = True


def judged(row: Row) -> str:
    try:
        leaf = verify([one.der for one in row.chain], row.ca_pem, row.host)
    except CertificateRejected as refused:
        return refused.reason
    assert leaf == row.chain[0].certificate
    return ""


CA = certified([CA_YES], subject="ca.example")
NAMESAKE = certified([CA_YES], subject="ca.example")
EXPIRED = certified([CA_YES], subject="expired.example", days=OUT_OF_DATE)
RENEWED = certified([CA_YES], subject="expired.example", key=EXPIRED.key)
RSA_CA = certified([CA_YES], subject="rsa.example", key="RSA")
NAMES = sans(HOST)
LEAF = certified(NAMES, issuer=CA, subject="leaf.example")


def of(*extensions, issuer: Certified = CA, names=NAMES, subject="leaf.example", **more) -> Certified:
    """A leaf for HOST."""
    return certified(names, *extensions, issuer=issuer, subject=subject, **more)


def by(*extensions, reason: str = "", go: bool | None = None, asks_go: bool = True, **more) -> Row:
    """A leaf of a CA with these extensions, which is in caCert."""
    authority = certified(*extensions, subject="odd.example", **more)
    return Row([of(issuer=authority)], authority.pem, reason, go=go, asks_go=asks_go)


def through(*extensions, reason: str = "", go: bool | None = None, **more) -> Row:
    """A leaf of a served intermediate with these extensions, which CA issued."""
    intermediate = certified(*extensions, issuer=CA, subject="intermediate.example", **more)
    return Row([of(issuer=intermediate), intermediate], CA.pem, reason, go=go)


def alone(*extensions, subject="self.example", **more) -> Row:
    """A self-signed leaf that is in caCert."""
    leaf = certified(NAMES, *extensions, subject=subject, **more)
    return Row([leaf], leaf.pem)


def signed_with(key: str) -> Row:
    authority = certified([CA_YES], subject="key.example", key=key)
    return Row([of(issuer=authority)], authority.pem)


def limited(*permitted: x509.GeneralName, excluded=None, names=NAMES, reason="", go=None, critical=True) -> Row:
    limits = x509.NameConstraints(list(permitted) or None, excluded)
    authority = certified([CA_YES], [limits] if critical else limits, subject="limits.example")
    return Row([of(issuer=authority, names=names)], authority.pem, reason, go=go)


def below(*chain: tuple) -> Row:
    """A leaf under a chain of CAs, each with its own extensions; the first is trusted, the others are served."""
    authorities: list[Certified] = []
    for number, extensions in enumerate(chain):
        issuer = authorities[-1] if authorities else None
        authorities.append(certified(*extensions, issuer=issuer, subject=f"{number}.example"))
    return Row([of(issuer=authorities[-1]), *reversed(authorities[1:])], authorities[0].pem)


def unsupported(row: Row, reason: str) -> Row:
    """Go accepts it, the library or we do not: certificate_check.py and docs/security.md say so."""
    return Row(row.chain, row.ca_pem, reason, row.host, go=True)


OLD_SELF = certified(NAMES, subject="self.example")
PSS = padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH)
V1 = version_1("v1.example")
UNDER_V1 = certified([CA_YES], issuer=V1, subject="under-v1.example")
NAMELESS = certified([CA_YES], subject="")
POLICIES = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)])
ZERO = x509.BasicConstraints(ca=True, path_length=0)
NUL = x509.SubjectAlternativeName([x509.DNSName(f"{HOST}\0.evil.example")])
NOT_A_CA = "is not a CA (basicConstraints)"
MAY_NOT = "may not sign certificates (keyUsage)"
FOREIGN = "no certificate of caCert signed it"
OUTSIDE = "may not sign for its names (nameConstraints)"

TABLE = {
    # Who signed it.
    "signed by caCert": Row([LEAF], CA.pem),
    "of another CA with the same name": Row([of(issuer=NAMESAKE)], CA.pem, FOREIGN),
    "of another CA": Row([of(issuer=EXPIRED)], CA.pem, FOREIGN, asks_go=False),
    "of the second CA of a bundle": Row([LEAF], NAMESAKE.pem + CA.pem, asks_go=False),
    "with its CA's own subject": Row([of(subject="ca.example")], CA.pem),
    "forged, with the CA's own subject": Row([of(subject="ca.example", issuer=NAMESAKE)], CA.pem, FOREIGN),
    "self-signed, under the CA's name": Row([certified(NAMES, subject="ca.example")], CA.pem, "self-signed and not"),
    "of a wrong authority key identifier": Row(
        [of(x509.AuthorityKeyIdentifier.from_issuer_public_key(NAMESAKE.key.public_key()))], CA.pem
    ),
    # Served and trusted alike.
    "self-signed, in caCert": alone(),
    "self-signed CA, in caCert": alone([CA_YES], [usage("digital_signature", "key_cert_sign")]),
    "self-signed, not a CA, in caCert": alone([CA_NO]),
    "self-signed without names, in caCert": alone(subject=""),
    "signed by another, in caCert": Row([LEAF], LEAF.pem),
    "self-signed and renewed, old one in caCert": Row(
        [certified(NAMES, subject="self.example", key=OLD_SELF.key)],
        OLD_SELF.pem,
        "self-signed, and caCert contains only an older",
    ),
    "self-signed CA and renewed": Row(
        [certified(NAMES, [CA_YES], subject="expired.example", key=EXPIRED.key)],
        certified(NAMES, [CA_YES], subject="expired.example", key=EXPIRED.key).pem,
        "self-signed, and caCert contains only an older",
    ),
    # Intermediates.
    "under a served intermediate": through([CA_YES], [usage("key_cert_sign")]),
    "under an intermediate in caCert": Row([of(issuer=UNDER_V1)], UNDER_V1.pem),
    "under an intermediate that is not served": Row([through([CA_YES]).chain[0]], CA.pem, FOREIGN),
    "under two of them": below(([CA_YES],), ([CA_YES],), ([CA_YES],)),
    "under an intermediate that is not a CA": through(reason=NOT_A_CA),
    "under an intermediate that may not sign": through([CA_YES], [usage("digital_signature")], reason=MAY_NOT),
    "under an expired intermediate": through([CA_YES], days=OUT_OF_DATE, reason=f"expired on {day(-1)}"),
    "within the path length": by([ZERO]),
    "beyond the path length": Row(
        (row := below(([ZERO],), ([CA_YES],))).chain, row.ca_pem, "allows fewer intermediates (pathLenConstraint 0)"
    ),
    # Who may sign.
    "of no CA": by(reason=NOT_A_CA),
    "of a leaf": by([CA_NO], reason=NOT_A_CA),
    "of a CA that is not critically one": by(CA_YES),
    "of a CA that may sign": by([CA_YES], [usage("key_cert_sign", "crl_sign")]),
    "of a CA that may not sign": by([CA_YES], [usage("digital_signature")], reason=MAY_NOT),
    "of a CA for servers": by([CA_YES], SERVERS, asks_go=False),
    "of a CA for clients": by([CA_YES], CLIENTS, reason="is not for servers (extendedKeyUsage)"),
    "of a CA with an unknown critical extension": by([CA_YES], [UNKNOWN], reason="1.3.6.1.4.1.99999.1"),
    "of a CA of version 1": Row([of(issuer=V1)], V1.pem),
    "under an intermediate of a CA of version 1": Row([of(issuer=UNDER_V1), UNDER_V1], V1.pem),
    "of a CA without a name": Row([of(issuer=NAMELESS)], NAMELESS.pem),
    "of a nameless leaf without a CA": Row(
        [of(issuer=(nobody := certified([CA_NO], subject="")))], nobody.pem, NOT_A_CA
    ),
    # Names that a CA is limited to.
    "within limits": limited(x509.DNSName("default")),
    "outside limits": limited(x509.DNSName("other"), reason=OUTSIDE),
    "outside limits that are not critical": limited(x509.DNSName("other"), reason=OUTSIDE, critical=False),
    "within what is excluded": limited(excluded=[x509.DNSName("default")], reason=OUTSIDE),
    "limits of another kind": limited(x509.DirectoryName(named("x")), reason="of an unsupported kind"),
    "limits with a leading dot": limited(x509.DNSName(".default"), reason=OUTSIDE, go=True),
    # Dates.
    "expired": Row([of(days=OUT_OF_DATE)], CA.pem, f"it expired on {day(-1)}"),
    "not valid yet": Row([of(days=NOT_YET)], CA.pem, f"it is not valid before {day(1)}"),
    "of an expired CA": Row([of(issuer=EXPIRED)], EXPIRED.pem, f"CN=expired.example expired on {day(-1)}"),
    "of a CA that was renewed": Row([of(issuer=EXPIRED)], EXPIRED.pem + RENEWED.pem),
    "of a CA that is not valid yet": by([CA_YES], days=NOT_YET, reason=f"is not valid before {day(1)}"),
    "all of it expired": Row(
        [of(issuer=EXPIRED, days=OUT_OF_DATE)],
        EXPIRED.pem,
        "it and caCert's certificate CN=expired.example have expired",
    ),
    # Signatures and keys.
    **{f"of a CA with a key of {key}": signed_with(key) for key in ("P-384", "P-521", "RSA", "Ed25519")},
    **{f"with a key of {key}": Row([of(key=key)], CA.pem, asks_go=False) for key in KEYS},
    "of a CA with a weak key": unsupported(signed_with("RSA-1024"), "too weak"),
    "under an Ed25519 intermediate": unsupported(through([CA_YES], key="Ed25519"), "its chain does not end in"),
    "signed with SHA-512": Row([of(algorithm=hashes.SHA512())], CA.pem, asks_go=False),
    "signed with SHA-224": Row([of(algorithm=hashes.SHA224())], CA.pem, "it is signed with sha224"),
    "signed with SHA-1": Row([with_sha1(RSA_CA, NAMES)], RSA_CA.pem, "it is signed with sha1"),
    "signed with RSA-PSS": Row(
        [of(issuer=RSA_CA, algorithm=hashes.SHA384(), rsa_padding=PSS)], RSA_CA.pem, asks_go=False
    ),
    # What it is for.
    "for servers": Row([of(SERVERS)], CA.pem, asks_go=False),
    "for anything": Row([of(ANYONE)], CA.pem),
    "for clients": Row([of(CLIENTS)], CA.pem, "it is not for servers (extendedKeyUsage)"),
    "of an unknown extension": Row([of(UNKNOWN)], CA.pem, asks_go=False),
    "of an unknown critical extension": Row(
        [of([UNKNOWN])], CA.pem, "unsupported critical extension: 1.3.6.1.4.1.99999.1"
    ),
    "of critical policies": unsupported(Row([of([POLICIES])], CA.pem), "unsupported critical extension: 2.5.29.32"),
    "of a CA's own extensions": Row([of([CA_YES], [usage("key_cert_sign")])], CA.pem, asks_go=False),
    # Whom it names.
    "by its common name only": Row(
        [certified(issuer=CA, subject=HOST)], CA.pem, f"it has no subjectAltName, which must contain {HOST}"
    ),
    "by a mail address": Row(
        [of(names=x509.SubjectAlternativeName([x509.RFC822Name(f"root@{HOST}")]), subject=HOST)],
        CA.pem,
        "it is for no name",
    ),
    "without a subject": Row([certified([NAMES], issuer=CA, subject="")], CA.pem),
    "by a name that ends in a NUL": Row([of(names=NUL)], CA.pem, "\N{REPLACEMENT CHARACTER}.evil.example, not for"),
    # A bundle.
    "a bundle with a bad block": Row(
        [LEAF],
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\nWörter\n\n".encode() + NAMESAKE.pem + CA.pem * 2,
    ),
    # Go loses the first certificate after a byte order mark.
    "a bundle with a byte order mark": Row([LEAF], b"\xef\xbb\xbf" + CA.pem + NAMESAKE.pem, go=False),
    "a bundle of nothing": Row([LEAF], b"nothing", "caCert contains no readable certificate"),
}
