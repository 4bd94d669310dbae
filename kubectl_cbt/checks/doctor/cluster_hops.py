"""The API server: the login, the CRDs, and which drivers have snapshots."""

from __future__ import annotations

from kubectl_cbt.checks.check import Check, CheckResult
from kubectl_cbt.checks.doctor.certificate_findings import warn_of_unreadable_blocks
from kubectl_cbt.checks.doctor.diagnosis_context import ClusterSession, DiagnosisContext
from kubectl_cbt.clock import SET_CLOCK, clock_difference
from kubectl_cbt.cluster.resources import CBT_GROUP, SNAPSHOT_GROUP
from kubectl_cbt.cluster.tokens import name_of_caller
from kubectl_cbt.errors import ApiError
from kubectl_cbt.kube.object_reader import ObjectReader
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.security.pem import readable_certificates_in
from kubectl_cbt.units import counted


def _kubeconfig(context: DiagnosisContext, result: CheckResult) -> ClusterSession:
    session = context.log_in(context.stack)
    result.note(session.about)
    authority = session.authority or b""
    read = len(readable_certificates_in(authority))
    warn_of_unreadable_blocks(result, "the cluster's certificate-authority", authority, read)
    return session


def _api_server(context: DiagnosisContext, result: CheckResult) -> str:
    """The user name, empty when the API server does not report it."""
    api = context.fact(KUBECONFIG).api
    version = ObjectReader(api.get("version")).text("gitVersion")
    result.note(f"Kubernetes {version or 'of unknown version'}")
    difference = clock_difference(api.clock_ahead_seconds())
    if difference:
        result.warn(difference, SET_CLOCK)
    try:
        user = name_of_caller(api)
    except ApiError as error:
        result.warn(f"the API server does not report who you are: {error.message}")
        return ""
    kind = "a ServiceAccount" if ServiceAccountRef.of_user(user) else "not a ServiceAccount"
    result.note(f"you are {user}, {kind}")
    return user


def _crds(context: DiagnosisContext, result: CheckResult) -> None:
    served: list[str] = []
    for group in (SNAPSHOT_GROUP, CBT_GROUP):
        reader = ObjectReader(context.fact(KUBECONFIG).api.get("apis", group))
        served = [version.text("version") for version in reader.objects("versions")]
        result.note(f"{group}: {', '.join(served)}")
    if "v1beta1" not in served:
        result.warn(
            "SnapshotMetadataService is not served as v1beta1: the sidecar is older than v1.0.0",
            "upgrade external-snapshot-metadata and its CRD; kubectl cbt works with both versions",
        )


def _drivers(context: DiagnosisContext, result: CheckResult) -> list[str]:
    entries = context.fact(KUBECONFIG).catalogue.entries(None)
    usable = sum(entry.usable for entry in entries)
    for entry in entries:
        if entry.problem:
            result.warn(f"{entry.ref}: {entry.problem}")
    result.note(f"{counted(len(entries), 'snapshot')}, {usable} of them can be queried")
    if not entries:
        result.warn(
            "there are no snapshots",
            "create one: kubectl apply a VolumeSnapshot of a claim whose driver supports Changed Block Tracking",
        )
    return sorted({entry.driver for entry in entries if entry.driver})


KUBECONFIG = Check("kubeconfig", "a kubeconfig exists, and its login works", _kubeconfig)
API_SERVER = Check("api-server", "the API server responds, and identifies you", _api_server, (KUBECONFIG,))
CRDS = Check("crds", "the CRDs for snapshots and for CBT are installed", _crds, (API_SERVER,))
DRIVERS = Check("snapshots", "there are snapshots, and drivers that created them", _drivers, (CRDS,))
