"""Which names of fields, flags and parameters are names of secrets, in camelCase, snake_case or kebab-case."""

from __future__ import annotations

import re

MASKED = "<masked>"
"""What is shown in place of a secret."""

_ENDS = (
    *("token", "password", "passwd", "passphrase", "secret", "keydata", "privatekey", "apikey", "accesskey"),
    *("secretkey", "credential", "credentials", "authorization", "cookie", "tlskey"),
    *("userkey", "adminkey", "encryptionkey", "masterkey", "signingkey", "sshkey", "authkey", "accountkey"),
    *("sharedkey", "storagekey", "sessionkey", "amzsignature", "googsignature"),
)
"""Ends of names, without punctuation and in lower case."""

_LAST_WORDS = ("key", "pass", "pwd")
"""A name of several words is that of a secret if one of these is the last word: ``rootKey``, ``SMB_PASS``."""

_PLAIN = frozenset(
    (
        # Keys that identify or order something, and keys that are public.
        *("public", "pub", "topology", "sort", "order", "partition", "primary", "foreign", "unique", "index", "lookup"),
        *("group", "cache", "routing", "idempotency", "dedup", "object", "bucket", "map", "dict", "json", "yaml"),
        *("label", "annotation", "field", "property", "attribute", "parameter", "metadata", "tag", "taint", "node"),
        *("selector", "registry", "row", "column", "entry", "event", "search", "next", "last", "start", "continue"),
        *("snapshot", "handle", "volume", "claim", "driver", "extent", "config", "file", "env", "variable"),
        *("unknown", "missing", "invalid", "duplicate", "unexpected", "hot", "shortcut", "arrow"),
        # Passes that are not passwords.
        *("by", "first", "second", "third", "single", "multi", "test"),
        # The directory before the current one.
        "old",
    )
)
"""The words before the last one with which it is not a secret."""

_FILES = ("client-key", ".key")
"""Ends of names that are files, or have a file as value."""

_FLAGS = ("pass", "pwd", "pw", "passin", "passout")
"""Flags whose name alone is not telling in other text."""

_PUNCTUATION = str.maketrans("", "", "-_. \"'\\")
_WORDS = re.compile(r"[A-Z]++(?![a-z])|[A-Z]?[a-z]++|[A-Z]++")
_LONGEST = 64


def is_secret_name(name: str) -> bool:
    """Whether the value of a field of this name is a secret."""
    # Only the end of a long name matters, and a number at the end does not: "password2".
    name = name[-_LONGEST:].rstrip("0123456789")
    plain = name.translate(_PUNCTUATION).lower()
    if plain.endswith(_ENDS):
        return True
    if not plain.endswith(_LAST_WORDS) or name.endswith(_FILES):
        return False
    words = _words(name)
    return len(words) > 1 and words[-1] in _LAST_WORDS and words[-2] not in _PLAIN


def is_secret_flag(name: str) -> bool:
    """Whether the value of a flag of this name is a secret."""
    return name in _FLAGS or is_secret_name(name)


def is_signature_name(name: str) -> bool:
    """Whether a parameter of this name signs a URL, which can then be used without a login."""
    name = name[-_LONGEST:]
    return name.lower().endswith("signature") or _words(name)[-1:] == ["sig"]


def has_several_words(name: str) -> bool:
    """Whether a name cannot be a word of a sentence."""
    return len(_words(name[-_LONGEST:])) > 1


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]
