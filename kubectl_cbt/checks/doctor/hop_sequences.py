"""The hops in order: for a snapshot or two, and for a cluster in which none was named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_cbt.checks.doctor import cluster_hops as cluster
from kubectl_cbt.checks.doctor import service_hops as service
from kubectl_cbt.checks.doctor.diagnosis_context import Walk
from kubectl_cbt.checks.doctor.hop import HopSequence
from kubectl_cbt.checks.doctor.hop_runner import run
from kubectl_cbt.model.finding import Finding

Begins = Callable[[str], None]

FOR_SNAPSHOTS = HopSequence(
    (
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
)

_FOR_CLUSTER = HopSequence((cluster.KUBECONFIG, cluster.API_SERVER, cluster.CRDS, cluster.DRIVERS))


def walk_to_snapshots(walk: Walk, begins: Begins) -> Iterator[Finding]:
    """Every hop to the snapshots that were named."""
    return run(FOR_SNAPSHOTS, walk, begins)


def walk_the_cluster(walk: Walk, begins: Begins) -> Iterator[Finding]:
    """The cluster as a whole: every driver that has snapshots, whether it has a service, and whether that answers."""
    yield from run(_FOR_CLUSTER, walk, begins)
    yield from run(HopSequence(map(service.driver_hop, walk.drivers)), walk, begins)
