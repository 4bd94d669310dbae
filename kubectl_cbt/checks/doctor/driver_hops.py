"""One driver of a cluster."""

from __future__ import annotations

from contextlib import ExitStack

from kubectl_cbt.checks.check import Check, CheckResult
from kubectl_cbt.checks.doctor.cluster_hops import DRIVERS, KUBECONFIG
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.errors import NotFound
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.wire.service_connection import ServiceConnection
from kubectl_cbt.wire.sidecar import SidecarSource


def driver_check(name: str) -> Check[DiagnosisContext, None]:
    """Whether a driver has a service that can be reached and is healthy."""

    def run(context: DiagnosisContext, result: CheckResult) -> None:
        session = context.fact(KUBECONFIG)
        try:
            found = session.catalogue.service(name)
        except NotFound:
            result.warn(
                "it has no SnapshotMetadataService: Changed Block Tracking is not available for its snapshots",
                "check whether the driver supports Changed Block Tracking",
            )
            return
        endpoint = session.connector.endpoint(found.endpoint())
        route = session.connector.route(endpoint)
        with ExitStack() as stack:
            stack.callback(route.close)
            result.note(f"{endpoint.address}: {route}")
            source = SidecarSource(
                ServiceConnection(endpoint, lambda: route),
                lambda: Secret(""),
                clock_ahead=session.api.clock_ahead_seconds,
            )
            stack.callback(source.close)
            status = source.health()
            (result.note if status == "SERVING" else result.fail)(f"it is {status}")

    return Check(f"driver {name}", "the driver has a service, and it is healthy", run, (DRIVERS,))
