"""The places where streams come from: a cluster, a CSI socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubectl_cbt.core.connect import ServiceConnector
from kubectl_cbt.core.options import QueryOptions, ServiceOptions
from kubectl_cbt.core.query import open_stream
from kubectl_cbt.core.stream_recorder import Recorder, ignore
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.system.preload import preload

if TYPE_CHECKING:
    from kubectl_cbt.core.csi_connector import CsiConnector
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.model.backend import OpenStream
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry
    from kubectl_cbt.wire.csi import CsiSource
    from kubectl_cbt.wire.sidecar import SidecarSource


NEEDED_TO_STREAM = ("kubectl_cbt.wire.sidecar", "kubectl_cbt.stream.loop", "kubectl_cbt.wire.certificate_check")
"""With grpc, numpy and cryptography they take as long to import as a cluster takes to answer."""


class ClusterBackend:
    """A cluster: names are those of VolumeSnapshots.

    Args:
        namespace: whose snapshots are listed; None for those of all namespaces.
        warn: called with a message when a recording can no longer be written.
    """

    def __init__(
        self,
        session: Session,
        service: ServiceOptions,
        options: QueryOptions,
        namespace: str | None,
        warn: Callable[[str], None] = ignore,
    ) -> None:
        self.options = options
        self.recorder = Recorder(options, warn)
        self.namespace = namespace
        self._session = session
        self._service = service.service
        self._connector = ServiceConnector(session, service)

    @property
    def context(self) -> str:
        return self._session.context

    def entries(self) -> list[SnapshotEntry]:
        return self._session.catalogue.entries(self.namespace)

    def open(self, names: SnapshotNames) -> OpenStream:
        return open_stream(self, names)

    def resolve(self, names: SnapshotNames) -> ResolvedQuery:
        from kubectl_cbt.cluster.resolve import resolve

        preload(*NEEDED_TO_STREAM)
        self._connector.prefetch_account()
        return resolve(self._session.catalogue, names, self._service)

    def connect(self, resolved: ResolvedQuery) -> SidecarSource:
        return self._connector.source(resolved)


class CsiBackend:
    """A CSI driver's own socket: names are the handles that the driver gave its snapshots."""

    context = ""

    def __init__(self, connector: CsiConnector, options: QueryOptions, warn: Callable[[str], None] = ignore) -> None:
        self.options = options
        self.recorder = Recorder(options, warn)
        self._connector = connector

    def entries(self) -> list[SnapshotEntry]:
        """None: a driver's snapshots are not listed here."""
        return []

    def open(self, names: SnapshotNames) -> OpenStream:
        return open_stream(self, names)

    def resolve(self, names: SnapshotNames) -> ResolvedQuery:
        if names.base is None:
            return ResolvedQuery(Query(names.target, names.base_handle), self._snapshot(names.target))
        query = Query(names.target, SnapshotHandle(names.base.name))
        return ResolvedQuery(query, self._snapshot(names.target), self._snapshot(names.base))

    def connect(self, resolved: ResolvedQuery) -> CsiSource:
        return self._connector.source()

    def _snapshot(self, ref: SnapshotRef) -> Snapshot:
        return Snapshot(
            ref=ref,
            content="",
            driver=self._connector.plugin.name,
            handle=SnapshotHandle(ref.name),
            claim=None,
            volume_handle=None,
            restore_size_bytes=None,
            created=None,
        )
