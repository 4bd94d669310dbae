"""What to do about a token that a sidecar rejects, derived from the token's claims."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from kubectl_cbt.model.advice import grant_command
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.security.jwt import Claims, read_claims
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.units import as_argument, printable, utc_words

_OPAQUE = Claims("", (), 0)


def permission_advice(namespace: str, token: Secret | None) -> str:
    """How to grant the token's user the permission that the sidecar checks."""
    subject = _claims(token).subject
    account = ServiceAccountRef.of_user(subject)
    grant = grant_command(namespace, account=account) if account else grant_command(namespace, user=subject)
    return (
        f"an administrator can grant it: {grant}\n"
        "(a Role limited by resourceNames has no effect: the sidecar checks access without a name)"
    )


def rejection_advice(audience: str, token: Secret | None) -> str:
    """What is wrong with a rejected token, as far as its claims show, and how to get a valid one.

    Args:
        audience: of the service; a token must be issued for it.
    """
    claims = _claims(token)
    wanted = printable(audience)
    flaws = []
    if claims.expires and claims.expires <= time.time():
        flaws.append(f"the token expired at {_at(claims.expires)}")
    if claims.audiences and audience not in claims.audiences:
        flaws.append(f"the token is for {', '.join(map(printable, claims.audiences))}, the service expects {wanted}")
    if not flaws:
        flaws.append(
            "the token was revoked, was issued by another cluster, or its ServiceAccount was deleted"
            if claims != _OPAQUE
            else f"the token has expired, or is for another audience than {wanted}"
        )
    account = ServiceAccountRef.of_user(claims.subject) or ServiceAccountRef("NAMESPACE", "NAME")
    return (
        f"{'; '.join(flaws)}\n"
        "without --token-file each query gets a new token; to create one for the file: kubectl create token"
        f" {as_argument(account.name)} -n {as_argument(account.namespace)} --audience {as_argument(audience)}"
    )


def _at(expires: float) -> str:
    try:
        return utc_words(datetime.fromtimestamp(expires, UTC))
    except (OverflowError, OSError, ValueError):
        return f"{expires:g} seconds after 1970"


def _claims(token: Secret | None) -> Claims:
    try:
        return read_claims(token.reveal()) if token else _OPAQUE
    except ValueError:
        return _OPAQUE
