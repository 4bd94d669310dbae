"""What a JSON Web Token says of itself. Its signature is not checked: whoever takes the token does that."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims that are read of a token.

    Attributes:
        subject: empty when the token names none.
        audiences: none when the token names none.
        expires: seconds since the epoch; 0 when the token names no time.
    """

    subject: str
    audiences: tuple[str, ...]
    expires: float


def read_claims(token: str) -> Claims:
    """The claims of a token.

    Raises:
        ValueError: it is not a JSON Web Token, or a claim is not of its type; the words quote nothing of it.
    """
    import orjson

    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("it does not have three parts")
    # orjson refuses NaN, numbers beyond a double, lone surrogates and deep nests.
    found = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    if not isinstance(found, dict):
        raise ValueError("its claims are not an object")
    subject, audiences, expires = (found.get(name) for name in ("sub", "aud", "exp"))
    audiences = [audiences] if isinstance(audiences, str) else audiences if audiences is not None else []
    if not isinstance(subject, str | None):
        raise ValueError("its subject is not a text")
    if not isinstance(audiences, list) or not all(isinstance(audience, str) for audience in audiences):
        raise ValueError("its audience is not a list of texts")
    if isinstance(expires, bool) or not isinstance(expires, int | float | None) or not math.isfinite(expires or 0):
        raise ValueError("its expiry is not a time")
    return Claims(subject or "", tuple(audiences), float(expires or 0))
