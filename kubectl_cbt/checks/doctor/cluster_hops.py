"""From the kubeconfig to the snapshots: what the API server knows."""

from __future__ import annotations

from kubectl_cbt.checks.check import Hop, HopResult
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.cluster.resolve import deleted_content, resolve, with_suggestions
from kubectl_cbt.cluster.resources import CBT_GROUP, SNAPSHOT_GROUP, VolumeSnapshot, VolumeSnapshotContent
from kubectl_cbt.cluster.tokens import name_of_caller
from kubectl_cbt.errors import ApiError, Forbidden, NotFound
from kubectl_cbt.kube.object_reader import ObjectReader, items_of
from kubectl_cbt.model.advice import SET_CLOCK, clock_difference
from kubectl_cbt.model.refs import ServiceAccountRef, SnapshotNames, SnapshotRef
from kubectl_cbt.security.pem import readable_certificates_in
from kubectl_cbt.units import as_argument, counted, human_bytes

_DEFAULT_CLASS = "snapshot.storage.kubernetes.io/is-default-class"
_SECRET_PREFIX = "csi.storage.k8s.io/snapshotter-"  # noqa: S105  # names of parameters, not what they hold


def _kubeconfig(context: DiagnosisContext, result: HopResult) -> None:
    context.session = context.login(context.stack)
    result.evidence.append(context.session.about)
    authority = context.session.authority or b""
    result.skipped_blocks("the cluster's certificate-authority", authority, len(readable_certificates_in(authority)))


def _api_server(context: DiagnosisContext, result: HopResult) -> None:
    session = context.known("session")
    version = ObjectReader(session.api.get("version")).text("gitVersion")
    result.evidence.append(f"Kubernetes {version or 'of unknown version'}")
    difference = clock_difference(session.api.clock_ahead_seconds())
    if difference:
        result.warn(difference, SET_CLOCK)
    try:
        context.user = name_of_caller(session.api)
    except ApiError as error:
        result.warn(f"it does not say who you are: {error.message}")
        return
    kind = "a ServiceAccount" if ServiceAccountRef.of_user(context.user) else "no ServiceAccount"
    result.evidence.append(f"you are {context.user}, {kind}")


def _crds(context: DiagnosisContext, result: HopResult) -> None:
    for group in (SNAPSHOT_GROUP, CBT_GROUP):
        reader = ObjectReader(context.known("session").api.get("apis", group))
        served = [version.text("version") for version in reader.objects("versions")]
        result.evidence.append(f"{group}: {', '.join(served)}")
    if "v1beta1" not in result.evidence[-1]:
        result.warn(
            "SnapshotMetadataService is not served as v1beta1: the sidecar is older than v1.0.0",
            "upgrade external-snapshot-metadata and its CRD; kubectl cbt works with both",
        )


def _snapshots(context: DiagnosisContext, result: HopResult) -> None:
    session = context.known("session")
    for name in context.names:
        ref = SnapshotRef(session.namespace, name)
        try:
            snapshot = context.objects[name] = session.catalogue.snapshot(ref)
        except NotFound as error:
            raise with_suggestions(error, session.catalogue, ref) from error
        context.snapshots.append(ref)
        if snapshot.content and not snapshot.ready and session.catalogue.content_was_deleted(snapshot.content):
            raise deleted_content(ref, snapshot.content)
        _snapshot(snapshot, result)


def _snapshot(snapshot: VolumeSnapshot, result: HopResult) -> None:
    ref = snapshot.ref
    describe = f"kubectl describe volumesnapshot {as_argument(ref.name)} -n {as_argument(ref.namespace)}"
    if not snapshot.has_status:
        result.fail(
            f"{ref} has no status: no snapshot-controller has seen it, and the sidecar crashes when asked about it",
            "is it running? kubectl get pods -A | grep snapshot-controller",
        )
    elif not snapshot.content:
        result.fail(f"{ref} is bound to no content{_said(snapshot)}", describe)
    elif not snapshot.ready:
        result.fail(f"{ref} is not ready to use{_said(snapshot)}", describe)
    else:
        result.evidence.append(f"{ref} is ready, bound to {snapshot.content}, of claim {snapshot.claim or '(none)'}")


def _said(snapshot: VolumeSnapshot) -> str:
    return f": {snapshot.error}" if snapshot.error else ""


def _contents(context: DiagnosisContext, result: HopResult) -> None:
    session = context.known("session")
    for name, snapshot in context.objects.items():
        bound = snapshot.content or ""
        try:
            content = context.contents[name] = session.catalogue.content(bound)
        except NotFound as error:
            raise deleted_content(snapshot.ref, bound) from error
        _content(content, result)
        context.driver = content.driver
    if len(context.names) == len({content.driver for content in context.contents.values()}) == 2:
        result.fail("base and target are of different drivers", "a delta needs two snapshots of one volume")


def _content(content: VolumeSnapshotContent, result: HopResult) -> None:
    if not content.handle:
        result.fail(
            f"{content.name} has no snapshotHandle: the driver {content.driver} has not made the snapshot",
            f"kubectl describe volumesnapshotcontent {as_argument(content.name)}",
        )
        return
    size = human_bytes(content.restore_size_bytes) if content.restore_size_bytes else "unknown size"
    volume = content.volume_handle or "unknown: it was pre-provisioned"
    result.evidence.append(f"{content.name}: driver {content.driver}, handle {content.handle}, {size}, volume {volume}")


def _pair(context: DiagnosisContext, result: HopResult) -> None:
    """What resolving objects to: the same code that delta and allocated go through."""
    *base, target = context.snapshots
    context.resolved = resolve(
        context.known("session").catalogue, SnapshotNames(target, base[0] if base else None), context.service
    )
    if base:
        result.evidence.append(f"{base[0].name} is the older one, and both are of one volume")


def _classes(context: DiagnosisContext, result: HopResult) -> None:
    session = context.known("session")
    try:
        listing = session.api.get("apis", SNAPSHOT_GROUP, "v1", "volumesnapshotclasses")
        items = items_of(listing, "the list of volumesnapshotclasses")
        classes = {reader.text("metadata", "name"): reader for reader in map(ObjectReader, items)}
    except Forbidden:
        result.evidence.append("you may not look at VolumeSnapshotClasses; the sidecar may need to")
        return
    for content in context.contents.values():
        _class(content, classes, context.driver, result)


def _class(content: VolumeSnapshotContent, classes: dict[str, ObjectReader], driver: str, result: HopResult) -> None:
    name = content.class_name
    if not name:
        defaults = [one for one, item in classes.items() if _is_default(item) and item.text("driver") == driver]
        if not defaults:
            result.warn(
                f"{content.name} names no class, and {driver} has no default one",
                "a sidecar that looks for the driver's secrets fails then with UNAVAILABLE;"
                " give one class the annotation " + _DEFAULT_CLASS + "=true",
            )
        return
    found = classes.get(name)
    if found is None:
        result.fail(
            f'VolumeSnapshotClass "{name}" does not exist any more: the sidecar needs it',
            f"make it again: kubectl get volumesnapshotclasses shows which there are for {as_argument(driver)}",
        )
        return
    secret = [key for key in found.mapping("parameters") if key.startswith(_SECRET_PREFIX)]
    takes = ", which names a secret the sidecar has to be able to read" if secret else ""
    result.evidence.append(f"class {name} of {found.text('driver')}{takes}")
    for problem in found.problems:
        result.warn(f"class {name}: {problem}")


def _is_default(item: ObjectReader) -> bool:
    return item.mapping("metadata", "annotations").get(_DEFAULT_CLASS) == "true"


def _service(context: DiagnosisContext, result: HopResult) -> None:
    catalogue = context.known("session").catalogue
    name = context.service or context.driver
    try:
        found = catalogue.service(name)
    except NotFound:
        others = ", ".join(service.name for service in catalogue.services()) or "none"
        result.fail(
            f'there is no SnapshotMetadataService "{name}"; there are: {others}',
            "it has to be named as its driver; one of another name goes with --service.\n"
            "none at all: install external-snapshot-metadata beside the driver",
        )
        return
    context.endpoint = context.known("session").means.endpoint(found.endpoint())
    result.evidence.append(f"{found.name} at {found.address}, audience {found.audience}, {found.version}")


def _drivers(context: DiagnosisContext, result: HopResult) -> None:
    entries = context.known("session").catalogue.entries(None)
    context.drivers = sorted({entry.driver for entry in entries if entry.driver})
    usable = sum(entry.usable for entry in entries)
    for entry in entries:
        if entry.problem:
            result.warn(f"{entry.ref}: {entry.problem}")
    result.evidence.append(f"{counted(len(entries), 'snapshot')}, {usable} of them can be asked about")
    if not entries:
        result.warn("there is none", "make one: kubectl apply a VolumeSnapshot of a claim whose driver offers CBT")


KUBECONFIG = Hop("kubeconfig", "there is a kubeconfig, and its login works", _kubeconfig)
API_SERVER = Hop("api-server", "the API server answers, and knows you", _api_server, (KUBECONFIG,))
CRDS = Hop("crds", "the CRDs of snapshots and of CBT are installed", _crds, (API_SERVER,))
SNAPSHOTS = Hop("volumesnapshot", "the snapshot exists, is bound and ready", _snapshots, (API_SERVER,))
CONTENTS = Hop("content", "its content has a driver and a handle", _contents, (SNAPSHOTS,))
CLASSES = Hop("class", "its class is there, for the sidecar to find secrets by", _classes, (CONTENTS,))
SERVICE = Hop("service", "the driver has a SnapshotMetadataService", _service, (CONTENTS, CRDS))
DRIVERS = Hop("snapshots", "there are snapshots, and drivers that made them", _drivers, (CRDS,))
PAIR = Hop("resolve", "the snapshots can be asked about", _pair, (CONTENTS, SERVICE))
