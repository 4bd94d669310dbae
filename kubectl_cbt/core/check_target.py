"""What ``check`` tests: from the names on the command line to a driver that can be queried."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.core.connect import ServiceConnector
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import ApiError, UsageError
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotIds, SnapshotNames, SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry, siblings
from kubectl_cbt.security.secret import Secret

if TYPE_CHECKING:
    from kubectl_cbt.core.csi_connector import CsiConnector
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.model.resolved_query import ResolvedQuery
    from kubectl_cbt.wire.source import Source

_NO_TOKEN = "kubectl-cbt.check.no-token"  # noqa: S105  # presented to a service that must refuse it


@dataclass(frozen=True, slots=True)
class CheckArguments:
    """The snapshots that the command line names: of one the first, of two base and target."""

    first: str
    second: str | None = None
    third: str = ""

    @property
    def base(self) -> str | None:
        """The older one; None when one snapshot was named."""
        return self.first if self.second is not None else None

    @property
    def target(self) -> str:
        """The newer one, or the only one."""
        return self.second if self.second is not None else self.first

    def __str__(self) -> str:
        return self.target if self.base is None else f"{self.base} → {self.target}"


@dataclass(frozen=True, slots=True)
class DriverUnderTest:
    """A driver, and the snapshots of one volume.

    Attributes:
        base: an older snapshot; None to check allocated extents only.
        in_order: base, target and a third snapshot, oldest first; empty without a third.
        refused_source: the same service with a token that it must refuse; None at a driver's socket.
        title: names the snapshots.
        about: facts for the head of the report.
    """

    source: Source
    target: SnapshotIds
    base: SnapshotIds | None
    in_order: tuple[SnapshotIds, ...]
    refused_source: Source | None
    title: str
    about: dict[str, str]


def driver_at_socket(
    arguments: CheckArguments, connector: CsiConnector, stack: contextlib.ExitStack
) -> DriverUnderTest:
    """A driver at its own socket: the arguments are snapshot handles.

    Args:
        stack: closes the connection.
    """

    def ids(handle: str) -> SnapshotIds:
        return SnapshotIds(SnapshotRef("", handle), SnapshotHandle(handle))

    source = connector.source()
    stack.callback(source.close)
    base, target = ids(arguments.base) if arguments.base else None, ids(arguments.target)
    in_order = (base, target, ids(arguments.third)) if base and arguments.third else ()
    plugin = connector.plugin
    about = {"driver": f"{plugin.name} {plugin.version}".strip(), "socket": connector.name}
    return DriverUnderTest(source, target, base, in_order, None, str(arguments), about)


def driver_in_cluster(
    arguments: CheckArguments,
    names: SnapshotNames,
    session: Session,
    service: ServiceOptions,
    stack: contextlib.ExitStack,
) -> DriverUnderTest:
    """A driver that is queried through its sidecar in a cluster.

    Args:
        names: of the first two arguments.
        stack: closes the connections.

    Raises:
        CbtError: the snapshots cannot be queried, or the service cannot be reached.
    """
    from kubectl_cbt.cluster.resolve import resolve
    from kubectl_cbt.cluster.tokens import FixedToken

    connector = ServiceConnector(session, service)
    resolved = resolve(session.catalogue, names, service.service)
    endpoint = resolved.service_endpoint
    source = connector.source(resolved)
    stack.callback(source.close)
    refused = connector.source(resolved, FixedToken(Secret(_NO_TOKEN)))
    stack.callback(refused.close)
    about = {
        "driver": resolved.target.driver,
        "service": f"{endpoint.service} at {endpoint.address}",
        "volume": resolved.target.volume_handle or resolved.target.claim or "unknown",
    }
    if resolved.base and resolved.base.change_id:
        about["base"] = f"by its change ID, {resolved.base.change_id}"
    return DriverUnderTest(
        source,
        SnapshotIds(resolved.target.ref, resolved.target.base_id),
        SnapshotIds(resolved.base.ref, resolved.base.base_id) if resolved.base else None,
        _three(session, arguments.third, resolved) if resolved.base else (),
        refused,
        f"{resolved.target.ref.namespace}/{arguments}",
        about,
    )


def _three(session: Session, third: str, resolved: ResolvedQuery) -> tuple[SnapshotIds, ...]:
    """Base, target and one more of the volume, oldest first; empty when there is no other."""
    try:
        entries = session.catalogue.entries(resolved.target.ref.namespace)
    except ApiError:
        return ()  # the right to get snapshots does not include the right to list them
    of_volume = siblings(entries, resolved.target.ref)
    pair = {resolved.target.ref, resolved.base.ref if resolved.base else None}
    others = [entry for entry in of_volume if entry.ref not in pair]
    if third:
        others = [entry for entry in others if entry.ref.name == third]
        if not others:
            raise UsageError(f'--third: "{third}" is not another usable snapshot of the volume')
    if not others:
        return ()
    chosen = {*pair, _nearest(others, resolved).ref}
    return tuple(
        SnapshotIds(entry.ref, SnapshotHandle(entry.change_id or entry.handle))
        for entry in of_volume
        if entry.ref in chosen
    )


def _nearest(others: list[SnapshotEntry], resolved: ResolvedQuery) -> SnapshotEntry:
    """One between base and target if there is one, else the nearest."""
    ends = [snapshot.created for snapshot in (resolved.base, resolved.target) if snapshot and snapshot.created]

    def distance(entry: SnapshotEntry) -> float:
        if not entry.created or len(ends) < 2 or ends[0] < entry.created < ends[1]:
            return 0.0
        return min(abs((entry.created - end).total_seconds()) for end in ends)

    return min(others, key=distance)
