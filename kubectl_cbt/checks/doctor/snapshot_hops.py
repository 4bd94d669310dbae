"""From the names of snapshots to the service of their driver."""

from __future__ import annotations

from kubectl_cbt.checks.check import Check, CheckFailed, CheckResult
from kubectl_cbt.checks.doctor.cluster_hops import API_SERVER, CRDS, KUBECONFIG
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.cluster.resolve import deleted_content, resolve, with_suggestions
from kubectl_cbt.cluster.resources import SNAPSHOT_GROUP, VolumeSnapshot, VolumeSnapshotContent
from kubectl_cbt.errors import Forbidden, NotFound
from kubectl_cbt.kube.object_reader import ObjectReader, items_of
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint, ResolvedQuery
from kubectl_cbt.units import as_argument, human_bytes

_DEFAULT_CLASS = "snapshot.storage.kubernetes.io/is-default-class"
_SECRET_PREFIX = "csi.storage.k8s.io/snapshotter-"  # noqa: S105  # names of parameters, not a secret


def _refs(context: DiagnosisContext) -> list[SnapshotRef]:
    return [SnapshotRef(context.fact(KUBECONFIG).namespace, name) for name in context.names]


def _snapshots(context: DiagnosisContext, result: CheckResult) -> dict[SnapshotRef, VolumeSnapshot]:
    catalogue = context.fact(KUBECONFIG).catalogue
    found = {}
    for ref in _refs(context):
        try:
            snapshot = found[ref] = catalogue.snapshot(ref)
        except NotFound as error:
            raise with_suggestions(error, catalogue, ref) from error
        if snapshot.content and not snapshot.ready and catalogue.content_was_deleted(snapshot.content):
            raise deleted_content(ref, snapshot.content)
        _report_snapshot(snapshot, result)
    return found


def _report_snapshot(snapshot: VolumeSnapshot, result: CheckResult) -> None:
    ref = snapshot.ref
    describe = f"kubectl describe volumesnapshot {as_argument(ref.name)} -n {as_argument(ref.namespace)}"
    if not snapshot.has_status:
        result.fail(
            f"{ref} has no status: no snapshot controller has processed it, and a query for it crashes the sidecar",
            "check that the controller is running: kubectl get pods -A | grep snapshot-controller",
        )
    elif not snapshot.content:
        result.fail(f"{ref} is not bound to a VolumeSnapshotContent{_error_of(snapshot)}", describe)
    elif not snapshot.ready:
        result.fail(f"{ref} is not ready to use{_error_of(snapshot)}", describe)
    else:
        result.note(f"{ref} is ready, bound to {snapshot.content}, claim {snapshot.claim or '(none)'}")


def _error_of(snapshot: VolumeSnapshot) -> str:
    return f": {snapshot.error}" if snapshot.error else ""


def _contents(context: DiagnosisContext, result: CheckResult) -> list[VolumeSnapshotContent]:
    """At least one name is required to diagnose snapshots."""
    found = []
    for ref, snapshot in context.fact(SNAPSHOTS).items():
        bound = snapshot.content or ""
        try:
            content = context.fact(KUBECONFIG).catalogue.content(bound)
        except NotFound as error:
            raise deleted_content(ref, bound) from error
        _report_content(content, result)
        found.append(content)
    if len({content.driver for content in found}) > 1:
        result.fail("base and target have different drivers", "a delta needs two snapshots of one volume")
    return found


def _report_content(content: VolumeSnapshotContent, result: CheckResult) -> None:
    if not content.handle:
        result.fail(
            f"{content.name} has no snapshotHandle: the driver {content.driver} has not created the snapshot",
            f"kubectl describe volumesnapshotcontent {as_argument(content.name)}",
        )
        return
    size = human_bytes(content.restore_size_bytes) if content.restore_size_bytes else "unknown size"
    volume = content.volume_handle or "unknown (pre-provisioned)"
    result.note(f"{content.name}: driver {content.driver}, handle {content.handle}, {size}, volume {volume}")


def _classes(context: DiagnosisContext, result: CheckResult) -> None:
    try:
        listing = context.fact(KUBECONFIG).api.get("apis", SNAPSHOT_GROUP, "v1", "volumesnapshotclasses")
    except Forbidden:
        result.note("not checked: you cannot list VolumeSnapshotClasses")
        return
    items = items_of(listing, "the list of volumesnapshotclasses")
    classes = {reader.text("metadata", "name"): reader for reader in map(ObjectReader, items)}
    for content in context.fact(CONTENTS):
        _report_class(content, classes, result)


def _report_class(content: VolumeSnapshotContent, classes: dict[str, ObjectReader], result: CheckResult) -> None:
    name, driver = content.class_name, content.driver
    if not name:
        defaults = [one for one, item in classes.items() if _is_default(item) and item.text("driver") == driver]
        if not defaults:
            result.warn(
                f"{content.name} has no class, and {driver} has no default class",
                "a sidecar that looks up the driver's secrets then fails with UNAVAILABLE;"
                f" annotate one class with {_DEFAULT_CLASS}=true",
            )
        return
    found = classes.get(name)
    if found is None:
        result.fail(
            f'VolumeSnapshotClass "{name}" no longer exists, and the sidecar needs it',
            f"create it again; kubectl get volumesnapshotclasses lists those of {as_argument(driver)}",
        )
        return
    has_secret = any(key.startswith(_SECRET_PREFIX) for key in found.mapping("parameters"))
    secret = ", which names a secret that the sidecar must be able to read" if has_secret else ""
    result.note(f"class {name} of {found.text('driver')}{secret}")
    for problem in found.problems:
        result.warn(f"class {name}: {problem}")


def _is_default(item: ObjectReader) -> bool:
    return item.mapping("metadata", "annotations").get(_DEFAULT_CLASS) == "true"


def _service(context: DiagnosisContext, result: CheckResult) -> Endpoint:
    session = context.fact(KUBECONFIG)
    name = context.service or context.fact(CONTENTS)[-1].driver
    try:
        found = session.catalogue.service(name)
    except NotFound:
        others = ", ".join(service.name for service in session.catalogue.services()) or "none"
        raise CheckFailed(
            f'SnapshotMetadataService "{name}" not found; in this cluster: {others}',
            "it must have the name of its driver; select one with another name with --service.\n"
            "if there is none: install external-snapshot-metadata with the driver",
        ) from None
    endpoint = session.connector.endpoint(found.endpoint())
    result.note(f"{found.name} at {found.address}, audience {found.audience}, {found.version}")
    return endpoint


def _pair(context: DiagnosisContext, result: CheckResult) -> ResolvedQuery:
    """Resolved by the same code as for delta and allocated."""
    *base, target = _refs(context)
    names = SnapshotNames(target, base[0] if base else None, verb="doctor")
    resolved = resolve(context.fact(KUBECONFIG).catalogue, names, context.service)
    if base:
        result.note(f"both snapshots are of the same volume, and {base[0].name} is older")
    return resolved


SNAPSHOTS = Check("volumesnapshot", "the snapshot exists, is bound and ready", _snapshots, (API_SERVER,))
CONTENTS = Check("content", "its content has a driver and a handle", _contents, (SNAPSHOTS,))
CLASSES = Check("class", "its class exists, so that the sidecar can find secrets", _classes, (CONTENTS,))
SERVICE = Check("service", "the driver has a SnapshotMetadataService", _service, (CONTENTS, CRDS))
PAIR = Check("resolve", "the snapshots can be queried", _pair, (CONTENTS, SERVICE))
