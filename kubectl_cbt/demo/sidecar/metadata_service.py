"""An external-snapshot-metadata sidecar with its driver: gRPC over TLS, with the real sidecar's checks and messages."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import grpc

from kubectl_cbt.demo.certificates import LIFETIME, CertificateAuthority, ServerCertificate
from kubectl_cbt.demo.driver.demo_driver import DemoDriver
from kubectl_cbt.demo.driver.driver_types import DriverRequest
from kubectl_cbt.demo.driver.faults import NO_FAULTS, FaultSet
from kubectl_cbt.demo.kube.demo_objects import ObjectStore
from kubectl_cbt.demo.kube.identity import Identity, Request
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.scenarios import DemoVolume
from kubectl_cbt.demo.sidecar.health_handlers import NOT_SERVING, SERVING, health_handlers
from kubectl_cbt.demo.sidecar.rpc import Code, Refusal, RpcCall, serve_stream
from kubectl_cbt.demo.sidecar.tcp_proxy import TcpProxy
from kubectl_cbt.wire.snapshot_metadata_pb2 import DESCRIPTOR, GetMetadataAllocatedRequest, GetMetadataDeltaRequest

_SERVICE = DESCRIPTOR.services_by_name["SnapshotMetadata"].full_name
_MAX_STREAMS = 16
_SIDECAR_ACCOUNT = "system:serviceaccount:storage:csi-snapshot-metadata"

AnyRequest = GetMetadataAllocatedRequest | GetMetadataDeltaRequest


@dataclass(frozen=True, slots=True)
class Tampering:
    """Hooks by which tests change the service's behaviour; None keeps the default behaviour.

    Attributes:
        answer: receives the response messages; can change or drop them, or end them with a Refusal.
        accept: called with the request before any check; can raise a Refusal.
    """

    answer: Callable[[Iterator[bytes]], Iterator[bytes]] | None = None
    accept: Callable[[AnyRequest], None] | None = None


class MetadataService:
    """The sidecar of one driver; it listens from construction until :meth:`stop`.

    Attributes:
        plugin: the driver.
        requests: the requests that passed the checks, for tests; tokens are removed.
        tampering: hooks for tests.
        accepts_base_name: look up the base by VolumeSnapshot name, as the sidecar's first release did.
        crashed: set after a request for a VolumeSnapshot without status, which crashes a real sidecar.
    """

    def __init__(
        self,
        driver: str,
        volumes: tuple[DemoVolume, ...],
        identity: Identity,
        *,
        authority: CertificateAuthority | None = None,
        certificate: ServerCertificate | None = None,
        faults: FaultSet = NO_FAULTS,
    ) -> None:
        self.driver = driver
        self.plugin = DemoDriver(driver, volumes, faults)
        self.audience = f"{driver}-cbt"
        self.store: ObjectStore | None = None
        self.requests: list[AnyRequest] = []
        self.tampering = Tampering()
        self.accepts_base_name = False
        self.crashed = False
        self._faults = faults
        self._identity = identity
        self.authority = authority or CertificateAuthority(f"{driver} CA")
        self._certificate = certificate or self._faulty_certificate()
        self._server, self._port = self._listen(0)
        self._proxy: TcpProxy | None = None
        self._proxy_port = 0
        if "reset-after" in faults:
            listener = socket.create_server(("127.0.0.1", 0))
            self._proxy, self._proxy_port = TcpProxy(listener, self._port), listener.getsockname()[1]

    def _faulty_certificate(self) -> ServerCertificate:
        """Issue the initial certificate; without faults it is the same as from :meth:`issue`."""
        issuer = CertificateAuthority(f"{self.driver} CA") if "ca-rotated" in self._faults else self.authority
        lifetime = -timedelta(days=1) if "cert-expired" in self._faults else LIFETIME
        hosts = ("sidecar.elsewhere.example",) if "cert-wrong-name" in self._faults else ("127.0.0.1", "localhost")
        return issuer.issue(*hosts, lifetime=lifetime)

    def issue(self) -> ServerCertificate:
        """Issue a certificate from its CA, for the address it listens on."""
        return self.authority.issue("127.0.0.1", "localhost")

    def restart(self, certificate: ServerCertificate | None = None) -> None:
        """Cancel running streams and listen on the same port again, as when a Pod or its certificate is replaced."""
        self._stop_server()
        self._certificate = certificate or self._certificate
        self._server, self._port = self._listen(self._port)

    def _listen(self, port: int) -> tuple[grpc.Server, int]:
        server = grpc.server(ThreadPoolExecutor(_MAX_STREAMS), options=[("grpc.so_reuseport", 0)])
        handlers = [] if "unimplemented" in self._faults else [_handlers(self)]
        if "no-health" not in self._faults:
            handlers.append(health_handlers(self._health))
        server.add_generic_rpc_handlers(handlers)
        pair = (self._certificate.key_pem, self._certificate.certificate_pem)
        port = server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([pair]))
        server.start()
        return server, port

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self._proxy_port or self._port}"

    @property
    def ca_pem(self) -> bytes:
        """The CA in caCert; it signed the serving certificate, except with the fault ca-rotated."""
        return self.authority.pem

    def stop(self) -> None:
        """Stop listening, cancel running streams and wait until that is done."""
        self._stop_server()
        if self._proxy:
            self._proxy.close()

    def _stop_server(self) -> None:
        self._server.stop(grace=None).wait()

    def _health(self) -> int:
        return NOT_SERVING if "not-ready" in self._faults else SERVING

    def answer(self, request: AnyRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve one call."""
        call = RpcCall(context, self._proxy.reset if self._proxy else None)
        return serve_stream(self._messages(request, call), call, context)

    def _messages(self, request: AnyRequest, call: RpcCall) -> Iterator[bytes]:
        if self.tampering.accept:
            self.tampering.accept(request)
        self._check_arguments(request)
        self._check_user(request)
        if "not-ready" in self._faults:
            raise Refusal(Code.UNAVAILABLE, "the CSI driver is not yet ready")
        handle = self._target_handle(request)
        self._log_request(request)
        messages = self._from_driver(request, handle, call)
        if self.tampering.answer:
            messages = self.tampering.answer(messages)
        yield from messages

    def _log_request(self, request: AnyRequest) -> None:
        logged = type(request).FromString(request.SerializeToString())
        logged.ClearField("security_token")
        self.requests.append(logged)

    # The sidecar's checks, in its order.

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
        if user is None or "token-expired" in self._faults:
            raise Refusal(Code.UNAUTHENTICATED, "unauthenticated user")
        # Without an object name: a Role limited by resourceNames never allows it.
        wanted = Request("get", "snapshot.storage.k8s.io", "volumesnapshots", request.namespace)
        if "forbidden" in self._faults or not self._identity.allows(user.name, wanted):
            raise Refusal(Code.PERMISSION_DENIED, "user does not have permissions to perform the operation: ")

    def _target_handle(self, request: AnyRequest) -> str:
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
        if "missing-class" in self._faults:
            raise Refusal(Code.UNAVAILABLE, _no_class(found["spec"]["volumeSnapshotClassName"]))
        return str(content["status"]["snapshotHandle"])

    def _get(self, resource: str, name: str, namespace: str | None = None) -> Object | None:
        return self.store.get(resource, name, namespace) if self.store else None

    def _crash(self) -> NoReturn:
        """A real sidecar dereferences the missing status: its process crashes and all streams fail."""
        self.crashed = True
        threading.Thread(target=self._server.stop, args=(None,), daemon=True).start()
        raise Refusal(Code.UNAVAILABLE, "Socket closed")

    def _base_handle(self, request: GetMetadataDeltaRequest) -> str:
        """Return the base's snapshot handle for the driver."""
        if not self.accepts_base_name:
            return request.base_snapshot_id
        name = request.base_snapshot_id
        found = self._get("volumesnapshots", name, request.namespace)
        content = (
            self._get("volumesnapshotcontents", found["status"]["boundVolumeSnapshotContentName"]) if found else None
        )
        if content is None:
            raise Refusal(Code.UNAVAILABLE, _no_snapshot(request.namespace, name))
        return str(content["status"]["snapshotHandle"])

    def _from_driver(self, request: AnyRequest, handle: str, call: RpcCall) -> Iterator[bytes]:
        base = self._base_handle(request) if isinstance(request, GetMetadataDeltaRequest) else None
        driver_request = DriverRequest(handle, base, request.starting_offset, request.max_results)
        try:
            yield from self.plugin.answer(driver_request, call)
        except Refusal as refusal:
            if refusal.code is not Code.UNKNOWN:
                raise
            details = f"failed to get response from CSI driver: rpc error: code = Unknown desc = {refusal.details}"
            raise Refusal(Code.INTERNAL, details) from refusal


def _no_snapshot(namespace: str, name: str) -> str:
    qualified = "volumesnapshots.snapshot.storage.k8s.io"
    return f"failed to get VolumeSnapshot '{namespace}/{name}': {qualified} \"{name}\" not found"


def _target_name(request: AnyRequest) -> str:
    if isinstance(request, GetMetadataDeltaRequest):
        return request.target_snapshot_name
    return request.snapshot_name


def _no_class(name: str) -> str:
    """Return the message of a sidecar that has only the permissions of upstream's ClusterRole."""
    group = "snapshot.storage.k8s.io"
    return (
        f"failed to get VolumeSnapshotClass '{name}': volumesnapshotclasses.{group} \"{name}\" is forbidden:"
        f' User "{_SIDECAR_ACCOUNT}" cannot get resource "volumesnapshotclasses" in API group "{group}"'
        " at the cluster scope"
    )


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
