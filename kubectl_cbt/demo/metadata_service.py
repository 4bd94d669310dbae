"""An external-snapshot-metadata sidecar with its driver: real gRPC over TLS, checks and texts as the real one's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NoReturn

import grpc
import numpy as np

from kubectl_cbt.demo.certificates import CertificateAuthority, ServerCertificate
from kubectl_cbt.demo.encode import encode_response
from kubectl_cbt.demo.identity import Identity, Request
from kubectl_cbt.demo.objects import Object, ObjectStore
from kubectl_cbt.demo.scenarios import DemoSnapshot, DemoVolume
from kubectl_cbt.demo.volumes import Runs
from kubectl_cbt.wire.snapshot_metadata_pb2 import (
    DESCRIPTOR,
    FIXED_LENGTH,
    VARIABLE_LENGTH,
    GetMetadataAllocatedRequest,
    GetMetadataDeltaRequest,
)

_SERVICE = DESCRIPTOR.services_by_name["SnapshotMetadata"].full_name
_DEFAULT_MAX_RESULTS = 256
_LARGEST_MAX_RESULTS = 65536
_MAX_STREAMS = 16

AnyRequest = GetMetadataAllocatedRequest | GetMetadataDeltaRequest
Code = grpc.StatusCode


class Refusal(Exception):  # not an error of ours: the answer a client gets
    """End the call with a status."""

    def __init__(self, code: Code, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True)
class Tampering:
    """How tests make the service misbehave, each in one place; what is left out behaves.

    Attributes:
        answer: gets the response messages and may change, drop or follow them with a Refusal.
        accept: called with the request before it is looked at; may raise a Refusal.
    """

    answer: Callable[[Iterator[bytes]], Iterator[bytes]] | None = None
    accept: Callable[[AnyRequest], None] | None = None


class MetadataService:
    """The sidecar of one driver; it listens from construction until :meth:`stop`.

    Attributes:
        requests: the requests that were let in, for tests; tokens are removed.
        tampering: see there.
        takes_base_name: as the first release of the sidecar, which looked the base up by its VolumeSnapshot's name.
        crashed: set when it was asked about a VolumeSnapshot without status, which is the end of a real one.
    """

    def __init__(
        self,
        driver: str,
        volumes: tuple[DemoVolume, ...],
        identity: Identity,
        *,
        authority: CertificateAuthority | None = None,
        certificate: ServerCertificate | None = None,
    ) -> None:
        self.driver = driver
        self.audience = f"{driver}-cbt"
        self.store: ObjectStore | None = None
        self.requests: list[AnyRequest] = []
        self.tampering = Tampering()
        self.takes_base_name = False
        self.crashed = False
        self._identity = identity
        self._by_handle = {
            demo.snapshot_handle(snapshot): (demo, snapshot)
            for demo in volumes
            if demo.driver == driver
            for snapshot in demo.snapshots
        }
        self.authority = authority or CertificateAuthority(f"{driver} CA")
        self._certificate = certificate or self.issue()
        self._server, self._port = self._listen(0)

    def issue(self) -> ServerCertificate:
        """A certificate of its CA, for the address it listens on."""
        return self.authority.issue("127.0.0.1", "localhost")

    def restart(self, certificate: ServerCertificate | None = None) -> None:
        """Cut what runs, and listen on the same port again: a pod that was replaced, or whose certificate was."""
        self.stop()
        self._certificate = certificate or self._certificate
        self._server, self._port = self._listen(self._port)

    def _listen(self, port: int) -> tuple[grpc.Server, int]:
        server = grpc.server(ThreadPoolExecutor(_MAX_STREAMS), options=[("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers([_handlers(self)])
        pair = (self._certificate.key_pem, self._certificate.certificate_pem)
        port = server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([pair]))
        server.start()
        return server, port

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self._port}"

    @property
    def ca_pem(self) -> bytes:
        """The CA that signed the served certificate."""
        return self.authority.pem

    def stop(self) -> None:
        """Stop listening, cut running streams, wait until that is done."""
        self._server.stop(grace=None).wait()

    def answer(self, request: AnyRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve one call."""
        try:
            if self.tampering.accept:
                self.tampering.accept(request)
            self._check_arguments(request)
            self._check_user(request)
            demo, snapshot = self._target(request)
            self._note(request)
            messages = self._messages(request, demo, snapshot)
            if self.tampering.answer:
                messages = self.tampering.answer(messages)
            for message in messages:
                if not context.is_active():
                    return
                yield message
        except Refusal as refusal:
            context.abort(refusal.code, refusal.details)

    def _note(self, request: AnyRequest) -> None:
        noted = type(request).FromString(request.SerializeToString())
        noted.ClearField("security_token")
        self.requests.append(noted)

    # What the sidecar checks, in its order.

    def _check_arguments(self, request: AnyRequest) -> None:
        if not request.security_token:
            raise Refusal(Code.INVALID_ARGUMENT, "securityToken is missing")
        if not request.namespace:
            raise Refusal(Code.INVALID_ARGUMENT, "namespace parameter cannot be empty")
        if isinstance(request, GetMetadataDeltaRequest):
            if not request.base_snapshot_id:
                raise Refusal(Code.INVALID_ARGUMENT, "baseSnapshotId cannot be empty")
            if not request.target_snapshot_name:
                raise Refusal(Code.INVALID_ARGUMENT, "targetSnapshotName cannot be empty")
        elif not request.snapshot_name:
            raise Refusal(Code.INVALID_ARGUMENT, "snapshotName cannot be empty")

    def _check_user(self, request: AnyRequest) -> None:
        user = self._identity.review(request.security_token, [self.audience])
        if user is None:
            raise Refusal(Code.UNAUTHENTICATED, "unauthenticated user")
        # No object name: Roles limited by resourceNames never pass.
        wanted = Request("get", "snapshot.storage.k8s.io", "volumesnapshots", request.namespace)
        if not self._identity.allows(user.name, wanted):
            raise Refusal(Code.PERMISSION_DENIED, "user does not have permissions to perform the operation: ")

    def _target(self, request: AnyRequest) -> tuple[DemoVolume, DemoSnapshot]:
        name = _target_name(request)
        where = f"{request.namespace}/{name}"
        found = self._get("volumesnapshots", name, request.namespace)
        if found is None:
            raise Refusal(Code.UNAVAILABLE, _no_snapshot(request.namespace, name))
        if "status" not in found:
            self._crash()
        status = found["status"]
        if not status.get("readyToUse"):
            raise Refusal(Code.UNAVAILABLE, f"the VolumeSnapshot '{where}' is not yet ready")
        content = self._get("volumesnapshotcontents", status.get("boundVolumeSnapshotContentName", ""))
        if content is None:
            raise Refusal(Code.UNAVAILABLE, f"boundVolumeSnapshotContentName is not set in VolumeSnapshot '{where}'")
        if content["spec"]["driver"] != self.driver:
            foreign = f"the VolumeSnapshot '{where}' does not belong to the CSI driver '{self.driver}'"
            raise Refusal(Code.INVALID_ARGUMENT, foreign)
        return self._snapshot(content["status"]["snapshotHandle"])

    def _get(self, resource: str, name: str, namespace: str | None = None) -> Object | None:
        return self.store.get(resource, name, namespace) if self.store else None

    def _crash(self) -> NoReturn:
        """The real one dereferences the missing status: its process is gone, and every client's stream with it."""
        self.crashed = True
        threading.Thread(target=self._server.stop, args=(None,), daemon=True).start()
        raise Refusal(Code.UNAVAILABLE, "Socket closed")

    def _base_handle(self, request: GetMetadataDeltaRequest) -> str:
        """What the driver is given for the base."""
        if not self.takes_base_name:
            return request.base_snapshot_id
        name = request.base_snapshot_id
        found = self._get("volumesnapshots", name, request.namespace)
        content = (
            self._get("volumesnapshotcontents", found["status"]["boundVolumeSnapshotContentName"]) if found else None
        )
        if content is None:
            raise Refusal(Code.UNAVAILABLE, _no_snapshot(request.namespace, name))
        return str(content["status"]["snapshotHandle"])

    # What the driver does.

    def _snapshot(self, handle: str) -> tuple[DemoVolume, DemoSnapshot]:
        if handle not in self._by_handle:
            raise Refusal(Code.NOT_FOUND, "cannot find the source snapshot")
        return self._by_handle[handle]

    def _messages(self, request: AnyRequest, demo: DemoVolume, snapshot: DemoSnapshot) -> Iterator[bytes]:
        volume, start = demo.volume, request.starting_offset
        if not 0 <= start <= volume.capacity_bytes:
            raise Refusal(Code.OUT_OF_RANGE, f"starting offset {start} is not within the volume")
        if request.max_results < 0:
            raise Refusal(Code.INVALID_ARGUMENT, "max_results is negative")
        if isinstance(request, GetMetadataDeltaRequest):
            base_volume, base = self._snapshot(self._base_handle(request))
            if base_volume is not demo:
                raise Refusal(Code.NOT_FOUND, "the base snapshot is not one of the volume")
            runs = volume.delta(base.generation, snapshot.generation, start)
        else:
            runs = volume.allocated(snapshot.generation, start)
        limit = min(request.max_results or _DEFAULT_MAX_RESULTS, _LARGEST_MAX_RESULTS)
        block_type = FIXED_LENGTH if volume.fixed_length else VARIABLE_LENGTH
        for offsets, sizes in _paged(runs, limit):
            yield encode_response(block_type, volume.capacity_bytes, offsets, sizes)


def _no_snapshot(namespace: str, name: str) -> str:
    qualified = "volumesnapshots.snapshot.storage.k8s.io"
    return f"failed to get VolumeSnapshot '{namespace}/{name}': {qualified} \"{name}\" not found"


def _target_name(request: AnyRequest) -> str:
    if isinstance(request, GetMetadataDeltaRequest):
        return request.target_snapshot_name
    return request.snapshot_name


def _paged(runs: Iterator[Runs], limit: int) -> Iterator[Runs]:
    """Regroup into pages of exactly ``limit`` extents, but for the last."""
    offsets = sizes = np.empty(0, dtype=np.int64)
    for more_offsets, more_sizes in runs:
        offsets, sizes = np.concatenate((offsets, more_offsets)), np.concatenate((sizes, more_sizes))
        full = len(offsets) - len(offsets) % limit
        for begin in range(0, full, limit):
            yield offsets[begin : begin + limit], sizes[begin : begin + limit]
        offsets, sizes = offsets[full:], sizes[full:]
    if len(offsets):
        yield offsets, sizes


def _handlers(service: MetadataService) -> grpc.GenericRpcHandler:
    def handler(request_type: type[AnyRequest]) -> grpc.RpcMethodHandler[AnyRequest, bytes]:
        return grpc.unary_stream_rpc_method_handler(
            service.answer, request_deserializer=request_type.FromString, response_serializer=None
        )

    return grpc.method_handlers_generic_handler(
        _SERVICE,
        {
            "GetMetadataAllocated": handler(GetMetadataAllocatedRequest),
            "GetMetadataDelta": handler(GetMetadataDeltaRequest),
        },
    )
