"""A client of the demo's services without checks: generated messages, no rules, no resuming, no repair."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.csi_service import CsiService
from kubectl_cbt.demo.kube.identity import BACKUP_APP
from kubectl_cbt.demo.scenarios import DemoSnapshot, DemoVolume
from kubectl_cbt.wire import csi_pb2, snapshot_metadata_pb2

Extents = list[tuple[int, int]]


@dataclass
class Answer:
    """A stream as received, and its final status."""

    messages: list[Any] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    code: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""

    @property
    def extents(self) -> Extents:
        return [
            (extent.byte_offset, extent.size_bytes) for message in self.messages for extent in message.block_metadata
        ]

    @property
    def lengths(self) -> list[int]:
        return [len(message.block_metadata) for message in self.messages]

    @property
    def types(self) -> list[int]:
        return [message.block_metadata_type for message in self.messages]

    @property
    def capacities(self) -> list[int]:
        return [message.volume_capacity_bytes for message in self.messages]


class PlainClient:
    """Asks by the names of demo snapshots, through the sidecar or, given its service, at the driver's own socket."""

    def __init__(self, cluster: DemoCluster, csi: CsiService | None = None) -> None:
        self._cluster = cluster
        self._csi = csi

    def ask(self, target: str, base: str | None = None, start: int = 0, max_results: int = 0, **fields: Any) -> Answer:
        """The whole stream; ``fields`` replace those of the request."""
        return self.read(*self.request(target, base, start, max_results, **fields))

    def read(self, driver: str, request: Any, most: int | None = None) -> Answer:
        """A request's stream, cancelled after ``most`` messages."""
        answer = Answer()
        with self.channel(driver) as channel:
            call = self.call(channel, request)
            try:
                for number, raw in enumerate(call, 1):
                    answer.raw.append(raw)
                    answer.messages.append(snapshot_metadata_pb2.GetMetadataDeltaResponse.FromString(raw))
                    if number == most:
                        call.cancel()
            except grpc.RpcError as error:
                answer.code, answer.details = error.code(), error.details()
        return answer

    def call(self, channel: grpc.Channel, request: Any) -> Any:
        """Start it."""
        method = type(request).__name__.removesuffix("Request")
        service = "csi.v1.SnapshotMetadata" if self._csi else "snapshotmetadata.SnapshotMetadata"
        return channel.unary_stream(f"/{service}/{method}")(request.SerializeToString(), timeout=60)

    @contextmanager
    def channel(self, driver: str, most_bytes: int = -1) -> Iterator[grpc.Channel]:
        options = (("grpc.max_receive_message_length", most_bytes), ("grpc.use_local_subchannel_pool", 1))
        if self._csi:
            with grpc.insecure_channel(self._csi.endpoint, options=options) as channel:
                yield channel
            return
        service = self._cluster.services[driver]
        credentials = grpc.ssl_channel_credentials(service.ca_pem)
        with grpc.secure_channel(service.address, credentials, options=options) as channel:
            yield channel

    def request(
        self, target: str, base: str | None = None, start: int = 0, max_results: int = 0, **fields: Any
    ) -> tuple[str, Any]:
        """The driver to ask, and what."""
        demo, snapshot = find(self._cluster, target)
        common: dict[str, Any] = {"starting_offset": start, "max_results": max_results}
        module: Any = csi_pb2
        if self._csi:
            common |= {"target_snapshot_id" if base else "snapshot_id": demo.snapshot_handle(snapshot)}
        else:
            audience = self._cluster.services[demo.driver].audience
            token = self._cluster.identity.issue(BACKUP_APP, [audience], 600)[0]
            module = snapshot_metadata_pb2
            common |= {"security_token": token, "namespace": demo.namespace}
            common |= {"target_snapshot_name" if base else "snapshot_name": target}
        if base is None:
            return demo.driver, module.GetMetadataAllocatedRequest(**common | fields)
        common |= {"base_snapshot_id": demo.snapshot_handle(find(self._cluster, base)[1])}
        return demo.driver, module.GetMetadataDeltaRequest(**common | fields)


def find(cluster: DemoCluster, name: str) -> tuple[DemoVolume, DemoSnapshot]:
    """A demo snapshot by its name, which only one has."""
    return next((demo, found) for demo in cluster.volumes for found in demo.snapshots if found.name == name)


@contextmanager
def both_ways(cluster: DemoCluster, folder: Path, driver: str) -> Iterator[list[PlainClient]]:
    """Through the sidecar, and at a socket of the driver."""
    with cluster.csi_service(folder / "csi.sock", driver) as service:
        yield [PlainClient(cluster), PlainClient(cluster, service)]
