"""Requests to the API server, logged as kubectl's ``-v`` logs its own; what is secret in them is masked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson

LINES, HEADERS, BODIES = 6, 7, 8
"""Levels from which requests are logged with no more than their line, their headers, and their bodies."""

_BODY_LIMITS = {8: 1024, 9: 10240}
"""Characters of a body that a level shows; higher ones show all."""

_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
_SECRET_FIELDS = ("token", "id_token", "refresh_token", "password", "client-key-data")


class RequestLog:
    """Writes what the level asks for.

    Args:
        level: kubectl's; below 6 nothing is logged.
        write: takes each line.
    """

    def __init__(self, level: int = 0, write: Callable[[str], None] | None = None) -> None:
        self._level = level if write else 0
        self._write = write or _nowhere
        self._began = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether nothing is logged at all."""
        return self._level < LINES

    def request(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: Any) -> None:
        """Before it is sent."""
        self._began = time.monotonic()
        if self._level >= BODIES:
            self._line(f'"Request Body" body={self._body(orjson.dumps(body) if body is not None else b"")}')
        if self._level >= HEADERS:
            self._line(f"{method} {url}")
            self._headers("Request Headers:", headers)

    def response(
        self, method: str, url: str, status: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        """After it was answered, or not: ``status`` says which."""
        took = f"in {round((time.monotonic() - self._began) * 1000)} milliseconds"
        if self._level >= HEADERS:
            self._line(f"Response Status: {status} {took}")
        elif self._level >= LINES:
            self._line(f"{method} {url} {status} {took}")
        if self._level >= BODIES:
            self._headers("Response Headers:", headers)
            self._line(f'"Response Body" body={self._body(body)}')

    def say(self, text: str) -> None:
        """Something else that was done, from the level of the request lines on."""
        if self._level >= LINES:
            self._line(text)

    def _headers(self, title: str, headers: Iterable[tuple[str, str]]) -> None:
        self._line(title)
        for name, value in headers:
            shown = "-".join(map(str.capitalize, name.split("-")))
            self._line(f"    {shown}: {_masked_header(name, value)}")

    def _body(self, body: bytes) -> str:
        text = _masked(body).decode("utf-8", "replace")
        limit = _BODY_LIMITS.get(self._level, len(text))
        if len(text) > limit:
            text = f"{text[:limit]} [truncated {len(text) - limit} chars]"
        return orjson.dumps(text).decode()

    def _line(self, text: str) -> None:
        self._write(f"I{datetime.now():%m%d %H:%M:%S.%f} {os.getpid():7} api.py] {text}")


def _nowhere(line: str) -> None:
    """Nobody listens."""


def _masked_header(name: str, value: str) -> str:
    if name.lower() not in _SECRET_HEADERS:
        return value
    kind, blank, _ = value.partition(" ")
    return f"{kind} <masked>" if blank else "<masked>"


def _masked(body: bytes) -> bytes:
    """JSON with its secrets gone; anything else is text of a server's own, and shown."""
    try:
        return orjson.dumps(_without_secrets(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return body


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "<masked>" if name in _SECRET_FIELDS and isinstance(inner, str) else _without_secrets(inner)
            for name, inner in value.items()
        }
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value
