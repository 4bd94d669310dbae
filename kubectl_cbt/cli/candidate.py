"""What ``check`` is to judge: from the names on the command line to a driver that can be asked about them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.cli.access import Access
from kubectl_cbt.cli.driver import csi_endpoint, open_driver
from kubectl_cbt.cli.options import Asking, Cluster, Service, Terminal
from kubectl_cbt.cli.session import Session, open_session
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry, siblings
from kubectl_cbt.security.secret import Secret

if TYPE_CHECKING:
    from kubectl_cbt.checks.conformance.case import Needs
    from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotIds
    from kubectl_cbt.cli.driver import LiveDriver
    from kubectl_cbt.model.resolved_query import Target

_NO_TOKEN = "kubectl-cbt.check.no-token"  # noqa: S105  # shown to a service that has to refuse it


@dataclass(frozen=True, slots=True)
class CheckArguments:
    """What the command line names: of one snapshot the first, of two base and target."""

    first: str
    second: str | None
    third: str
    deadline_seconds: float
    hostile: bool

    @property
    def base(self) -> str | None:
        """The older one; None when one snapshot was named."""
        return self.first if self.second is not None else None

    @property
    def target(self) -> str:
        """The newer one, or the only one."""
        return self.second if self.second is not None else self.first


@dataclass(frozen=True, slots=True)
class DriverUnderTest:
    """An exam and how to call it.

    Attributes:
        about: facts for the top of the report.
        lacks: what cases may need and this has not.
    """

    context: DriverContext
    name: str
    about: dict[str, str]
    missing: frozenset[Needs]


@contextlib.contextmanager
def open_candidate(
    wanted: CheckArguments, cluster: Cluster, service: Service, terminal: Terminal
) -> Iterator[DriverUnderTest]:
    """At a driver's socket, or through the sidecar of a cluster; all connections end with the block.

    Raises:
        CbtError: what was named cannot be asked about.
    """
    endpoint = csi_endpoint(service, cluster)
    if endpoint:
        with open_driver(endpoint, Asking.of(service)) as driver:
            yield _of_driver(wanted, endpoint, driver)
        return
    with open_session(cluster, terminal.verbosity) as session, contextlib.ExitStack() as stack:
        yield _of_cluster(wanted, session, Access(session, cluster, service), service, stack)


def _of_driver(wanted: CheckArguments, endpoint: str, driver: LiveDriver) -> DriverUnderTest:
    from kubectl_cbt.checks.conformance.case import Needs
    from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotIds, SnapshotSeries

    def named(snapshot_id: str) -> SnapshotIds:
        return SnapshotIds(SnapshotRef("", snapshot_id), SnapshotHandle(snapshot_id))

    base = named(wanted.base) if wanted.base else None
    in_order = (base, named(wanted.target), named(wanted.third)) if base and wanted.third else ()
    volume = SnapshotSeries(named(wanted.target), base, in_order)
    plugin = driver.source.plugin
    about = {"driver": f"{driver.name} {plugin.version if plugin else ''}".strip(), "socket": endpoint}
    context = DriverContext(driver.source, volume, deadline_seconds=wanted.deadline_seconds)
    return DriverUnderTest(context, _title(wanted), about, _lacks(context, wanted) | {Needs.SIDECAR})


def _of_cluster(
    wanted: CheckArguments, session: Session, access: Access, service: Service, stack: contextlib.ExitStack
) -> DriverUnderTest:
    from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotSeries
    from kubectl_cbt.cli.ask import snapshot_ref
    from kubectl_cbt.cluster import resolve
    from kubectl_cbt.cluster.tokens import cached

    target_ref = snapshot_ref(wanted.target, session.namespace)
    base_ref = snapshot_ref(wanted.base, session.namespace) if wanted.base else None
    asked = resolve.SnapshotNames(target_ref, base_ref, service=service.service or None)
    target = resolve.resolve(session.catalogue, asked)
    volume = SnapshotSeries(_named(target, base=False), _named(target, base=True) if base_ref else None)
    if base_ref is not None:
        volume = SnapshotSeries(volume.target, volume.base, _three(session, wanted, target))
    # A hundred questions take one token; a new one each would be a hundred requests to the API server.
    fresh_token = cached(access.fresh_token(access.endpoint(target.endpoint)))
    source = access.source(target, fresh_token)
    stack.callback(source.close)
    refused = access.source(target, lambda: Secret(_NO_TOKEN))
    stack.callback(refused.close)
    context = DriverContext(source, volume, deadline_seconds=wanted.deadline_seconds, refused_source=refused)
    about = {
        "driver": target.snapshot.driver,
        "service": f"{target.endpoint.service} at {target.endpoint.address}",
        "volume": target.snapshot.volume_handle or target.snapshot.claim or "unknown",
    }
    if target.base and target.base.change_id:
        about["base"] = f"by its change id, {target.base.change_id}"
    return DriverUnderTest(context, f"{target_ref.namespace}/{_title(wanted)}", about, _lacks(context, wanted))


def _named(target: Target, *, base: bool) -> SnapshotIds:
    from kubectl_cbt.checks.conformance.driver_context import SnapshotIds

    snapshot = target.base if base and target.base else target.snapshot
    return SnapshotIds(snapshot.ref, snapshot.base_id)


def _three(session: Session, wanted: CheckArguments, target: Target) -> tuple[SnapshotIds, ...]:
    """Base, target and one more of the volume, oldest first; empty when there is no other."""
    from kubectl_cbt.checks.conformance.driver_context import SnapshotIds
    from kubectl_cbt.errors import ApiError

    try:
        entries = session.catalogue.entries(target.snapshot.ref.namespace)
    except ApiError:
        return ()  # who may get snapshots need not be able to list them
    of_volume = siblings(entries, target.snapshot.ref)
    pair = {target.snapshot.ref, target.base.ref if target.base else None}
    others = [entry for entry in of_volume if entry.ref not in pair]
    if wanted.third:
        others = [entry for entry in others if entry.ref.name == wanted.third]
        if not others:
            raise UsageError(f'--third: "{wanted.third}" is no other usable snapshot of the volume')
    if not others:
        return ()
    chosen = {*pair, _nearest(others, target).ref}
    return tuple(
        SnapshotIds(entry.ref, SnapshotHandle(entry.change_id or entry.handle))
        for entry in of_volume
        if entry.ref in chosen
    )


def _nearest(others: list[SnapshotEntry], target: Target) -> SnapshotEntry:
    """One between base and target if there is one, else the nearest."""
    ends = [snapshot.created for snapshot in (target.base, target.snapshot) if snapshot and snapshot.created]

    def distance(entry: SnapshotEntry) -> float:
        if not entry.created or len(ends) < 2 or ends[0] < entry.created < ends[1]:
            return 0.0
        return min(abs((entry.created - end).total_seconds()) for end in ends)

    return min(others, key=distance)


def _lacks(context: DriverContext, wanted: CheckArguments) -> frozenset[Needs]:
    from kubectl_cbt.checks.conformance.case import Needs

    missing = set()
    if context.volume.base is None:
        missing |= {Needs.DELTA}
    if not context.volume.in_order:
        missing |= {Needs.THREE}
    if not wanted.hostile:
        missing |= {Needs.HOSTILE}
    return frozenset(missing)


def _title(wanted: CheckArguments) -> str:
    return wanted.target if wanted.base is None else f"{wanted.base} → {wanted.target}"
