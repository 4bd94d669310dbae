"""``grpc.health.v1``: one call and one number, too little for generated code."""

from __future__ import annotations

from typing import Any

import grpc

_METHOD = "/grpc.health.v1.Health/Check"
_SECONDS = 10.0
# HealthCheckResponse: field 1, a varint.
_TAG_STATUS = 0x08
_NAMES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


def health_of(channel: grpc.Channel) -> str | Any:
    """The server's status by name; ``UNIMPLEMENTED`` without such a service; the failed call for any other error."""
    call: Any = channel.unary_unary(_METHOD)
    try:
        answer: bytes = call(b"", timeout=_SECONDS)
    except grpc.RpcError as error:
        return "UNIMPLEMENTED" if error.code() is grpc.StatusCode.UNIMPLEMENTED else error
    status = answer[1] if answer[:1] == bytes([_TAG_STATUS]) and len(answer) > 1 else 0
    return _NAMES.get(status, f"UNRECOGNIZED_{status}")
