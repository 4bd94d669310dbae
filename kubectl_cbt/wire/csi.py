"""A CSI driver's own socket, without sidecar and Kubernetes: the Identity service, and SnapshotMetadata as a source.

The messages of extents have the layout of the sidecar's, so decoding is shared. Snapshots are named by their handles.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from kubectl_cbt.errors import EndpointUnusable, MessageTooLarge, StreamError
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.wire.channel import close_channel, message_options, responses
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
from kubectl_cbt.wire.source import Origin
from kubectl_cbt.wire.status import stream_error

_Request = GetMetadataAllocatedRequest | GetMetadataDeltaRequest
_IDENTITY, _SNAPSHOT_METADATA = "csi.v1.Identity", "csi.v1.SnapshotMetadata"
_IDENTITY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a driver's Identity service reports.

    Attributes:
        ready: None when it does not report it, which counts as ready.
    """

    name: str
    version: str
    has_snapshot_metadata: bool
    ready: bool | None


@dataclass(frozen=True, slots=True)
class CsiEndpoint:
    """A driver's socket and what it has to be shown.

    Attributes:
        target: as gRPC takes it, ``unix:///path``.
    """

    target: str
    secrets: dict[str, Secret] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, text: str, secrets: dict[str, Secret] | None = None) -> CsiEndpoint:
        """Read ``unix:///path``, ``unix:path`` or a path.

        Raises:
            EndpointUnusable: it is none of these, or nothing is there.
        """
        path = text.removeprefix("unix://") if text.startswith("unix:///") else text.removeprefix("unix:")
        if not path or "://" in path:
            raise EndpointUnusable(f'"{text}" is not a socket', hint="--csi-endpoint unix:///csi/csi.sock")
        if not Path(path).exists():
            raise EndpointUnusable(
                f"{path}: there is no such socket", hint="is the driver running, and where is its socket?"
            )
        if not Path(path).is_socket():
            raise EndpointUnusable(f"{path} is not a socket", hint="--csi-endpoint takes the driver's unix socket")
        return cls(f"unix://{Path(path).absolute()}", secrets or {})


class CsiSource:
    """Queries one driver.

    Args:
        max_message_bytes: a larger message ends its stream with an error.

    Attributes:
        plugin: what the Identity service reported; None before :meth:`identify`, unless it was known before.
    """

    def __init__(
        self, endpoint: CsiEndpoint, max_message_bytes: int = MAX_MESSAGE_BYTES, plugin: Plugin | None = None
    ) -> None:
        self._endpoint = endpoint
        self._channel = grpc.insecure_channel(
            endpoint.target,
            options=[
                *message_options(max_message_bytes),
                # The name of a socket is not a host name, and some servers reject what gRPC makes of it.
                ("grpc.default_authority", "localhost"),
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )
        self.plugin = plugin

    def identify(self) -> Plugin:
        """Ask the Identity service.

        Raises:
            StreamError: it does not answer.
        """
        info: GetPluginInfoResponse = self._call_identity(
            "GetPluginInfo", GetPluginInfoRequest(), GetPluginInfoResponse
        )
        capabilities: GetPluginCapabilitiesResponse = self._call_identity(
            "GetPluginCapabilities", GetPluginCapabilitiesRequest(), GetPluginCapabilitiesResponse
        )
        probe: ProbeResponse = self._call_identity("Probe", ProbeRequest(), ProbeResponse)
        wanted = PluginCapability.Service.SNAPSHOT_METADATA_SERVICE
        self.plugin = Plugin(
            name=info.name,
            version=info.vendor_version,
            has_snapshot_metadata=any(found.service.type == wanted for found in capabilities.capabilities),
            ready=probe.ready.value if probe.HasField("ready") else None,
        )
        return self.plugin

    @property
    def origin(self) -> Origin:
        return Origin("csi-socket", self.plugin.version if self.plugin else None)

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        """See :meth:`~kubectl_cbt.wire.source.Source.query`."""
        method = "GetMetadataAllocated" if query.base is None else "GetMetadataDelta"
        send: grpc.UnaryStreamMultiCallable[_Request, bytes] = self._channel.unary_stream(
            f"/{_SNAPSHOT_METADATA}/{method}", request_serializer=lambda message: message.SerializeToString()
        )
        call: Any = send(_request(query, self._endpoint.secrets))
        messages = yield from responses(call, cancellation)
        if messages is not None:
            raise self._error_of(call, query, messages)

    def close(self) -> None:
        close_channel(self._channel)

    def _error_of(self, call: Any, query: Query, messages: int) -> StreamError:
        from kubectl_cbt.security.redact import without

        details = without(call.details() or "", (secret.reveal() for secret in self._endpoint.secrets.values()))
        error = stream_error(call.code(), details, query, self._place(), messages=messages)
        # Other hints are about a cluster.
        return error if isinstance(error, MessageTooLarge) else error.with_hint("")

    def _call_identity(self, method: str, request: Any, response: Any) -> Any:
        call: Any = self._channel.unary_unary(
            f"/{_IDENTITY}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        try:
            return call(request, timeout=_IDENTITY_SECONDS)
        except grpc.RpcError as error:
            code, details = error.code(), error.details() or ""
        what = f"the driver at {self._endpoint.target} does not answer {_IDENTITY}/{method}: {details} ({code.name})"
        raise StreamError(what, code=code.name, details=details, hint="is it a CSI driver's socket?")

    def _place(self) -> Endpoint:
        name = self.plugin.name if self.plugin else "the driver"
        return Endpoint(name, self._endpoint.target, "", b"", tls_server_name="localhost")


def _request(query: Query, secrets: dict[str, Secret]) -> _Request:
    request: _Request
    if query.base is None:
        request = GetMetadataAllocatedRequest(snapshot_id=query.snapshot.name)
    else:
        request = GetMetadataDeltaRequest(base_snapshot_id=query.base.value, target_snapshot_id=query.snapshot.name)
    for name, secret in secrets.items():
        request.secrets[name] = secret.reveal()
    request.starting_offset = query.starting_offset
    request.max_results = query.max_results
    return request
