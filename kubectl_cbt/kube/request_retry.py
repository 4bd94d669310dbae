"""When a request to the API server is retried, and which redirects are followed: client-go's rules, with limits.

client-go (``rest/with_retry.go``) retries any request whose response is 429 or 5xx **and** has a Retry-After in
seconds, and a GET whose connection was closed before a response; each up to 10 times.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import urljoin, urlsplit

MAX_RETRIES = 10
"""For one request, as in client-go."""
MAX_REDIRECTS = 10
"""As in Go's HTTP client."""
MAX_WAIT_SECONDS = 300
"""The longest Retry-After that is honoured; with a longer one the error is reported immediately."""
DROPPED_WAIT_SECONDS = 1
"""Delay before the retry of a request whose connection was closed."""

_REDIRECTS = (301, 302, 303, 307, 308)
_KEEP_METHOD = (307, 308)
_COMPUTED = frozenset({"token", "selfsubjectreviews", "selfsubjectaccessreviews", "subjectaccessreviews"})


def is_retryable_request(method: str, resource: str) -> bool:
    """Whether a request may be sent twice: a GET, or a POST that stores no object (TokenRequest and reviews).

    Args:
        resource: the last segment of the path.
    """
    return method == "GET" or (method == "POST" and resource in _COMPUTED)


def retry_after_seconds(status: int, headers: Mapping[str, str]) -> int | None:
    """How long the server requests to wait before a retry; None without such a request.

    A date in Retry-After is ignored, as by client-go.
    """
    text = headers.get("Retry-After", "").strip()
    if not (status == 429 or 500 <= status <= 599) or not (text.isascii() and text.isdigit()):
        return None
    return int(text[:9])


def was_dropped(error: BaseException) -> bool:
    """Whether the connection was closed before a response."""
    seen: set[int] = set()
    pending: list[Any] = [error]
    while pending:
        found = pending.pop()
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        if isinstance(found, RemoteDisconnected | ConnectionResetError | BrokenPipeError | ssl.SSLEOFError):
            return True
        seen.add(id(found))
        pending += [*found.args, found.__cause__]
    return False


def redirect_of(status: int, headers: Mapping[str, str]) -> str | None:
    """The Location of a redirect; None for any other response."""
    return (headers.get("Location") or None) if status in _REDIRECTS else None


def redirect_target(method: str, status: int, url: str, location: str) -> str | None:
    """The URL to follow a redirect to, with the same credentials; None when they must not be sent there.

    It must have the scheme, host and port of ``url``. A POST is redirected only with its method and body unchanged.
    """
    try:
        target = urljoin(url, location)
        same = _origin(target) == _origin(url)
    except ValueError:
        return None
    return target.partition("#")[0] if same and (method == "GET" or status in _KEEP_METHOD) else None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL with a login")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
