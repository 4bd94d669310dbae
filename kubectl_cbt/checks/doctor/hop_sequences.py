"""The checks of a cluster in order: for one or two snapshots, and for a cluster as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_cbt.checks.check import check_sequence
from kubectl_cbt.checks.doctor.access_hops import ACCOUNT, PERMISSIONS, TOKEN
from kubectl_cbt.checks.doctor.cluster_hops import API_SERVER, CRDS, DRIVERS, KUBECONFIG
from kubectl_cbt.checks.doctor.connection_hops import ADDRESS, CA_CERT, CONNECTION, TLS
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.checks.doctor.driver_hops import driver_check
from kubectl_cbt.checks.doctor.snapshot_hops import CLASSES, CONTENTS, PAIR, SERVICE, SNAPSHOTS
from kubectl_cbt.checks.doctor.stream_hops import FIRST_CALL, HEALTH, STREAM
from kubectl_cbt.checks.runner import run
from kubectl_cbt.model.finding import Finding

FOR_SNAPSHOTS = check_sequence(
    KUBECONFIG,
    API_SERVER,
    CRDS,
    SNAPSHOTS,
    CONTENTS,
    CLASSES,
    SERVICE,
    PAIR,
    CA_CERT,
    ADDRESS,
    PERMISSIONS,
    ACCOUNT,
    TOKEN,
    CONNECTION,
    TLS,
    HEALTH,
    FIRST_CALL,
    STREAM,
)

_FOR_CLUSTER = check_sequence(KUBECONFIG, API_SERVER, CRDS, DRIVERS)


def diagnose(context: DiagnosisContext, on_start: Callable[[str], None]) -> Iterator[Finding]:
    """The snapshots that were named, or else the cluster: the service of each driver that has snapshots."""
    if context.names:
        yield from run(FOR_SNAPSHOTS, context, on_start)
        return
    yield from run(_FOR_CLUSTER, context, on_start)
    yield from run(map(driver_check, context.facts.get(DRIVERS) or ()), context, on_start)
