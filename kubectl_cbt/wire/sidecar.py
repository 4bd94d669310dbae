"""The live source: an external-snapshot-metadata sidecar over gRPC and TLS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import grpc

from kubectl_cbt.errors import CbtError, ServiceUnreachable, SnapshotNotFound, StreamCut, StreamError, TlsFailed
from kubectl_cbt.model.address import split_address
from kubectl_cbt.model.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.model.question import Question
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.secret import Secret
from kubectl_cbt.model.target import Endpoint
from kubectl_cbt.model.way import DirectWay, Way
from kubectl_cbt.wire.channel import close_channel, open_channel
from kubectl_cbt.wire.snapshot_metadata_pb2 import (
    DESCRIPTOR,
    GetMetadataAllocatedRequest,
    GetMetadataDeltaRequest,
)
from kubectl_cbt.wire.status import looks_self_signed, not_vouched_error, stream_error

_Request = GetMetadataAllocatedRequest | GetMetadataDeltaRequest
_SERVICE = DESCRIPTOR.services_by_name["SnapshotMetadata"].full_name
_CONNECTION_FAILED = (ServiceUnreachable, StreamCut)
_VOUCHING_SECONDS = 20.0


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
    """

    def __init__(
        self,
        endpoint: Endpoint,
        fresh_token: Callable[[], Secret],
        way: Way | None = None,
        base_name: str = "",
        fresh_endpoint: Callable[[], Endpoint] | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        self._endpoint = endpoint
        self._fresh_endpoint = fresh_endpoint
        self._fresh_token = fresh_token
        self._way = way or DirectWay(endpoint.address)
        self._base_name = base_name
        self._max_message_bytes = max_message_bytes
        self._sends_name = False
        self._trusted_pem = endpoint.ca_pem
        self._channel: grpc.Channel | None = None

    def reach(self) -> None:
        """Make the way now, and not with the first question, when a screen or a document has begun.

        Raises:
            CbtError: there is none.
        """
        self._way.address()

    def ask(self, question: Question) -> SidecarAnswer:
        """Send the question. Every failure of the connection shows when the answer is iterated."""
        return SidecarAnswer(self, question)

    def cancel(self) -> None:
        """A way that is just being made is given up."""
        self._way.close()

    def close(self) -> None:
        """Close the connection; running answers end."""
        self._hang_up()
        self._way.close()

    def call(self, question: Question) -> Any:
        """Begin one call."""
        channel = self._open()
        request = _request(question, self._fresh_token(), self._base_name if self._sends_name else "")
        method = "GetMetadataAllocated" if question.base is None else "GetMetadataDelta"
        # No response deserializer: what is iterated are the messages' bytes, and decoding is ours.
        callable_: grpc.UnaryStreamMultiCallable[_Request, bytes] = channel.unary_stream(
            f"/{_SERVICE}/{method}", request_serializer=lambda message: message.SerializeToString()
        )
        return callable_(request)

    def health(self) -> str:
        """What ``grpc.health.v1`` says of the whole server: ``SERVING``, ``NOT_SERVING``; or the code of its error.

        Raises:
            StreamError: the connection fails.
        """
        from kubectl_cbt.wire.health import health_of

        nobody = Question(SnapshotRef("", ""))
        while True:
            found = health_of(self._open())
            if isinstance(found, str):
                return found
            error = self.error_of(found, nobody, messages=0, cancelled=False)
            if not self.can_mend(error, nobody):
                raise error

    def error_of(self, call: Any, question: Question, *, messages: int, cancelled: bool) -> StreamError:
        """What ended a call, in our words and those of the way there; a connection that failed is given up."""
        error = stream_error(call.code(), call.details() or "", question, self._endpoint, messages=messages)
        if isinstance(error, _CONNECTION_FAILED) and not cancelled:
            self._hang_up()
            said = self._way.lost()
            if said:
                # There was a way, and it ended: that may be better the next time, even before anything came.
                error = StreamCut(f"{error.message}; {said}", code=error.code, details=error.details)
        return error

    def can_mend(self, error: StreamError, question: Question) -> bool:
        """Whether the same question, asked at once in another way, will fare better.

        Raises:
            TlsFailed: the served certificate was looked at more closely, and is not to be trusted.
        """
        if isinstance(error, TlsFailed) and self._trusted_pem is self._endpoint.ca_pem:
            if looks_self_signed(error) and self._vouches_for_certificate(error):
                return True
            return self._has_another_ca()
        if self._base_name and not self._sends_name and _took_handle_for_name(error, question):
            self._sends_name = True
            return True
        return False

    def _vouches_for_certificate(self, error: TlsFailed) -> bool:
        """Trust the served certificate for this connection, if only BoringSSL's way to judge it is in the way."""
        from kubectl_cbt.wire import vouching

        host, port = split_address(self._way.address())
        try:
            leaf = vouching.served_certificate(host, port, self._endpoint.host, _VOUCHING_SECONDS)
            if not vouching.is_lookalike(leaf, self._endpoint.ca_pem):
                return False
            vouching.vouch(leaf, self._endpoint.ca_pem, self._endpoint.host)
        except OSError:
            return False
        except vouching.NotVouched as refusal:
            if self._has_another_ca():
                return True
            raise not_vouched_error(error, str(refusal), self._endpoint) from None
        self._hang_up()
        self._trusted_pem = vouching.pem(leaf)
        return True

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

    def _open(self) -> grpc.Channel:
        if self._channel is None:
            self._channel = open_channel(
                self._way.address(), self._endpoint.host, self._trusted_pem, self._max_message_bytes
            )
        return self._channel

    def _hang_up(self) -> None:
        self._trusted_pem = self._endpoint.ca_pem
        channel, self._channel = self._channel, None
        if channel is not None:
            close_channel(channel)


class SidecarAnswer:
    """One answer, and the calls it takes to get it: one, or two where an old service has to be asked otherwise."""

    def __init__(self, source: SidecarSource, question: Question) -> None:
        self._source = source
        self._question = question
        self._cancelled = threading.Event()
        self._call = source.call(question)

    def __iter__(self) -> Iterator[bytes]:
        messages = 0
        while True:
            try:
                for message in self._call:
                    messages += 1
                    yield message
                return
            except grpc.RpcError:
                # The exception is the call itself, request and token in its reach: it is not chained.
                error = self._source.error_of(
                    self._call, self._question, messages=messages, cancelled=self._cancelled.is_set()
                )
            if messages or self._cancelled.is_set() or not self._source.can_mend(error, self._question):
                raise error
            self._call = self._source.call(self._question)
            if self._cancelled.is_set():
                self._call.cancel()

    def cancel(self) -> None:
        """Tell the server to stop; it frees what the stream holds there."""
        self._cancelled.set()
        self._call.cancel()


def _took_handle_for_name(error: StreamError, question: Question) -> bool:
    return isinstance(error, SnapshotNotFound) and f"'{question.snapshot.namespace}/{question.base}'" in error.details


def _request(question: Question, token: Secret, base_name: str) -> _Request:
    request: _Request
    if question.base is None:
        request = GetMetadataAllocatedRequest(snapshot_name=question.snapshot.name)
    else:
        base = base_name or question.base.value
        request = GetMetadataDeltaRequest(base_snapshot_id=base, target_snapshot_name=question.snapshot.name)
    request.security_token = token.reveal()
    request.namespace = question.snapshot.namespace
    request.starting_offset = question.starting_offset
    request.max_results = question.max_results
    return request
