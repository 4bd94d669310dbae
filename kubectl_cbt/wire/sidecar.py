"""The live source: an external-snapshot-metadata sidecar over gRPC and TLS."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import grpc

from kubectl_cbt.errors import (
    Interrupted,
    ServiceUnreachable,
    SnapshotNotFound,
    StreamCut,
    StreamError,
    TlsFailed,
    Unauthenticated,
)
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.route import DirectRoute
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.channel import responses
from kubectl_cbt.wire.service_connection import Link, ServiceConnection
from kubectl_cbt.wire.snapshot_metadata_pb2 import (
    DESCRIPTOR,
    GetMetadataAllocatedRequest,
    GetMetadataDeltaRequest,
)
from kubectl_cbt.wire.source import Origin
from kubectl_cbt.wire.status import certificate_error, connection_error, is_changed_certificate, stream_error

if TYPE_CHECKING:
    from cryptography import x509

_Request = GetMetadataAllocatedRequest | GetMetadataDeltaRequest
_SERVICE = DESCRIPTOR.services_by_name["SnapshotMetadata"].full_name
_CONNECTION_FAILED = (ServiceUnreachable, StreamCut)
_NO_QUERY = Query(SnapshotRef("", ""))
_MOST_ATTEMPTS = 3
"""At one query: each time a certificate, a CA or a base's name may turn out to be another one."""


class SidecarSource:
    """Queries one service, over a connection that other sources may share.

    Args:
        connection: to the service.
        fresh_token: called once per request. A token lives about as long as a stream may last, so one that was good
            for the first request may not be good for resuming a broken stream.
        discard_token: called with a token that the service rejected; returns whether ``fresh_token`` has another one
            that may be accepted.
        base_name: the base's name, for the first sidecars, which took that where all later ones take the handle.
            Empty when the endpoint is not such a sidecar.
        clock_ahead: how many seconds this machine's clock is ahead of the API server's; None when that is not known.
        release: called once when the source is closed; closes the connection by default.
    """

    def __init__(
        self,
        connection: ServiceConnection,
        fresh_token: Callable[[], Secret],
        discard_token: Callable[[Secret], bool] = lambda _token: False,
        base_name: str = "",
        clock_ahead: Callable[[], float | None] = lambda: None,
        release: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._fresh_token = fresh_token
        self._discard_token = discard_token
        self._base_name = base_name
        self._clock_ahead = clock_ahead
        self._release = release
        self._sends_name = False
        self._origin = Origin(DirectRoute.name)
        self._verified_pem = b""
        self._first_link: Link | None = None  # from connect() until the first query
        self._is_released = False
        self._closing = Cancellation()
        self._lock = threading.Lock()

    @property
    def origin(self) -> Origin:
        return self._origin

    def connect(self) -> None:
        """Make the route now, and not with the first query, when a screen or a document has begun.

        The service's certificate is fetched meanwhile; a failure of that is raised by the first query.

        Raises:
            CbtError: there is no route.
        """
        link = self._first_link = self._connection.enter()
        link.wait_for_route(self._closing)
        if link.route is not None:
            self._origin = Origin(link.route.name)

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        """See :meth:`~kubectl_cbt.wire.source.Source.query`.

        An attempt that fails before its first message is retried immediately if a change can make it succeed: with a
        certificate or a CA that was replaced, with another token than one that was accepted before and expired, or with
        the base's name for a sidecar that requires it.
        """
        with cancellation.part() as part, self._closing.calling(part.cancel):
            may_renew_token = True
            for attempt in range(1, _MOST_ATTEMPTS + 1):
                with self._link() as link:
                    messages: int | None = 0
                    token = self._fresh_token()
                    try:
                        call = self._send(link, query, token, part)
                    except StreamError as failure:
                        error = failure
                    else:
                        messages = yield from responses(call, part)
                        if messages is None:
                            return
                        error = self._error_of(link, call, query, messages, part, token)
                    final = bool(messages) or attempt == _MOST_ATTEMPTS or part.is_cancelled
                    if isinstance(error, Unauthenticated):
                        final |= not (self._discard_token(token) and may_renew_token)
                        may_renew_token = False
                    elif not final:
                        final = not self._can_retry_differently(link, error, query)
                    if final:
                        raise error

    def close(self) -> None:
        self._closing.cancel()
        link = self._take_first_link()
        if link is not None:
            self._connection.leave(link)
        with self._lock:
            is_released, self._is_released = self._is_released, True
        if not is_released:
            (self._release or self._connection.close)()

    def certificate(self) -> x509.Certificate:
        """Connect as every query does; returns the service's certificate, which was verified.

        Raises:
            StreamError: the connection is not made, or the certificate is not trusted.
        """
        from cryptography import x509

        try:
            self.health()
        except StreamError as error:
            # Any other error is an answer: there is a connection.
            if isinstance(error, (*_CONNECTION_FAILED, TlsFailed)):
                raise
        return x509.load_pem_x509_certificate(self._verified_pem)

    def health(self) -> str:
        """The status that ``grpc.health.v1`` reports for the server: ``SERVING``, ``NOT_SERVING``; or an error's code.

        Raises:
            StreamError: the connection fails.
        """
        from kubectl_cbt.wire.grpc_health import health_of

        for attempt in range(1, _MOST_ATTEMPTS + 1):
            with self._link() as link:
                try:
                    found = health_of(self._channel(link, _NO_QUERY, self._closing))
                except StreamError as refused:
                    error = refused
                else:
                    if isinstance(found, str):
                        return found
                    error = self._error_of(link, found, _NO_QUERY, 0, self._closing)
                if attempt == _MOST_ATTEMPTS or not self._can_retry_differently(link, error, _NO_QUERY):
                    break
        raise error

    @contextlib.contextmanager
    def _link(self) -> Iterator[Link]:
        """The link for one request.

        Raises:
            Interrupted: the source or the connection is closed.
        """
        if self._closing.is_cancelled:
            raise Interrupted("interrupted")
        link = self._take_first_link() or self._connection.enter()
        try:
            yield link
        finally:
            self._connection.leave(link)

    def _take_first_link(self) -> Link | None:
        with self._lock:
            link, self._first_link = self._first_link, None
        return link

    def _send(self, link: Link, query: Query, token: Secret, cancellation: Cancellation) -> Any:
        """Send one request; returns the call.

        Raises:
            CbtError: there is no route, or the service's certificate is not trusted.
        """
        channel = self._channel(link, query, cancellation)
        request = _request(query, token, self._base_name if self._sends_name else "")
        method = "GetMetadataAllocated" if query.base is None else "GetMetadataDelta"
        # No response deserializer: what is iterated are the messages' bytes, and decoding is ours.
        callable_: grpc.UnaryStreamMultiCallable[_Request, bytes] = channel.unary_stream(
            f"/{_SERVICE}/{method}", request_serializer=lambda message: message.SerializeToString()
        )
        return callable_(request)

    def _channel(self, link: Link, query: Query, cancellation: Cancellation) -> grpc.Channel:
        """The link's channel; it trusts only the certificate that was served and verified when it was made.

        Raises:
            CbtError: there is no route.
            StreamError: the connection is not made, or the certificate is not trusted.
        """
        link.wait(cancellation)
        if link.route is not None:
            self._origin = Origin(link.route.name)
        channel, error = link.channel, link.error
        if cancellation.is_cancelled or (channel is None and error is None):
            raise StreamCut("the stream was cancelled", code="CANCELLED", details="") from error
        if channel is not None:
            self._verified_pem = link.verified_pem
            return channel
        if isinstance(error, OSError):
            raise self._after_failure(link, connection_error(error, query, link.endpoint)) from error
        # Not at the top: the verification imports it in its thread, while other things are waited for.
        from kubectl_cbt.wire.certificate_check import CertificateRejected

        if isinstance(error, CertificateRejected):
            elsewhere = isinstance(link.route, DirectRoute) and link.address != link.endpoint.address
            given = link.address if elsewhere else ""
            raise certificate_error(error, link.endpoint, given, self._clock_ahead()) from error
        assert error is not None  # noqa: S101  # there is a channel otherwise
        raise error

    def _error_of(
        self,
        link: Link,
        call: Any,
        query: Query,
        messages: int,
        cancellation: Cancellation,
        token: Secret | None = None,
    ) -> StreamError:
        """The error that ended a call, with what the route reports; a connection that failed is replaced.

        Args:
            token: carried by the request, so that the error must not repeat it.
        """
        from kubectl_cbt.security.redact import without

        details = without(call.details() or "", [token.reveal()] if token else [])
        error = stream_error(call.code(), details, query, link.endpoint, messages=messages, token=token)
        return error if cancellation.is_cancelled else self._after_failure(link, error)

    def _after_failure(self, link: Link, error: StreamError) -> StreamError:
        if isinstance(error, _CONNECTION_FAILED):
            self._connection.retire(link)
            report = link.route.report() if link.route is not None else ""
            if report:
                # There was a route, and it ended: another attempt may succeed, even before the first message.
                return StreamCut(f"{error.message}; {report}", code=error.code, details=error.details)
        return error

    def _can_retry_differently(self, link: Link, error: StreamError, query: Query) -> bool:
        """Whether an immediate retry of the same query can succeed."""
        if isinstance(error, TlsFailed):
            if is_changed_certificate(error):
                self._connection.retire(link, keep_route=True)
                return True
            return self._connection.has_another_ca(link)
        if self._base_name and not self._sends_name and _took_handle_for_name(error, query):
            self._sends_name = True
            return True
        return False


def _took_handle_for_name(error: StreamError, query: Query) -> bool:
    return isinstance(error, SnapshotNotFound) and f"'{query.snapshot.namespace}/{query.base}'" in error.details


def _request(query: Query, token: Secret, base_name: str) -> _Request:
    request: _Request
    if query.base is None:
        request = GetMetadataAllocatedRequest(snapshot_name=query.snapshot.name)
    else:
        base = base_name or query.base.value
        request = GetMetadataDeltaRequest(base_snapshot_id=base, target_snapshot_name=query.snapshot.name)
    request.security_token = token.reveal()
    request.namespace = query.snapshot.namespace
    request.starting_offset = query.starting_offset
    request.max_results = query.max_results
    return request
