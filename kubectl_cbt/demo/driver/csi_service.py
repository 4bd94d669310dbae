"""The demo's driver on a unix socket, as in a CSI driver's Pod: Identity and SnapshotMetadata, without TLS."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message as ProtobufMessage
from google.protobuf.wrappers_pb2 import BoolValue

from kubectl_cbt.demo.driver.demo_driver import DemoDriver
from kubectl_cbt.demo.driver.driver_types import DriverRequest
from kubectl_cbt.demo.sidecar.rpc import Code, Refusal, RpcCall, serve_stream
from kubectl_cbt.demo.sidecar.tcp_proxy import TcpProxy
from kubectl_cbt.system.versions import client_version
from kubectl_cbt.wire.csi_pb2 import (
    GetMetadataAllocatedRequest,
    GetMetadataDeltaRequest,
    GetPluginCapabilitiesRequest,
    GetPluginCapabilitiesResponse,
    GetPluginInfoRequest,
    GetPluginInfoResponse,
    PluginCapability,
    ProbeRequest,
    ProbeResponse,
)

_MAX_STREAMS = 16
_MAX_PATH_BYTES = 107

CsiRequest = GetMetadataAllocatedRequest | GetMetadataDeltaRequest
_Request = TypeVar("_Request", bound=ProtobufMessage)


class CsiService:
    """A driver's socket, served from construction until :meth:`stop`; also a context manager.

    Args:
        path: where the socket is created; a stale socket, without a listener, is replaced.
        required_secrets: secrets that each request must contain; otherwise it fails as in ceph-csi, with
            INVALID_ARGUMENT.

    Attributes:
        requests: the requests received; the values of their secrets are removed.

    Raises:
        OSError: the socket cannot be created.
    """

    def __init__(self, driver: DemoDriver, path: Path, required_secrets: Mapping[str, str] | None = None) -> None:
        _remove_stale_socket(path)
        self.path = path
        self.requests: list[CsiRequest] = []
        self._driver = driver
        self._required = dict(required_secrets or {})
        self._server = grpc.server(ThreadPoolExecutor(_MAX_STREAMS), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers(_handlers(self))
        self._proxy: TcpProxy | None = None
        if "reset-after" in driver.faults:
            # gRPC does not name the connections of a unix socket, and a reset needs the name of one.
            port = self._server.add_insecure_port("127.0.0.1:0")
            self._proxy = TcpProxy(_listener(path), port)
        else:
            self._server.add_insecure_port(f"unix:{path}")
        self._server.start()

    @property
    def endpoint(self) -> str:
        """``unix:///path``."""
        return f"unix://{self.path.absolute()}"

    def __enter__(self) -> CsiService:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening, cancel running streams, delete the socket."""
        self._server.stop(grace=None).wait()
        if self._proxy:
            self._proxy.close()
        self.path.unlink(missing_ok=True)

    def answer(self, request: CsiRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve one call of SnapshotMetadata."""
        call = RpcCall(context, self._proxy.reset if self._proxy else None)
        return serve_stream(self._messages(request, call), call, context)

    def _messages(self, request: CsiRequest, call: RpcCall) -> Iterator[bytes]:
        self._log_request(request)
        if any(request.secrets.get(name) != value for name, value in self._required.items()):
            raise Refusal(Code.INVALID_ARGUMENT, "secrets cannot be nil or empty")
        yield from self._driver.answer(_driver_request(request), call)

    def _log_request(self, request: CsiRequest) -> None:
        logged = type(request).FromString(request.SerializeToString())
        for name in logged.secrets:
            logged.secrets[name] = ""
        self.requests.append(logged)

    def info(self) -> GetPluginInfoResponse:
        """Return the driver's name and version."""
        return GetPluginInfoResponse(name=self._driver.name, vendor_version=client_version())


def _driver_request(request: CsiRequest) -> DriverRequest:
    where = request.starting_offset, request.max_results
    if isinstance(request, GetMetadataDeltaRequest):
        return DriverRequest(request.target_snapshot_id, request.base_snapshot_id, *where)
    return DriverRequest(request.snapshot_id, None, *where)


def _remove_stale_socket(path: Path) -> None:
    """Delete a socket that a stopped driver has left; gRPC would also delete that of a running one."""
    if len(os.fsencode(path.absolute())) > _MAX_PATH_BYTES:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(path))
    if not path.absolute().parent.is_dir():
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode) or _is_served(path):
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), str(path))
    path.unlink()


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        return True
    return False


def _listener(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def _handlers(service: CsiService) -> list[grpc.GenericRpcHandler]:
    return [
        grpc.method_handlers_generic_handler(
            "csi.v1.Identity",
            {
                "GetPluginInfo": _unary(GetPluginInfoRequest, service.info),
                "GetPluginCapabilities": _unary(GetPluginCapabilitiesRequest, _capabilities),
                "Probe": _unary(ProbeRequest, lambda: ProbeResponse(ready=BoolValue(value=True))),
            },
        ),
        grpc.method_handlers_generic_handler(
            "csi.v1.SnapshotMetadata",
            {
                "GetMetadataAllocated": _stream(GetMetadataAllocatedRequest, service),
                "GetMetadataDelta": _stream(GetMetadataDeltaRequest, service),
            },
        ),
    ]


def _capabilities() -> GetPluginCapabilitiesResponse:
    service = PluginCapability.Service(type=PluginCapability.Service.SNAPSHOT_METADATA_SERVICE)
    return GetPluginCapabilitiesResponse(capabilities=[PluginCapability(service=service)])


def _unary(request: type[_Request], answer: Callable[[], ProtobufMessage]) -> grpc.RpcMethodHandler[Any, Any]:
    def handle(request: _Request, context: grpc.ServicerContext) -> bytes:
        return answer().SerializeToString()

    return grpc.unary_unary_rpc_method_handler(handle, request_deserializer=request.FromString)


def _stream(request: type[CsiRequest], service: CsiService) -> grpc.RpcMethodHandler[Any, Any]:
    return grpc.unary_stream_rpc_method_handler(service.answer, request_deserializer=request.FromString)
