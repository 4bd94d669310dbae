"""The hops in order: for a snapshot or two, and for a cluster in which none was named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_cbt.checks.check import HopSequence
from kubectl_cbt.checks.doctor import cluster_hops as cluster
from kubectl_cbt.checks.doctor import connection_hops as service
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.checks.runner import run
from kubectl_cbt.model.finding import Finding

OnStart = Callable[[str], None]

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


def walk_to_snapshots(context: DiagnosisContext, on_start: OnStart) -> Iterator[Finding]:
    """Every hop to the snapshots that were named."""
    return run(FOR_SNAPSHOTS, context, on_start)


def walk_the_cluster(context: DiagnosisContext, on_start: OnStart) -> Iterator[Finding]:
    """The cluster as a whole: every driver that has snapshots, whether it has a service, and whether that answers."""
    yield from run(_FOR_CLUSTER, context, on_start)
    yield from run(HopSequence(map(service.driver_hop, context.drivers)), context, on_start)
