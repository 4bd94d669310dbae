"""Errors to what a recording keeps of them, and back to the same class with the same words."""

from __future__ import annotations

from typing import Any

from kubectl_cbt.errors import ApiError, CbtError, StreamError, error_kinds
from kubectl_cbt.security.redact import redact_for_publication

Values = dict[str, Any]


def values_of(error: CbtError) -> Values:
    """What is kept, redacted; ``details`` are the server's words."""
    values: Values = {
        "type": error.kind,
        "message": redact_for_publication(error.message),
        "hint": redact_for_publication(error.hint),
    }
    if isinstance(error, StreamError):
        values |= {"code": error.code, "details": redact_for_publication(error.details)}
    if isinstance(error, ApiError):
        values |= {"status": error.status, "reason": error.reason}
    return values


def error_of(values: Values) -> CbtError:
    """The error again; of a class that this version does not know a :class:`~kubectl_cbt.errors.StreamError`.

    Raises:
        KeyError: a value is missing.
        TypeError: one is of another type.
        ValueError: a number is out of range.
    """
    if not isinstance(values, dict):
        raise TypeError("it is not an object")
    kind = error_kinds().get(text_of(values, "type"), StreamError)
    message, hint = text_of(values, "message"), text_of(values, "hint")
    if issubclass(kind, ApiError):
        return kind(message, status=number_of(values, "status"), reason=text_of(values, "reason"), hint=hint)
    if issubclass(kind, StreamError):
        code, details = (text_of(values, key) if key in values else "" for key in ("code", "details"))
        return kind(message, code=code, details=details, hint=hint)
    return kind(message, hint=hint)


def number_of(values: Values, key: str) -> int:
    """An int64 of a record that is not negative.

    Raises:
        KeyError: it is missing.
        TypeError: it is not an integer.
        ValueError: it is out of range.
    """
    value = values[key]
    if type(value) is not int:
        raise TypeError(f"{key} is not an integer")
    if not 0 <= value < 2**63:
        raise ValueError(f"{key} is out of range")
    return value


def text_of(values: Values, key: str) -> str:
    """A text of a record.

    Raises:
        KeyError: it is missing.
        TypeError: it is not a text.
    """
    value = values[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is not text")
    return value
