"""Requests to the API server.

Paths and dictionaries rather than the Kubernetes client's generated classes: none of them knows the two API groups that
matter here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import orjson

from kubectl_cbt.cluster.api_errors import answer_error, parsed, too_large, transport_error
from kubectl_cbt.cluster.background import asked_ahead, within
from kubectl_cbt.cluster.config import LoadedConfig
from kubectl_cbt.cluster.request_log import RequestLog, credential_of
from kubectl_cbt.errors import MalformedObject, UsageError
from kubectl_cbt.model.limits import MAX_API_BODY_BYTES, MAX_EVENT_BYTES

_WATCH_SECONDS, _WATCH_GRACE_SECONDS = 300, 30
_READ_BYTES = 2**16

_Answer = TypeVar("_Answer")

Object = dict[str, Any]
"""A Kubernetes object as JSON."""


class Api:
    """One API server, one login.

    Args:
        config: from :func:`~kubectl_cbt.cluster.config.load_config`.
        request_timeout_seconds: for each request from connecting to the last byte of its answer, and for a watch to
            the first of it; 0 waits for ever, as kubectl does.
        log: told of each request.

    Every method raises the errors of ``cluster/api_errors.py``.
    """

    def __init__(self, config: LoadedConfig, request_timeout_seconds: float = 0, log: RequestLog | None = None) -> None:
        self._connection = config.connection
        self._pool = config.connection.pool()
        self._impersonation = config.impersonation
        self._timeout = request_timeout_seconds or None
        self._log = log or RequestLog()

    def get(self, *segments: str, **query: str) -> Object:
        """GET the path made of ``segments``, each quoted on its own; empty query parameters are left out."""
        return self._document("GET", segments, query)

    def create(self, *segments: str, body: Object) -> Object:
        """POST ``body`` to the path made of ``segments``."""
        return self._document("POST", segments, {}, body)

    def watch(self, *segments: str, **query: str) -> Iterator[Object]:
        """The events of a watch, untrusted, until the server ends it, as it does every few minutes."""
        asked = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        answer = self._answer("GET", segments, query | asked, stream=True)[0]
        try:
            yield from map(self._parsed, self._lines(answer))
        except _transport_errors() as error:
            raise transport_error(error, self._connection.server) from error
        finally:
            answer.close()

    def ahead(self, ask: Callable[[], _Answer]) -> Callable[[], _Answer]:
        """``ask``, already asked while other things are: see :func:`~kubectl_cbt.cluster.background.asked_ahead`.

        Where requests are logged it is ``ask`` itself: they come one after the other, as a log has to show them.
        """
        return asked_ahead(ask) if self._log.is_silent else ask

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _document(
        self, method: str, segments: tuple[str, ...], query: dict[str, str], body: Object | None = None
    ) -> Object:
        return self._parsed(self._answer(method, segments, query, body)[1])

    def _parsed(self, data: bytes) -> Object:
        try:
            document = parsed(data)
        except ValueError as error:
            raise transport_error(error, self._connection.server) from error
        if not isinstance(document, dict):
            raise MalformedObject(f"the API server {self._connection.server} sent JSON that is not an object")
        return document

    def _answer(
        self,
        method: str,
        segments: tuple[str, ...],
        query: dict[str, str],
        body: Object | None = None,
        *,
        stream: bool = False,
    ) -> tuple[Any, bytes]:
        """An answer in the 2xx range: urllib3's response and its body, which is left unread if it is to be streamed."""
        path = "/" + "/".join(map(_quoted, segments))
        url, headers = self._serialized(path, query, body)
        self._log.request(method, url, headers.items(), body)
        try:
            answer, data = within(self._timeout, lambda: self._received(method, url, headers, body, stream=stream))
        except _transport_errors() as error:
            self._log.response(method, url, f"failed: {type(error).__name__}")
            raise transport_error(error, self._connection.server) from error
        self._log.response(method, url, f"{answer.status} {answer.reason or ''}", answer.headers.items(), data)
        if not _succeeded(answer):
            from kubectl_cbt.redact import without

            # A server may repeat what it was sent, and errors are shown.
            told = without(data.decode("utf-8", "replace"), [credential_of(headers.items())])
            raise answer_error(answer.status, told.encode(), path)
        return answer, data

    def _received(self, method: str, url: str, headers: Any, body: Object | None, *, stream: bool) -> tuple[Any, bytes]:
        """An answer and its body."""
        answer = self._pool.request(
            method,
            url,
            headers=headers,
            body=orjson.dumps(body) if body is not None else None,
            timeout=self._time_limit(stream=stream),
            preload_content=False,
        )
        if stream and _succeeded(answer):
            return answer, b""
        try:
            return answer, self._body(answer)
        except BaseException:
            answer.close()
            raise

    def _body(self, answer: Any) -> bytes:
        """All of a body; what counts is its size when it is decompressed."""
        end = None if self._timeout is None else time.monotonic() + self._timeout
        body = bytearray()
        for part in answer.stream(_READ_BYTES, decode_content=True):
            body += part
            if len(body) > MAX_API_BODY_BYTES:
                raise too_large("the answer", self._connection.server, MAX_API_BODY_BYTES)
            if end is not None and time.monotonic() > end:
                raise TimeoutError  # the caller has given up, and the connection is closed
        return bytes(body)

    def _lines(self, answer: Any) -> Iterator[bytes]:
        """Lines of a streamed body as they come, without the empty ones."""
        held = bytearray()
        for part in answer.stream(_READ_BYTES, decode_content=True):
            for piece in part.splitlines(keepends=True):
                held += piece
                if len(held) > MAX_EVENT_BYTES:
                    raise too_large("an event of a watch", self._connection.server, MAX_EVENT_BYTES)
                if piece.endswith(b"\n"):
                    line = bytes(held).strip()
                    held.clear()
                    if line:
                        yield line

    def _serialized(self, path: str, query: dict[str, str], body: Object | None) -> tuple[str, Any]:
        """URL and headers, with the login and whom to act as."""
        from urllib3 import HTTPHeaderDict

        headers = HTTPHeaderDict({"Accept": "application/json", "User-Agent": "kubectl-cbt"})
        if body is not None:
            headers["Content-Type"] = "application/json"
        authorization = self._connection.authorization()
        if authorization:
            headers["Authorization"] = authorization
        for name, value in self._impersonation.headers():
            headers.add(name, value)  # a dictionary would keep the last group only
        parameters = urlencode({name: value for name, value in query.items() if value}, quote_via=quote)
        return f"{self._connection.server}{path}{'?' if parameters else ''}{parameters}", headers

    def _time_limit(self, *, stream: bool) -> Any:
        from urllib3 import Timeout

        # A watch may be silent all its time. One that is so for longer has lost its connection.
        return (
            Timeout(connect=self._timeout, read=_WATCH_SECONDS + _WATCH_GRACE_SECONDS)
            if stream
            else Timeout(total=self._timeout)
        )


def _succeeded(answer: Any) -> bool:
    return bool(200 <= answer.status < 300)


def _transport_errors() -> tuple[type[Exception], ...]:
    from urllib3.exceptions import HTTPError

    return (HTTPError, OSError)


def _quoted(segment: str) -> str:
    """A name as part of a path.

    Raises:
        UsageError: a name that would lead to another path, or none at all.
    """
    try:
        quoted = quote(segment, safe="")
    except UnicodeEncodeError as error:
        raise UsageError(f"{segment!r} is not UTF-8, and no name") from error
    if quoted in ("", ".", ".."):
        raise UsageError(f'"{segment}" is no name of an object')
    return quoted
