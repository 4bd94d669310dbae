"""Translate error responses of the API server, and failures to connect, to our errors; the only place that does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from kubectl_cbt.clock import clock_question
from kubectl_cbt.errors import ApiError, ApiUnreachable, Forbidden, NotFound, ResourceTypeMissing, Unauthorized
from kubectl_cbt.kube.object_reader import ObjectReader
from kubectl_cbt.system.limits import MAX_JSON_VALUES
from kubectl_cbt.units import human_bytes, printable

FORBIDDEN_HINT = "an administrator has to grant it; what you may already do: kubectl auth can-i --list"


def _forbidden_hint(message: str) -> str:
    return FORBIDDEN_HINT


@dataclass(frozen=True, slots=True)
class ErrorHints:
    """What the caller of the API server can add to its errors.

    Attributes:
        forbidden: returns the hint for a 403, given the API server's message.
        missing_groups: hints for API groups that the API server does not serve, by group.
    """

    forbidden: Callable[[str], str] = _forbidden_hint
    missing_groups: Mapping[str, str] = field(default_factory=dict)


NO_HINTS = ErrorHints()


def parsed(body: bytes) -> Any:
    """JSON of an API server.

    Raises:
        ValueError: it is not JSON, or contains too many values.
    """
    # The number of values is at most the number of these bytes plus one.
    if len(body) > MAX_JSON_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > MAX_JSON_VALUES:
        raise ValueError(f"it contains more than {MAX_JSON_VALUES} JSON values, the limit")
    try:
        return orjson.loads(body)
    except ValueError as error:
        if "infinity" not in str(error):
            raise
        return _with_huge_numbers(body)


def _with_huge_numbers(body: bytes) -> Any:
    """JSON with a number out of range, which becomes infinite: one invalid field must not invalidate a whole list.

    Raises:
        ValueError: as ``orjson.loads`` does for everything else.
    """
    import json

    if rb"\ud" in body.lower():
        raise ValueError("it may contain a lone surrogate")
    try:
        return json.loads(body, parse_constant=_refused, parse_int=lambda digits: int(digits[:_MANY_DIGITS]))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


_MANY_DIGITS = 1000
"""Python converts at most some thousand digits; such a number is too large for every field."""


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def response_error(status: int, body: bytes, path: str, hints: ErrorHints = NO_HINTS) -> ApiError:
    """The error for a response outside 2xx.

    A Status object contains the message, in kubectl's phrasing. For a group or version that is not served the API
    server returns a 404 with a plain text body.
    """
    try:
        document = parsed(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("kind") != "Status":
        return _without_status_object(status, body, path, hints)
    reader = ObjectReader(document)
    message, reason = reader.text("message") or "unknown", reader.text("reason")
    if status == 401:
        return _unauthorized()
    if status == 403:
        return Forbidden(message, status=status, reason=reason or "Forbidden", hint=hints.forbidden(message))
    if status == 404:
        return NotFound(message, status=status, reason=reason or "NotFound")
    return ApiError(message, status=status, reason=reason)


def event_error(event: dict[str, Any], hints: ErrorHints = NO_HINTS) -> ApiError:
    """The error for the ERROR event that ends a watch; its object is a Status."""
    reader = ObjectReader(event)
    status = {name: reader.text("object", name) for name in ("message", "reason")}
    return response_error(reader.number("object", "code") or 500, orjson.dumps(status | {"kind": "Status"}), "", hints)


def _unauthorized() -> Unauthorized:
    return Unauthorized(
        "you must be logged in to the server",
        status=401,
        reason="Unauthorized",
        hint="the login in the kubeconfig is missing or expired; try: kubectl auth whoami",
    )


def _without_status_object(status: int, body: bytes, path: str, hints: ErrorHints) -> ApiError:
    if status == 401:
        return _unauthorized()
    parts = path.split("/")
    if status == 404 and path.startswith("/apis/") and len(parts) > 2:
        group = parts[2]
        version = f' in version "{parts[3]}"' if len(parts) > 3 else ""
        message = f'the server doesn\'t have the API group "{group}"{version}'
        return ResourceTypeMissing(message, hint=hints.missing_groups.get(group, ""))
    shown = page_text(body)
    if shown is not None:
        return ApiError(
            f"the server returned an HTML page instead of an API response{shown}", status=status, hint=_PAGE_HINT
        )
    text = " ".join(body.decode("utf-8", "replace").split())[:200]
    return ApiError(text or "no details", status=status)


_PAGE_BYTES = 2**14
_PAGE_HINT = "a login page, a gateway or a proxy is at this address: is server: in the kubeconfig correct?"
_NOT_SHOWN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>?")


def page_text(body: bytes) -> str | None:
    """The text of an HTML page, without tags, as the end of a sentence; None if the body is not HTML."""
    text = body[:_PAGE_BYTES].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not text[:200].lower().startswith(("<!doctype html", "<html", "<head", "<body", "<title", "<h1", "<!--")):
        return None
    from html import unescape

    title = _TITLE.search(text)
    shown = title[1] if title and title[1].strip() else _TAG.sub(" ", _NOT_SHOWN.sub(" ", text))
    shown = printable(" ".join(unescape(shown).split()))[:200]
    return f": {shown}" if shown else ""


def page_error(body: bytes, host: str) -> ApiUnreachable | None:
    """The error for an HTML page with a status in the 2xx range; None for any other body."""
    shown = page_text(body)
    if shown is None:
        return None
    return ApiUnreachable(f"the API server {host} returned an HTML page{shown}", hint=_PAGE_HINT)


def redirect_error(status: int, location: str, host: str, *, repeated: bool) -> ApiError:
    """The error for a redirect that is not followed.

    Args:
        location: as the server sent it; its query may contain secrets and is not shown.
        repeated: whether the limit of redirects was reached.
    """
    from kubectl_cbt.security.redact import redact

    scheme, separator, rest = location.partition("://")
    authority, slash, path = rest.partition("/")
    bare = f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}" if separator else location
    shown = printable(redact(bare.partition("?")[0].partition("#")[0])[:300])
    why = "redirects in a circle" if repeated else "redirects"
    return ApiError(
        f"the API server {host} {why} to {shown}",
        status=status,
        hint=""
        if repeated
        else "credentials are sent only to the server of the kubeconfig, so this redirect was"
        " not followed; is server: in the kubeconfig correct, and the login still valid?",
    )


def transport_error(error: Exception, host: str) -> ApiUnreachable:
    """The error for a request without a valid response: refused, timed out, not TLS, not JSON."""
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError

    text = " ".join(str(error).split())
    if isinstance(error, NameResolutionError):
        return ApiUnreachable(f"the API server {host} cannot be found: its name does not resolve", hint=_CHECK)
    # Before the timeouts: urllib3 derives it from one of them.
    if isinstance(error, NewConnectionError):
        return ApiUnreachable(f"cannot connect to the API server {host}: {_reason(text)}", hint=_CHECK)
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError | TimeoutError):
        return ApiUnreachable(f"the API server {host} did not respond in time", hint="--request-timeout sets the limit")
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
        return ApiUnreachable(
            f"the certificate of the API server {host} was rejected: {_reason(text)}",
            hint=_certificate_hint(text),
        )
    return ApiUnreachable(f"no valid response from the API server {host}: {_reason(text)}", hint=_CHECK)


def _certificate_hint(text: str) -> str:
    """What to do about a certificate of the API server that OpenSSL rejects.

    Args:
        text: contains OpenSSL's reason.
    """
    if "certificate has expired" in text or "certificate is not yet valid" in text:
        return f"{clock_question()}; if it is, the API server or its CA in the kubeconfig needs a new certificate"
    if "Hostname mismatch" in text or "IP address mismatch" in text:
        return "set a name that the certificate contains: --tls-server-name NAME, or tls-server-name in the kubeconfig"
    return "check certificate-authority of the cluster in the kubeconfig"


def too_large(what: str, host: str, limit_bytes: int) -> ApiUnreachable:
    """The error for a response that exceeds a limit."""
    return ApiUnreachable(
        f"{what} of the API server {host} is larger than {human_bytes(limit_bytes)}, the limit",
        hint="list fewer objects at once: -n NAMESPACE, -l LABELS, --field-selector FIELDS",
    )


_CHECK = "did you specify the right context? kubectl cluster-info"


def _reason(text: str) -> str:
    """The end of urllib3's nested messages, which contains the cause."""
    from kubectl_cbt.security.redact import redact

    return redact(text.rpartition("): ")[2].rpartition("Caused by ")[2][:300])
