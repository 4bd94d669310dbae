"""The live source: an external-snapshot-metadata sidecar over gRPC and TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc

from kubectl_cbt.model.question import Question
from kubectl_cbt.model.secret import Secret
from kubectl_cbt.model.target import Endpoint
from kubectl_cbt.wire.channel import open_channel
from kubectl_cbt.wire.snapshot_metadata_pb2 import (
    DESCRIPTOR,
    GetMetadataAllocatedRequest,
    GetMetadataDeltaRequest,
)
from kubectl_cbt.wire.status import stream_error

_Request = GetMetadataAllocatedRequest | GetMetadataDeltaRequest
_SERVICE = DESCRIPTOR.services_by_name["SnapshotMetadata"].full_name


class SidecarSource:
    """Asks one endpoint; every question carries a token of its own.

    Args:
        endpoint: where, and whom to trust there.
        fresh_token: called once per question. A token lives about as long as a stream may last, so one that was
            good for the first request is not good for taking up a broken stream.
    """

    def __init__(self, endpoint: Endpoint, fresh_token: Callable[[], Secret]) -> None:
        self._endpoint = endpoint
        self._fresh_token = fresh_token
        self._channel = open_channel(endpoint)

    def ask(self, question: Question) -> SidecarAnswer:
        """Send the question. Connecting, and every failure of it, happens when the answer is iterated."""
        request = _request(question, self._fresh_token())
        method = "GetMetadataAllocated" if question.base is None else "GetMetadataDelta"
        # No response deserializer: what is iterated are the messages' bytes, and decoding is ours.
        call: grpc.UnaryStreamMultiCallable[_Request, bytes] = self._channel.unary_stream(
            f"/{_SERVICE}/{method}", request_serializer=lambda message: message.SerializeToString()
        )
        return SidecarAnswer(call(request), question, self._endpoint)

    def close(self) -> None:
        """Close the channel; running answers end."""
        self._channel.close()


class SidecarAnswer:
    """One running call."""

    def __init__(self, call: Any, question: Question, endpoint: Endpoint) -> None:
        self._call = call
        self._question = question
        self._endpoint = endpoint

    def __iter__(self) -> Iterator[bytes]:
        messages = 0
        try:
            for message in self._call:
                messages += 1
                yield message
        except grpc.RpcError:
            # The exception is the call itself, request and token in its reach: it is not chained.
            code, details = self._call.code(), self._call.details() or ""
            error = stream_error(code, details, self._question, self._endpoint, messages=messages)
        else:
            return
        raise error

    def cancel(self) -> None:
        """Tell the server to stop; it frees what the stream holds there."""
        self._call.cancel()


def _request(question: Question, token: Secret) -> _Request:
    request: _Request
    if question.base is None:
        request = GetMetadataAllocatedRequest(snapshot_name=question.snapshot.name)
    else:
        request = GetMetadataDeltaRequest(
            base_snapshot_id=question.base.value, target_snapshot_name=question.snapshot.name
        )
    request.security_token = token.reveal()
    request.namespace = question.snapshot.namespace
    request.starting_offset = question.starting_offset
    request.max_results = question.max_results
    return request
