"""The live source: an external-snapshot-metadata sidecar over gRPC and TLS."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc

from kubectl_cbt.errors import CbtError, ServiceUnreachable, SnapshotNotFound, StreamCut, StreamError, TlsFailed
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.route import DirectRoute, Route
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.wire.channel import close_channel, open_channel, responses
from kubectl_cbt.wire.snapshot_metadata_pb2 import (
    DESCRIPTOR,
    GetMetadataAllocatedRequest,
    GetMetadataDeltaRequest,
)
from kubectl_cbt.wire.source import Origin
from kubectl_cbt.wire.status import certificate_error, connection_error, is_changed_certificate, stream_error
from kubectl_cbt.wire.tls_verification import TlsVerification

if TYPE_CHECKING:
    from cryptography import x509

_Request = GetMetadataAllocatedRequest | GetMetadataDeltaRequest
_SERVICE = DESCRIPTOR.services_by_name["SnapshotMetadata"].full_name
_CONNECTION_FAILED = (ServiceUnreachable, StreamCut)
_NO_QUERY = Query(SnapshotRef("", ""))
_MOST_ATTEMPTS = 3
"""At one query: each time a certificate, a CA or a base's name may turn out to be another one."""


class SidecarSource:
    """Queries one endpoint; every request carries a token of its own.

    Args:
        endpoint: the service to query, and the CA to trust for it.
        fresh_token: called once per request. A token lives about as long as a stream may last, so one that was good
            for the first request is not good for resuming a broken stream.
        route: how to reach the service; the endpoint's own address by default. Closed together with the source.
        base_name: the base's name, for the first sidecars, which took that where all later ones take the handle.
            Empty when the endpoint is not such a sidecar.
        fresh_endpoint: reads the endpoint again, for a CA that was replaced meanwhile.
        max_message_bytes: a larger message ends its stream with an error.
        clock_ahead: how many seconds this machine's clock is ahead of the API server's; None when that is not known.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        fresh_token: Callable[[], Secret],
        route: Route | None = None,
        base_name: str = "",
        fresh_endpoint: Callable[[], Endpoint] | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        clock_ahead: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._endpoint = endpoint
        self._fresh_endpoint = fresh_endpoint
        self._fresh_token = fresh_token
        self._route = route or DirectRoute(endpoint.address)
        self._base_name = base_name
        self._max_message_bytes = max_message_bytes
        self._clock_ahead = clock_ahead
        self._sends_name = False
        self._verification: TlsVerification | None = None
        self._verified_pem = b""
        self._channel: grpc.Channel | None = None

    @property
    def origin(self) -> Origin:
        return Origin(self._route.name)

    def connect(self) -> None:
        """Make the route now, and not with the first query, when a screen or a document has begun.

        The service's certificate is fetched meanwhile; a failure of that is raised by the first query.

        Raises:
            CbtError: there is no route.
        """
        self._verify(Cancellation())

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        """See :meth:`~kubectl_cbt.wire.source.Source.query`.

        An attempt that fails before its first message is retried immediately if a change can make it succeed: with a
        certificate or a CA that was replaced, or with the base's name for a sidecar that requires it.
        """
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            messages: int | None = 0
            try:
                call, token = self._send(query, cancellation)
            except StreamError as failure:
                error = failure
            else:
                messages = yield from responses(call, cancellation)
                if messages is None:
                    return
                error = self._error_of(call, query, messages=messages, cancelled=cancellation.is_cancelled, token=token)
            final = messages or attempt == _MOST_ATTEMPTS or cancellation.is_cancelled
            if final or not self._can_retry_differently(error, query):
                raise error

    def close(self) -> None:
        self._hang_up()
        self._route.close()

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

    def _send(self, query: Query, cancellation: Cancellation) -> tuple[Any, Secret]:
        """Send one request; returns the call, and the token it carries.

        Raises:
            CbtError: no token is available, there is no route, or the service's certificate is not trusted.
        """
        token = self._fresh_token()
        channel = self._open(query, cancellation)
        request = _request(query, token, self._base_name if self._sends_name else "")
        method = "GetMetadataAllocated" if query.base is None else "GetMetadataDelta"
        # No response deserializer: what is iterated are the messages' bytes, and decoding is ours.
        callable_: grpc.UnaryStreamMultiCallable[_Request, bytes] = channel.unary_stream(
            f"/{_SERVICE}/{method}", request_serializer=lambda message: message.SerializeToString()
        )
        return callable_(request), token

    def health(self) -> str:
        """The status that ``grpc.health.v1`` reports for the server: ``SERVING``, ``NOT_SERVING``; or an error's code.

        Raises:
            StreamError: the connection fails.
        """
        from kubectl_cbt.wire.grpc_health import health_of

        for attempt in range(1, _MOST_ATTEMPTS + 1):
            try:
                found = health_of(self._open(_NO_QUERY, Cancellation()))
            except StreamError as refused:
                error = refused
            else:
                if isinstance(found, str):
                    return found
                error = self._error_of(found, _NO_QUERY, messages=0, cancelled=False)
            if attempt == _MOST_ATTEMPTS or not self._can_retry_differently(error, _NO_QUERY):
                break
        raise error

    def _error_of(
        self, call: Any, query: Query, *, messages: int, cancelled: bool, token: Secret | None = None
    ) -> StreamError:
        """The error that ended a call, with what the route reports; a connection that failed is closed.

        Args:
            token: carried by the request, so that the error must not repeat it.
        """
        from kubectl_cbt.security.redact import without

        details = without(call.details() or "", [token.reveal()] if token else [])
        error = stream_error(call.code(), details, query, self._endpoint, messages=messages, token=token)
        return error if cancelled else self._after_failure(error)

    def _after_failure(self, error: StreamError) -> StreamError:
        if isinstance(error, _CONNECTION_FAILED):
            self._hang_up()
            report = self._route.reset()
            if report:
                # There was a route, and it ended: another attempt may succeed, even before the first message.
                return StreamCut(f"{error.message}; {report}", code=error.code, details=error.details)
        return error

    def _can_retry_differently(self, error: StreamError, query: Query) -> bool:
        """Whether an immediate retry of the same query can succeed."""
        if isinstance(error, TlsFailed):
            if is_changed_certificate(error):
                self._hang_up()
                return True
            return self._has_another_ca()
        if self._base_name and not self._sends_name and _took_handle_for_name(error, query):
            self._sends_name = True
            return True
        return False

    def _has_another_ca(self) -> bool:
        """Read the endpoint again: rotating the CA replaces it in the object too."""
        if self._fresh_endpoint is None:
            return False
        try:
            fresh = self._fresh_endpoint()
        except CbtError:
            return False
        changed = fresh.ca_pem != self._endpoint.ca_pem
        self._endpoint = replace(self._endpoint, ca_pem=fresh.ca_pem)
        self._hang_up()
        return changed

    def _open(self, query: Query, cancellation: Cancellation) -> grpc.Channel:
        """The channel; a new one trusts only the certificate that is served now and was verified now.

        Raises:
            CbtError: there is no route.
            StreamError: the connection is not made, or the certificate is not trusted.
        """
        if self._channel is None:
            verification = self._verify(cancellation)
            # Not at the top: the verification imports it in its thread, while other things are waited for.
            from kubectl_cbt.wire.certificate_check import CertificateRejected

            try:
                with cancellation.calling(verification.cancel):
                    self._verified_pem = verification.leaf_pem()
            except OSError as error:
                if cancellation.is_cancelled:
                    raise StreamCut("the stream was cancelled", code="CANCELLED", details="") from error
                raise self._after_failure(connection_error(error, query, self._endpoint)) from error
            except CertificateRejected as error:
                elsewhere = isinstance(self._route, DirectRoute) and verification.address != self._endpoint.address
                given = verification.address if elsewhere else ""
                raise certificate_error(error, self._endpoint, given, self._clock_ahead()) from error
            finally:
                self._verification = None
            self._channel = open_channel(
                verification.address, self._endpoint.host, self._verified_pem, self._max_message_bytes
            )
        return self._channel

    def _verify(self, cancellation: Cancellation) -> TlsVerification:
        with cancellation.calling(self._route.close):
            address = self._route.address()
        if self._verification is None or self._verification.address != address:
            self._verification = TlsVerification(address, self._endpoint)
        return self._verification

    def _hang_up(self) -> None:
        self._verification = None
        channel, self._channel = self._channel, None
        if channel is not None:
            close_channel(channel)


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
