"""Explain why :mod:`kubectl_cbt.wire.certificate_check` rejected a certificate.

Nothing here accepts a certificate. The checks are in the order in which a user can act on them; when none of them finds
the fault, the library's own text is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kubectl_cbt.units import printable, utc_date, utc_words
from kubectl_cbt.wire.certificate_check import (
    CONSTRAINED,
    HASHES,
    PURPOSES,
    UNREADABLE,
    Cause,
    CertificateRejected,
    directly_issued,
)
from kubectl_cbt.wire.certificate_names import is_for

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_Objection = tuple[str, Cause]

_NONE: _Objection = ("", "")
_SERVED = "it"
_NAMES_SHOWN = 5
_LONGEST_TEXT = 200
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_UNDERSTOOD = frozenset(
    kind.oid
    for kind in (
        x509.AuthorityInformationAccess,
        x509.AuthorityKeyIdentifier,
        x509.BasicConstraints,
        x509.ExtendedKeyUsage,
        x509.KeyUsage,
        x509.NameConstraints,
        x509.SubjectAlternativeName,
        x509.SubjectKeyIdentifier,
    )
)


def rejection(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    server_name: str,
    now: datetime,
    otherwise: str,
) -> CertificateRejected:
    """The error that explains why the chain was rejected.

    Args:
        otherwise: the reason when none is found; foreign text.
    """
    try:
        reason, cause = _objection(leaf, intermediates, authorities, server_name, now)
    except UNREADABLE as error:
        reason, cause = f"it, or a certificate in its chain, cannot be read: {error}", "form"
    if not reason and "name constraint" in otherwise:
        reason, cause = "a CA in its chain may not sign for its names (nameConstraints)", "issuer"
    if not reason:
        reason = f"its chain does not end in a certificate of caCert: {otherwise.rpartition('exhausted: ')[2]}"
    return CertificateRejected(_short(reason), cause)


def _objection(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    server_name: str,
    now: datetime,
) -> _Objection:
    if not authorities:
        return "caCert contains no readable certificate", "issuer"
    path, called = _path(leaf, intermediates, authorities)
    issuers = list(zip(path[1:], called[1:], strict=True))
    if all(now > one.not_valid_after_utc for one in path) and path[-1] in authorities:
        return f"it and {called[-1]} have expired; it expired on {utc_date(leaf.not_valid_after_utc)}", "clock"
    if len(path) > 1 and path[0] not in authorities and path[0].public_key() == path[1].public_key():
        return "it is self-signed, and caCert contains only an older certificate of its key", "issuer"
    found = [_against_signature(path, authorities)]
    found += [_against_issuer(one, name, position) for position, (one, name) in enumerate(issuers)]
    found += [_against_any(one, name, now) for one, name in zip(path, called, strict=True)]
    return next((one for one in [*found, _against_names(leaf, server_name)] if one[0]), _NONE)


def _path(
    leaf: x509.Certificate, intermediates: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]
) -> tuple[list[x509.Certificate], list[str]]:
    """The chain from the leaf through its issuers, as far as signatures lead, and how a reason names each."""
    path, called = [leaf], [_SERVED]
    while path[-1] not in authorities:
        signed = [one for one in authorities if _signed(path[-1], one)]
        others = [one for one in intermediates if one not in path and _signed(path[-1], one)]
        if not signed and not others:
            break
        path.append((signed or others)[0])
        called.append(_authority(path[-1]) if signed else f"the intermediate {subject_words(path[-1])}")
    return path, called


def _authority(certificate: x509.Certificate) -> str:
    return f"caCert's certificate {subject_words(certificate)}"


def _signed(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    """With any hash: a weak one is a separate objection."""
    try:
        child.verify_directly_issued_by(issuer)
    except (*UNREADABLE, TypeError):
        return False
    except Exception:  # noqa: BLE001  # InvalidSignature, and the errors of other kinds of keys: not its signature
        return False
    return True


def _against_signature(path: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]) -> _Objection:
    for child in path if path[-1] not in authorities else path[:-1]:
        algorithm = child.signature_hash_algorithm
        # Ed25519 includes its hash, and names none.
        if algorithm is not None and algorithm.name not in HASHES:
            whose = _SERVED if child is path[0] else f"the intermediate {subject_words(child)}"
            return f"{whose} is signed with {algorithm.name}", "form"
    if path[-1] in authorities:
        weak = [subject_words(issuer) for issuer in path[1:] if not _is_strong(issuer)]
        return (
            (f"it is signed with the key of {weak[0]}, which is too weak or of an unknown kind", "form")
            if weak
            else _NONE
        )
    last = path[-1]
    if last is not path[0]:
        return f"no certificate of caCert signed the intermediate {subject_words(last)} in its chain", "issuer"
    if last.subject == last.issuer and directly_issued(last, last):
        return "it is self-signed and not in caCert", "issuer"
    return "no certificate of caCert signed it", "issuer"


def _is_strong(issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= 2048
    return not isinstance(key, ec.EllipticCurvePublicKey) or isinstance(key.curve, _CURVES)


def _against_issuer(issuer: x509.Certificate, called: str, below: int) -> _Objection:
    constraints = _extension(issuer, x509.BasicConstraints)
    # Version 1 has no extensions.
    if not constraints.ca if constraints else issuer.version is x509.Version.v3:
        return f"{called} is not a CA (basicConstraints), but signed a certificate", "issuer"
    if constraints and constraints.path_length is not None and below > constraints.path_length:
        return f"{called} allows fewer intermediates (pathLenConstraint {constraints.path_length})", "issuer"
    usage = _extension(issuer, x509.KeyUsage)
    if usage and not usage.key_cert_sign:
        return f"{called} may not sign certificates (keyUsage)", "issuer"
    limits = _extension(issuer, x509.NameConstraints)
    if limits:
        return _against_limits(limits, called)
    return _NONE


def _against_limits(limits: x509.NameConstraints, called: str) -> _Objection:
    subtrees = [*(limits.permitted_subtrees or ()), *(limits.excluded_subtrees or ())]
    odd = [one for one in subtrees if not isinstance(one, CONSTRAINED)]
    if odd:
        return f"{called} limits names of an unsupported kind (nameConstraints)", "issuer"
    return _NONE


def _against_any(certificate: x509.Certificate, called: str, now: datetime) -> _Objection:
    unknown = [one.oid.dotted_string for one in certificate.extensions if one.critical and one.oid not in _UNDERSTOOD]
    if unknown:
        return f"{called} has an unsupported critical extension: {', '.join(unknown)}", "form"
    if now < certificate.not_valid_before_utc:
        return f"{called} is not valid before {utc_words(certificate.not_valid_before_utc)}", "clock"
    if now > certificate.not_valid_after_utc:
        return f"{called} expired on {utc_date(certificate.not_valid_after_utc)}", "dates"
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and PURPOSES.isdisjoint(purposes):
        return f"{called} is not for servers (extendedKeyUsage)", "form"
    return _NONE


def _against_names(leaf: x509.Certificate, server_name: str) -> _Objection:
    carried = _extension(leaf, x509.SubjectAlternativeName)
    if carried is None:
        return f"it has no subjectAltName, which must contain {printable(server_name)}", "name"
    if is_for(carried, server_name):
        return _NONE
    names = [*carried.get_values_for_type(x509.DNSName)]
    names += map(str, carried.get_values_for_type(x509.IPAddress))
    return f"it is for {_listed(names)}, not for {printable(server_name)}", "name"


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def subject_words(certificate: x509.Certificate) -> str:
    """The subject of a certificate, printable and short; a text in parentheses when it is empty or unreadable."""
    try:
        return _short(certificate.subject.rfc4514_string()) or "(empty subject)"
    except UNREADABLE:
        return "(unreadable subject)"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    shown = [_short(name) for name in names[:_NAMES_SHOWN]]
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") or "no name"


def _short(text: str) -> str:
    clean = printable(text)
    return clean if len(clean) <= _LONGEST_TEXT * 3 else f"{clean[: _LONGEST_TEXT * 3]}…"
