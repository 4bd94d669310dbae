"""``grpc.health.v1.Health``, only what a probe needs. Its two fields are encoded by hand, without a dependency."""

from __future__ import annotations

from collections.abc import Callable

import grpc

SERVING, NOT_SERVING = 1, 2

_NO_SERVICE = (b"", b"\x0a\x00")
"""HealthCheckRequest with an empty ``service``: the server as a whole."""


def health_handlers(status: Callable[[], int]) -> grpc.GenericRpcHandler:
    """Serve ``Check`` for the server as a whole; named services have no status."""

    def check(request: bytes, context: grpc.ServicerContext) -> bytes:
        if request not in _NO_SERVICE:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return bytes((0x08, status()))

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        check, request_deserializer=None, response_serializer=None
    )
    return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": handler})
