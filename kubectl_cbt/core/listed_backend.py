"""A cluster whose snapshots are known from a list: a stream takes no request to the API server, except for a token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kubectl_cbt.core.backends import NEEDED_TO_STREAM, ClusterBackend
from kubectl_cbt.core.options import QueryOptions, ServiceOptions
from kubectl_cbt.errors import SnapshotUnusable
from kubectl_cbt.kube.prefetch import SharedResult
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint, ResolvedQuery, Snapshot
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.system.preload import preload

if TYPE_CHECKING:
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry


class ListedBackend(ClusterBackend):
    """Resolves names by the list alone. What changed since is found by the service.

    Args:
        entries: the snapshots that can be named.
    """

    def __init__(
        self, session: Session, service: ServiceOptions, options: QueryOptions, entries: Iterable[SnapshotEntry]
    ) -> None:
        super().__init__(session, service, options, None)
        self._entries = {entry.ref: entry for entry in entries}
        self._endpoints: dict[str, SharedResult[Endpoint]] = {}

    def entries(self) -> list[SnapshotEntry]:
        return list(self._entries.values())

    def resolve(self, names: SnapshotNames) -> ResolvedQuery:
        from kubectl_cbt.cluster.resolve import check_pair

        preload(*NEEDED_TO_STREAM)
        self._connector.prefetch_account()
        target = self._snapshot(names.target)
        base = self._snapshot(names.base) if names.base is not None else None
        if base is not None:
            check_pair(base, target, names)
        base_id = base.base_id if base is not None else names.base_handle
        return ResolvedQuery(Query(target.ref, base_id), target, base, self._endpoint(target.driver))

    def _snapshot(self, ref: SnapshotRef) -> Snapshot:
        entry = self._entries.get(ref)
        if entry is None or not entry.usable:
            # The sidecar would crash on a snapshot without status.
            raise SnapshotUnusable(f"volumesnapshot {ref} cannot be queried: {entry.obstacle if entry else 'unknown'}")
        return Snapshot(
            ref=ref,
            content=entry.content,
            driver=entry.driver,
            handle=SnapshotHandle(entry.handle),
            claim=entry.claim,
            volume_handle=entry.volume_handle,
            restore_size_bytes=entry.restore_size_bytes or None,
            created=entry.created,
            change_id=entry.change_id or None,
        )

    def _endpoint(self, driver: str) -> Endpoint:
        """One request a driver, whatever the number of its streams; an error is not kept."""
        from kubectl_cbt.cluster.resolve import find_endpoint

        def find() -> Endpoint:
            return find_endpoint(self._session.catalogue, driver, self._service)

        return self._endpoints.setdefault(driver, SharedResult(find)).result()
