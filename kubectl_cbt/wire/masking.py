"""What must not stand in a file that is passed on, found by what it looks like.

Nobody tells a recorder the secrets: who is handed a token may leave it somewhere. So what a server says in its errors
is searched for what tokens look like, in case it repeats what it was sent. That finds JSON Web Tokens, whole or cut,
bearer headers, long runs of letters such as signatures, and PEM. It cannot find what looks like nothing: an opaque
token or a driver's secret that a server writes into its error text. No known sidecar or driver does that.
"""

from __future__ import annotations

import re
from pathlib import Path

MASKED = "<masked>"

_JWT = r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*"  # eyJ is what {" is in base64
_THREE_PARTS = r"[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]{20,}){2}"
# Mixed: an id of hexadecimal digits may be as long, and is what a bug report is about.
_LONG_RUN = r"(?=[A-Za-z0-9_-]*[a-z])(?=[A-Za-z0-9_-]*[A-Z])(?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{80,}"
_PEM = r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)"
_SECRET = re.compile("|".join((_JWT, _THREE_PARTS, _LONG_RUN, _PEM)), re.DOTALL)
# With a digit or behind a header's name: "invalid bearer authentication" is a sentence.
_BEARER = re.compile(r"(authorization\W+bearer\s+|bearer\s+(?=\S*[0-9])(?=\S{12}))[^\s\"',;]+", re.IGNORECASE)
# Accounts of the cluster stay: a sidecar that lacks a right says so with the name of its own.
_USER = re.compile(r'(\buser )"(?!system:serviceaccount:)[^"]*"', re.IGNORECASE)

_JWT_BEGIN = b"eyJ"
_JWT_IN_BYTES = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*")


def masked_text(text: str) -> str:
    """Without tokens, the names of users, and the name of the person's home directory."""
    text = _SECRET.sub(MASKED, _BEARER.sub(rf"\1{MASKED}", text))
    text = _USER.sub(rf'\1"{MASKED}"', text)
    home = _home()
    return text.replace(home, "~") if home else text


def masked_message(message: bytes) -> bytes:
    """The message itself, but for what looks like a token in it: asterisks of the same length, so that it decodes.

    By chance no message of extents looks so; a service would have to put the token there.
    """
    if _JWT_BEGIN not in message:
        return message
    return _JWT_IN_BYTES.sub(lambda found: b"*" * len(found[0]), message)


def _home() -> str:
    try:
        home = str(Path.home())
    except RuntimeError:
        return ""
    return home if len(home) > 1 else ""  # in a container it may be /
