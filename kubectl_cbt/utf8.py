"""Whether a text can be sent to a server or printed in a document."""

from __future__ import annotations

from kubectl_cbt.errors import UsageError


def is_utf8(text: str) -> bool:
    """False for a command line text that was not UTF-8: Python represents its bytes as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def require_utf8(what: str, *texts: str) -> None:
    """Check that texts can be sent to a server or printed in a document.

    Args:
        what: names their origin: a flag, an argument, an environment variable.

    Raises:
        UsageError: one is not UTF-8.
    """
    if not all(map(is_utf8, texts)):
        raise UsageError(f"{what} is not UTF-8, as every name and text of Kubernetes is")
