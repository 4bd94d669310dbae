"""The hops in order: for a snapshot or two, and for a cluster in which none was named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_cbt.doctor import cluster_hops as cluster
from kubectl_cbt.doctor import service_hops as service
from kubectl_cbt.doctor.hop import Hop
from kubectl_cbt.doctor.runner import run
from kubectl_cbt.doctor.walk import Walk
from kubectl_cbt.model.finding import Finding, Verdict

Begins = Callable[[str], None]

FOR_SNAPSHOTS: tuple[Hop, ...] = (
    cluster.KUBECONFIG,
    cluster.API_SERVER,
    cluster.CRDS,
    cluster.SNAPSHOTS,
    cluster.CONTENTS,
    cluster.CLASSES,
    cluster.SERVICE,
    cluster.PAIR,
    service.CA_CERT,
    service.ADDRESS,
    service.PERMISSIONS,
    service.ACCOUNT,
    service.TOKEN,
    service.CONNECTION,
    service.TLS,
    service.HEALTH,
    service.FIRST_CALL,
    service.STREAM,
)

_FIRST: tuple[Hop, ...] = (cluster.KUBECONFIG, cluster.API_SERVER, cluster.CRDS)


def walk_to_snapshots(walk: Walk, begins: Begins) -> Iterator[Finding]:
    """Every hop to the snapshots that were named."""
    return run(FOR_SNAPSHOTS, walk, begins)


def walk_the_cluster(walk: Walk, begins: Begins) -> Iterator[Finding]:
    """The cluster as a whole: every driver that has snapshots, whether it has a service, and whether that answers."""
    found = []
    for finding in run(_FIRST, walk, begins):
        found.append(finding)
        yield finding
    if any(finding.verdict is Verdict.FAIL for finding in found):
        return
    yield from run((cluster.DRIVERS,), walk, begins)
    for name in walk.drivers:
        yield from run((service.driver_hop(name),), walk, begins)
