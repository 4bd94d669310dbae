"""What to do about a token that a sidecar does not accept, by what the token itself says."""

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
    """How the token's user gets the right that the sidecar asks the API server about."""
    subject = _claims(token).subject
    account = ServiceAccountRef.of_user(subject)
    grant = grant_command(namespace, account=account) if account else grant_command(namespace, user=subject)
    return (
        f"an administrator can grant it: {grant}\n"
        "(a Role limited by resourceNames does not count: the sidecar asks without a name)"
    )


def rejection_advice(audience: str, token: Secret | None) -> str:
    """What is wrong with a token that is not accepted at all, as far as it shows, and how to get a good one.

    Args:
        audience: of the service; a token has to be for it.
    """
    claims = _claims(token)
    wanted = printable(audience)
    flaws = []
    if claims.expires and claims.expires <= time.time():
        flaws.append(f"the token expired at {_at(claims.expires)}")
    if claims.audiences and audience not in claims.audiences:
        flaws.append(f"the token is for {', '.join(map(printable, claims.audiences))}, the service takes {wanted}")
    if not flaws:
        flaws.append(
            "the token was revoked, or another cluster issued it, or its ServiceAccount was deleted"
            if claims != _OPAQUE
            else f"the token has expired, or is for another audience than {wanted}"
        )
    account = ServiceAccountRef.of_user(claims.subject) or ServiceAccountRef("NAMESPACE", "NAME")
    return (
        f"{'; '.join(flaws)}\n"
        "without --token-file each query gets a token of its own; for the file: kubectl create token"
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
