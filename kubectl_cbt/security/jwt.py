"""The claims of a JSON Web Token. The signature is not verified; the server that receives the token does that."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a token that are used here.

    Attributes:
        subject: empty if the token has none.
        audiences: empty if the token has none.
        expires: seconds since the epoch; 0 if the token has no expiry.
    """

    subject: str
    audiences: tuple[str, ...]
    expires: float


def read_claims(token: str) -> Claims:
    """Decode the claims of a token.

    Raises:
        ValueError: it is not a JSON Web Token, or a claim has a wrong type; the message does not quote the token.
    """
    import orjson

    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("it does not have three parts")
    # orjson rejects NaN, numbers out of range, lone surrogates and deep nesting.
    found = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    if not isinstance(found, dict):
        raise ValueError("its claims are not an object")
    subject, audiences, expires = (found.get(name) for name in ("sub", "aud", "exp"))
    audiences = [audiences] if isinstance(audiences, str) else audiences if audiences is not None else []
    if not isinstance(subject, str | None):
        raise ValueError("its subject is not a string")
    if not isinstance(audiences, list) or not all(isinstance(audience, str) for audience in audiences):
        raise ValueError("its audience is not a list of strings")
    if isinstance(expires, bool) or not isinstance(expires, int | float | None) or not math.isfinite(expires or 0):
        raise ValueError("its expiry is not a time")
    return Claims(subject or "", tuple(audiences), float(expires or 0))
