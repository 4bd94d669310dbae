"""Log requests to the API server in the format of kubectl 1.33 and later, with secrets masked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson

LINES, HEADERS, BODIES = 6, 7, 8
"""Lowest levels that log the line, the headers, and the bodies of requests."""

_BODY_LIMITS = {8: 1024, 9: 10240}
"""Characters of a body that a level shows; higher levels show all."""


class RequestLog:
    """Writes requests and responses at the given level.

    Args:
        level: as kubectl's ``-v``; below 6 nothing is logged.
        write: receives each entry: its line, and the indented lines that continue it.
    """

    def __init__(self, level: int = 0, write: Callable[..., None] | None = None) -> None:
        self._level = level if write else 0
        self._write = write or _discard
        self._began = 0.0
        self._credential = ""

    @property
    def is_silent(self) -> bool:
        """Whether nothing is logged."""
        return self._level < LINES

    def request(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: Any) -> None:
        """Log a request, before it is sent."""
        self._began = time.monotonic()
        if self.is_silent:
            return
        from kubectl_cbt.security.redact import redact

        headers = list(headers)
        # The server may repeat it, and it has no form that redact() recognises.
        self._credential = credential_of(headers)
        if self._level >= BODIES:
            self._line(f'"Request Body" body={self._body(orjson.dumps(body) if body is not None else b"")}')
        if self._level >= HEADERS:
            self._line(f'"Request" verb={_quoted(method)} url={_quoted(redact(url))} headers=', headers)

    def response(
        self, method: str, url: str, status: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        """Log a response, or in ``status`` that there was none."""
        if self.is_silent:
            return
        from kubectl_cbt.security.redact import redact

        status = f"status={_quoted(redact(status))}"
        took = f" milliseconds={round((time.monotonic() - self._began) * 1000)}"
        if self._level >= BODIES:
            self._line(f'"Response" {status} headers=', headers, took)
            self._line(f'"Response Body" body={self._body(body)}')
        elif self._level >= HEADERS:
            self._line(f'"Response" {status}{took}')
        else:
            self._line(f'"Response" verb={_quoted(method)} url={_quoted(redact(url))} {status}{took}')

    def event(self, text: str) -> None:
        """Log another event, at the level of request lines."""
        if self._level >= LINES:
            self._line(text)

    def _shown_header(self, name: str, value: str) -> str:
        from kubectl_cbt.security.redact import redact_header, without

        shown = "-".join(map(str.capitalize, name.split("-")))
        return f"\t{shown}: {redact_header(name, without(value, [self._credential]))}"

    def _body(self, body: bytes) -> str:
        from kubectl_cbt.security.redact import redact, without

        text = without(body.decode("utf-8", "replace"), [self._credential])
        limit = _BODY_LIMITS.get(self._level, len(text))
        # Cut first: a body may be long, and redact() also finds secrets in a cut one.
        shown = redact(text[:limit])
        if len(text) > limit:
            shown = f"{shown} [truncated {len(text) - limit} chars]"
        return _quoted(shown)

    def _line(self, text: str, headers: Iterable[tuple[str, str]] | None = None, rest: str = "") -> None:
        """Write an entry, with headers on separate lines and the text after them."""
        begin = f"I{datetime.now():%m%d %H:%M:%S.%f} {os.getpid():7} api.py] {text}"
        shown = sorted(self._shown_header(*header) for header in headers or ())
        if shown:
            self._write(f"{begin}<", *shown, f" >{rest}")
        else:
            self._write(f"{begin}{'' if headers is None else _quoted('')}{rest}")


def credential_of(headers: Iterable[tuple[str, str]]) -> str:
    """The credential of the Authorization header, without its scheme; empty without one."""
    found = (value for name, value in headers if name.lower() == "authorization")
    return next(found, "").rpartition(" ")[2]


def _quoted(text: str) -> str:
    """As a value of a structured log."""
    return orjson.dumps(text).decode()


def _discard(*lines: str) -> None:
    """Write nothing."""
