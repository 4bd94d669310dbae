"""The live source: an external-snapshot-metadata sidecar over gRPC and TLS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc

from kubectl_cbt.errors import CbtError, ServiceUnreachable, SnapshotNotFound, StreamCut, StreamError, TlsFailed
from kubectl_cbt.model.query import Query
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.route import DirectRoute, Route
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.wire.channel import close_channel, open_channel
from kubectl_cbt.wire.snapshot_metadata_pb2 import (
    DESCRIPTOR,
    GetMetadataAllocatedRequest,
    GetMetadataDeltaRequest,
)
from kubectl_cbt.wire.status import certificate_error, connection_error, is_changed_certificate, stream_error
from kubectl_cbt.wire.tls_verification import TlsVerification

if TYPE_CHECKING:
    from cryptography import x509

_Request = GetMetadataAllocatedRequest | GetMetadataDeltaRequest
_SERVICE = DESCRIPTOR.services_by_name["SnapshotMetadata"].full_name
_CONNECTION_FAILED = (ServiceUnreachable, StreamCut)
_NOBODY = Query(SnapshotRef("", ""))
_MOST_CALLS = 3
"""For one question: each time a certificate, a CA or a base's name may turn out to be another one."""


class SidecarSource:
    """Asks one endpoint; every question carries a token of its own.

    Args:
        endpoint: whom to ask, and whom to trust there.
        fresh_token: called once per question. A token lives about as long as a stream may last, so one that was
            good for the first request is not good for taking up a broken stream.
        way: how to get there; the endpoint's own address unless given. Closed together with the source.
        base_name: the base's name, for the first sidecars, which took that where all later ones take the handle.
            Empty when the endpoint is no such sidecar.
        fresh_endpoint: reads the endpoint again, for a CA that was replaced while we were at it.
        max_message_bytes: a larger message ends its answer with an error.
        clock_ahead: how many seconds this machine's clock is ahead of the API server's, when that is known.
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
        self._securing: TlsVerification | None = None
        self._verified_pem = b""
        self._cancelled = False
        self._channel: grpc.Channel | None = None

    def connect(self) -> None:
        """Make the way now, and not with the first question, when a screen or a document has begun.

        The service's certificate is fetched meanwhile; what is wrong with it shows with the first question.

        Raises:
            CbtError: there is no way.
        """
        self._secure()

    def ask(self, query: Query) -> SidecarAnswer:
        """Send the question. Every failure of the connection shows when the answer is iterated."""
        return SidecarAnswer(self, query)

    def cancel(self) -> None:
        """A way or a connection that is just being made is given up."""
        self._cancelled = True
        if self._securing is not None:
            self._securing.cancel()
        self._route.close()

    def close(self) -> None:
        """Close the connection; running answers end."""
        self._hang_up()
        self._route.close()

    def certificate(self) -> x509.Certificate:
        """Connect as every call does; returns the service's certificate, which was verified.

        Raises:
            StreamError: the connection is not made, or the certificate is not trusted.
        """
        from cryptography import x509

        try:
            self.health()
        except StreamError as error:
            # Any other answer came through the connection.
            if isinstance(error, (*_CONNECTION_FAILED, TlsFailed)):
                raise
        return x509.load_pem_x509_certificate(self._verified_pem)

    def call(self, query: Query) -> tuple[Any, Secret]:
        """Begin one call; returns it, and the token it shows.

        Raises:
            CbtError: no token can be had, there is no way, or the service's certificate is not trusted.
        """
        token = self._fresh_token()
        channel = self._open(query)
        request = _request(query, token, self._base_name if self._sends_name else "")
        method = "GetMetadataAllocated" if query.base is None else "GetMetadataDelta"
        # No response deserializer: what is iterated are the messages' bytes, and decoding is ours.
        callable_: grpc.UnaryStreamMultiCallable[_Request, bytes] = channel.unary_stream(
            f"/{_SERVICE}/{method}", request_serializer=lambda message: message.SerializeToString()
        )
        return callable_(request), token

    def health(self) -> str:
        """What ``grpc.health.v1`` says of the whole server: ``SERVING``, ``NOT_SERVING``; or the code of its error.

        Raises:
            StreamError: the connection fails.
        """
        from kubectl_cbt.wire.grpc_health import health_of

        for calls in range(1, _MOST_CALLS + 1):
            try:
                found = health_of(self._open(_NOBODY))
            except StreamError as refused:
                error = refused
            else:
                if isinstance(found, str):
                    return found
                error = self.error_of(found, _NOBODY, messages=0, cancelled=False)
            if calls == _MOST_CALLS or not self.can_retry(error, _NOBODY):
                break
        raise error

    def error_of(
        self, call: Any, query: Query, *, messages: int, cancelled: bool, token: Secret | None = None
    ) -> StreamError:
        """What ended a call, in our words and those of the way there; a connection that failed is given up.

        Args:
            token: what the call has shown, and what its error must not repeat.
        """
        from kubectl_cbt.security.redact import without

        details = without(call.details() or "", [token.reveal()] if token else [])
        error = stream_error(call.code(), details, query, self._endpoint, messages=messages, token=token)
        return error if cancelled else self._after_failure(error)

    def _after_failure(self, error: StreamError) -> StreamError:
        if isinstance(error, _CONNECTION_FAILED):
            self._hang_up()
            said = self._route.reset()
            if said:
                # There was a way, and it ended: that may be better the next time, even before anything came.
                return StreamCut(f"{error.message}; {said}", code=error.code, details=error.details)
        return error

    def can_retry(self, error: StreamError, query: Query) -> bool:
        """Whether the same question, sent again at once in another way, may succeed."""
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
        """Read the endpoint again: who rotates the CA replaces it in the object too."""
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

    def _open(self, query: Query) -> grpc.Channel:
        """The channel; a new one trusts only the certificate that is served now and was verified now.

        Raises:
            CbtError: there is no way.
            StreamError: the connection is not made, or the certificate is not trusted.
        """
        if self._channel is None:
            securing = self._secure()
            # Not at the top: Securing imports it in its thread, while other things are waited for.
            from kubectl_cbt.wire.certificate_check import CertificateRejected

            try:
                self._verified_pem = securing.leaf_pem()
            except OSError as error:
                if self._cancelled:
                    raise StreamCut("the stream was cancelled", code="CANCELLED", details="") from error
                raise self._after_failure(connection_error(error, query, self._endpoint)) from error
            except CertificateRejected as error:
                elsewhere = isinstance(self._route, DirectRoute) and securing.address != self._endpoint.address
                given = securing.address if elsewhere else ""
                raise certificate_error(error, self._endpoint, given, self._clock_ahead()) from error
            finally:
                self._securing = None
            self._channel = open_channel(
                securing.address, self._endpoint.host, self._verified_pem, self._max_message_bytes
            )
        return self._channel

    def _secure(self) -> TlsVerification:
        address = self._route.address()
        if self._securing is None or self._securing.address != address:
            self._securing = TlsVerification(address, self._endpoint)
        if self._cancelled:
            self._securing.cancel()
        return self._securing

    def _hang_up(self) -> None:
        self._securing = None
        channel, self._channel = self._channel, None
        if channel is not None:
            close_channel(channel)


class SidecarAnswer:
    """One answer, and the calls it takes to get it: one, or two where an old service has to be asked otherwise."""

    def __init__(self, source: SidecarSource, query: Query) -> None:
        self._source = source
        self._query = query
        self._cancelled = threading.Event()
        self._call: Any = None
        self._token: Secret | None = None
        self._error: StreamError | None = None
        self._begin()

    def _begin(self) -> None:
        """Send the question; a connection that fails shows when the answer is iterated."""
        try:
            self._call, self._token = self._source.call(self._query)
        except StreamError as error:
            self._error = error

    def __iter__(self) -> Iterator[bytes]:
        for calls in range(1, _MOST_CALLS + 1):
            messages = 0
            error, self._error = self._error, None
            if error is None:
                try:
                    for message in self._call:
                        messages += 1
                        yield message
                    return
                except grpc.RpcError:
                    # The exception is the call itself, request and token in its reach: it is not chained.
                    error = self._source.error_of(
                        self._call,
                        self._query,
                        messages=messages,
                        cancelled=self._cancelled.is_set(),
                        token=self._token,
                    )
            final = messages or calls == _MOST_CALLS or self._cancelled.is_set()
            if final or not self._source.can_retry(error, self._query):
                raise error
            self._begin()
            if self._cancelled.is_set() and self._call is not None:
                self._call.cancel()

    def cancel(self) -> None:
        """Tell the server to stop; it frees what the stream holds there."""
        self._cancelled.set()
        if self._call is not None:
            self._call.cancel()


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
