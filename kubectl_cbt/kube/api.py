"""Requests to the API server.

Paths and dictionaries rather than the Kubernetes client's generated classes, which cover only the built-in API groups.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import orjson

from kubectl_cbt.errors import MalformedObject, UsageError
from kubectl_cbt.kube.api_errors import (
    NO_HINTS,
    ErrorHints,
    event_error,
    page_error,
    parsed,
    redirect_error,
    response_error,
    too_large,
    transport_error,
)
from kubectl_cbt.kube.client_config import LoadedConfig
from kubectl_cbt.kube.prefetch import prefetch, within
from kubectl_cbt.kube.request_log import RequestLog, credential_of
from kubectl_cbt.kube.request_retry import (
    DROPPED_WAIT_SECONDS,
    MAX_REDIRECTS,
    MAX_RETRIES,
    MAX_WAIT_SECONDS,
    is_retryable_request,
    redirect_of,
    redirect_target,
    retry_after_seconds,
    was_dropped,
)
from kubectl_cbt.system.limits import MAX_API_BODY_BYTES, MAX_EVENT_BYTES
from kubectl_cbt.utf8 import require_utf8

_WATCH_SECONDS, _WATCH_GRACE_SECONDS = 300, 30
_READ_BYTES = 2**16

_Result = TypeVar("_Result")

Object = dict[str, Any]
"""A Kubernetes object as JSON."""


class Api:
    """One API server, one login.

    Args:
        config: from :func:`~kubectl_cbt.kube.client_config.load_config`.
        request_timeout_seconds: for each request from connecting to the last byte of the response, including retries
            and the delays between them, as in client-go; for a watch to the first byte of the response. 0 means no
            limit, as in kubectl.
        log: records each request.
        hints: what to add to errors.

    Every method raises the errors of ``kube/api_errors.py``.
    """

    def __init__(
        self,
        config: LoadedConfig,
        request_timeout_seconds: float = 0,
        log: RequestLog | None = None,
        hints: ErrorHints = NO_HINTS,
    ) -> None:
        self._connection = config.connection
        self._pool = config.connection.pool()
        self._impersonation = config.impersonation
        self._timeout = request_timeout_seconds or None
        self._log = log or RequestLog()
        self._hints = hints
        self._closed = threading.Event()
        self._clock_ahead_seconds: float | None = None

    def clock_ahead_seconds(self) -> float | None:
        """How far this machine's clock is ahead of the API server's, by its last response; None if unknown."""
        return self._clock_ahead_seconds

    def get(self, *segments: str, **query: str) -> Object:
        """GET the path made of ``segments``, each quoted separately; empty query parameters are omitted."""
        return self._document("GET", segments, query)

    def create(self, *segments: str, body: Object) -> Object:
        """POST ``body`` to the path made of ``segments``."""
        return self._document("POST", segments, {}, body)

    def watch(self, *segments: str, **query: str) -> Iterator[Object]:
        """The events of a watch, untrusted, until the server ends it, as it does every few minutes.

        Raises:
            ApiError: of an ERROR event.
        """
        parameters = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        response = self._response("GET", segments, query | parameters, stream=True)[0]
        try:
            for line in self._lines(response):
                event = self._parse(line)
                if event.get("type") == "ERROR":
                    raise event_error(event, self._hints)
                yield event
        except _transport_errors() as error:
            raise transport_error(error, self._connection.server) from error
        finally:
            response.close()

    def prefetch(self, fetch: Callable[[], _Result]) -> Callable[[], _Result]:
        """As :func:`~kubectl_cbt.kube.prefetch.prefetch`; ``fetch`` itself when requests are logged, to keep them in
        order."""
        return prefetch(fetch) if self._log.is_silent else fetch

    def close(self) -> None:
        """Close the connections and end a wait between retries."""
        self._closed.set()
        self._pool.clear()

    def _document(
        self, method: str, segments: tuple[str, ...], query: dict[str, str], body: Object | None = None
    ) -> Object:
        return self._parse(self._response(method, segments, query, body)[1])

    def _parse(self, data: bytes) -> Object:
        try:
            document = parsed(data)
        except ValueError as error:
            page = page_error(data, self._connection.server)
            if page:
                raise page from error
            raise transport_error(error, self._connection.server) from error
        if not isinstance(document, dict):
            raise MalformedObject(f"the API server {self._connection.server} sent JSON that is not an object")
        return document

    def _response(
        self,
        method: str,
        segments: tuple[str, ...],
        query: dict[str, str],
        body: Object | None = None,
        *,
        stream: bool = False,
    ) -> tuple[Any, bytes]:
        """A response in the 2xx range: urllib3's response and its body, which is not read if it is streamed.

        Retried and redirected by the rules of ``kube/request_retry.py``.
        """
        path = "/" + "/".join(map(_quoted, segments))
        url, headers = self._serialize(path, query, body)
        may_retry = is_retryable_request(method, segments[-1])
        deadline = _Deadline(self._timeout)
        retries = redirects = 0
        while True:
            try:
                response, data = self._send(method, url, headers, body, deadline, stream=stream)
            except _transport_errors() as error:
                wait = DROPPED_WAIT_SECONDS if may_retry and was_dropped(error) else None
                if wait is None or retries == MAX_RETRIES or not deadline.allows(wait):
                    raise transport_error(error, self._connection.server) from error
                retries += 1
                self._wait(wait, f'"Connection dropped, repeating the request" delay="{wait}s" attempt={retries}')
                continue
            if _succeeded(response):
                return response, data
            location = redirect_of(response.status, response.headers)
            if location:
                target = redirect_target(method, response.status, url, location)
                redirects += 1
                if target is None or redirects > MAX_REDIRECTS:
                    raise redirect_error(
                        response.status, location, self._connection.server, repeated=target is not None
                    )
                url = target
                continue
            wait = retry_after_seconds(response.status, response.headers) if may_retry else None
            if wait is None or retries == MAX_RETRIES or wait > MAX_WAIT_SECONDS or not deadline.allows(wait):
                raise self._final_error(response, data, headers, path, wait, retries)
            retries += 1
            self._wait(wait, f'"Got a Retry-After response" delay="{wait}s" attempt={retries}')

    def _final_error(
        self, response: Any, data: bytes, headers: Any, path: str, wait: int | None, retries: int
    ) -> Exception:
        """The error for a final response."""
        from kubectl_cbt.security.redact import without

        # A server may repeat the credential, and errors are shown.
        body = without(data.decode("utf-8", "replace"), [credential_of(headers.items())])
        error = response_error(response.status, body.encode(), path, self._hints)
        if wait is None or error.hint:
            return error
        if retries == MAX_RETRIES:
            return error.with_hint(f"the request was retried {retries} times, as the server requested; try again later")
        return error.with_hint(f"the server requests a wait of {wait} s before a retry; try again then")

    def _wait(self, seconds: float, entry: str) -> None:
        """Wait before a retry; closing this object ends the wait."""
        self._log.event(entry)
        if self._closed.wait(seconds):
            raise transport_error(ConnectionError("the request was abandoned"), self._connection.server)

    def _send(
        self, method: str, url: str, headers: Any, body: Object | None, deadline: _Deadline, *, stream: bool
    ) -> tuple[Any, bytes]:
        """Send one request and return its response; both are logged."""
        self._log.request(method, url, headers.items(), body)
        try:
            response, data = within(
                deadline.left(), lambda: self._receive(method, url, headers, body, deadline, stream=stream)
            )
        except _transport_errors() as error:
            self._log.response(method, url, f"failed: {type(error).__name__}")
            raise
        self._log.response(method, url, f"{response.status} {response.reason or ''}", response.headers.items(), data)
        self._clock_ahead_seconds = _ahead_of(response.headers.get("Date")) or self._clock_ahead_seconds
        return response, data

    def _receive(
        self, method: str, url: str, headers: Any, body: Object | None, deadline: _Deadline, *, stream: bool
    ) -> tuple[Any, bytes]:
        """The response and its body."""
        response = self._pool.request(
            method,
            url,
            headers=headers,
            body=orjson.dumps(body) if body is not None else None,
            timeout=_time_limit(deadline.left(), stream=stream),
            preload_content=False,
            redirect=False,
        )
        if stream and _succeeded(response):
            return response, b""
        try:
            return response, self._body(response, deadline)
        except BaseException:
            response.close()
            raise

    def _body(self, response: Any, deadline: _Deadline) -> bytes:
        """The whole body; the limit applies to its decompressed size."""
        body = bytearray()
        for part in response.stream(_READ_BYTES, decode_content=True):
            body += part
            if len(body) > MAX_API_BODY_BYTES:
                raise too_large("the response", self._connection.server, MAX_API_BODY_BYTES)
            if not deadline.allows(0):
                raise TimeoutError  # the caller timed out, and the connection is closed
        return bytes(body)

    def _lines(self, response: Any) -> Iterator[bytes]:
        """Lines of a streamed body as they arrive, without empty ones."""
        buffer = bytearray()
        for part in response.stream(_READ_BYTES, decode_content=True):
            for piece in part.splitlines(keepends=True):
                buffer += piece
                if len(buffer) > MAX_EVENT_BYTES:
                    raise too_large("an event of a watch", self._connection.server, MAX_EVENT_BYTES)
                if piece.endswith(b"\n"):
                    line = bytes(buffer).strip()
                    buffer.clear()
                    if line:
                        yield line

    def _serialize(self, path: str, query: dict[str, str], body: Object | None) -> tuple[str, Any]:
        """URL and headers, with credential and impersonation."""
        from urllib3 import HTTPHeaderDict

        headers = HTTPHeaderDict({"Accept": "application/json", "User-Agent": "kubectl-cbt"})
        if body is not None:
            headers["Content-Type"] = "application/json"
        authorization = self._connection.authorization()
        if authorization:
            headers["Authorization"] = authorization
        for name, value in self._impersonation.headers():
            headers.add(name, value)  # a dictionary would keep only the last group
        require_utf8("a selector", *query.values())
        parameters = urlencode({name: value for name, value in query.items() if value}, quote_via=quote)
        return f"{self._connection.server}{path}{'?' if parameters else ''}{parameters}", headers


class _Deadline:
    """When a request, with all its retries, must be done.

    Args:
        seconds: from now; None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Remaining seconds, more than 0; None for no limit."""
        return None if self._end is None else max(0.001, self._end - time.monotonic())

    def allows(self, seconds: float) -> bool:
        """Whether that much time is left."""
        return self._end is None or time.monotonic() + seconds <= self._end


def _time_limit(seconds: float | None, *, stream: bool) -> Any:
    from urllib3 import Timeout

    # A watch may be silent until its timeout. After that the connection is lost.
    return Timeout(connect=seconds, read=_WATCH_SECONDS + _WATCH_GRACE_SECONDS) if stream else Timeout(total=seconds)


def _ahead_of(date: str | None) -> float | None:
    """How far our clock is ahead of an HTTP date; None for an invalid one."""
    from email.utils import parsedate_to_datetime

    try:
        return time.time() - parsedate_to_datetime(date or "").timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _succeeded(response: Any) -> bool:
    return bool(200 <= response.status < 300)


def _transport_errors() -> tuple[type[Exception], ...]:
    from urllib3.exceptions import HTTPError

    return (HTTPError, OSError)


def _quoted(segment: str) -> str:
    """A name as part of a path.

    Raises:
        UsageError: a name that would change the path, or an empty one.
    """
    require_utf8("a name", segment)
    quoted = quote(segment, safe="")
    if quoted in ("", ".", ".."):
        raise UsageError(f'"{segment}" is not a valid object name')
    return quoted
