"""From names to a resolved query. Everything that can be known to fail is found here, before anything is sent.

The sidecar verifies neither that base and target are of one volume nor their order, and it crashes on a query for a
VolumeSnapshot without status: the client must prevent both.
"""

from __future__ import annotations

import difflib

from kubectl_cbt.cluster.catalogue import Catalogue
from kubectl_cbt.cluster.resources import CBT_GROUP, VolumeSnapshot
from kubectl_cbt.errors import Forbidden, NotFound, ServiceUnusable, SnapshotUnusable
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint, ResolvedQuery, Snapshot, same_volume
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.units import as_argument, utc_words

_WAIT = "kubectl wait volumesnapshot/{name} -n {namespace} --for=jsonpath='{{.status.readyToUse}}'=true --timeout=5m"

_HAS_FORCE = "delta"
"""The command with the flag ``--force``."""


def resolve(catalogue: Catalogue, names: SnapshotNames, service: str = "") -> ResolvedQuery:
    """Find all that a query needs, and check that it makes sense.

    Args:
        service: name of the SnapshotMetadataService; empty for the one named after the driver.

    Raises:
        ApiError: the API server refused a request; for a snapshot that does not exist with similar names.
        SnapshotUnusable: a snapshot is not ready, or the pair does not belong together.
        ServiceUnusable: the driver has no service, or one that cannot be called.
    """
    base_ref = names.base
    find_base = catalogue.prefetch(lambda: _snapshot(catalogue, base_ref)) if base_ref else None
    find_target = catalogue.prefetch(lambda: _snapshot(catalogue, names.target))
    catalogue.prefetch_lists()
    base = find_base() if find_base else None
    target = find_target()
    base_handle = base.base_id if base else names.base_handle
    if base:
        check_pair(base, target, names)
    elif base_handle == target.handle:
        raise _same_snapshot(target, names.verb)
    endpoint = find_endpoint(catalogue, target.driver, service)
    return ResolvedQuery(Query(target.ref, base_handle), target, base, endpoint)


def _snapshot(catalogue: Catalogue, ref: SnapshotRef) -> Snapshot:
    try:
        found = catalogue.snapshot(ref)
    except NotFound as error:
        raise with_suggestions(error, catalogue, ref) from error
    content_name = _bound_content(found, catalogue)
    try:
        content = catalogue.content(content_name)
    except NotFound as error:
        raise deleted_content(ref, content_name) from error
    if not content.handle:
        raise SnapshotUnusable(
            f"volumesnapshotcontents {content.name} of volumesnapshot {ref} has no snapshotHandle",
            hint=f"the driver {as_argument(content.driver)} has not created the snapshot yet: kubectl describe"
            f" volumesnapshotcontent {as_argument(content.name)}",
        )
    return Snapshot(
        ref=ref,
        content=content.name,
        driver=content.driver,
        handle=SnapshotHandle(content.handle),
        claim=found.claim,
        volume_handle=content.volume_handle,
        # 0 means unknown.
        restore_size_bytes=content.restore_size_bytes or found.restore_size_bytes or None,
        created=found.created or content.created,
        change_id=found.change_id or None,
    )


def with_suggestions(error: NotFound, catalogue: Catalogue, ref: SnapshotRef) -> NotFound:
    """The error with a hint: the API server does not report whether the name or the namespace is wrong."""
    if not catalogue.namespace_exists(ref.namespace):
        return NotFound(
            f'namespaces "{ref.namespace}" not found',
            status=404,
            reason="NotFound",
            hint="list them with: kubectl get namespaces",
        )
    try:
        names = [snapshot.ref.name for snapshot in catalogue.snapshots(ref.namespace)]
    except Forbidden:
        return error  # a caller that may get a snapshot may not be allowed to list them
    if not names:
        hint = f"namespace {as_argument(ref.namespace)} has no snapshots; list all: kubectl cbt snapshots -A"
        return error.with_hint(hint)
    close = difflib.get_close_matches(ref.name, names, n=3)
    suggestion = f"did you mean {' or '.join(map(as_argument, close))}? " if close else ""
    return error.with_hint(f"{suggestion}list them with: kubectl cbt snapshots -n {as_argument(ref.namespace)}")


def deleted_content(ref: SnapshotRef, content: str) -> SnapshotUnusable:
    """The error for a snapshot that is bound to a content which does not exist."""
    return SnapshotUnusable(
        f"volumesnapshotcontents {content} of volumesnapshot {ref} was deleted",
        hint=f"the snapshot cannot be queried any more: kubectl describe volumesnapshot {as_argument(ref.name)}"
        f" -n {as_argument(ref.namespace)}",
    )


def _bound_content(snapshot: VolumeSnapshot, catalogue: Catalogue) -> str:
    """Name of the content of a snapshot that can be queried."""
    ref = snapshot.ref
    wait = _WAIT.format(name=as_argument(ref.name), namespace=as_argument(ref.namespace))
    describe = f"kubectl describe volumesnapshot {as_argument(ref.name)} -n {as_argument(ref.namespace)}"
    if not snapshot.has_status:
        raise SnapshotUnusable(
            f"volumesnapshot {ref} has no status yet: the snapshot controller has not processed it",
            hint=f"wait for it: {wait}\nif it does not become ready, is the snapshot-controller running?",
        )
    error = f": {snapshot.error}" if snapshot.error else ""
    if not snapshot.content:
        raise SnapshotUnusable(f"volumesnapshot {ref} is not bound to a content{error}", hint=f"see why: {describe}")
    if not snapshot.ready:
        # The snapshot controller also marks a snapshot whose content was deleted as not ready; it will never be ready.
        if catalogue.content_was_deleted(snapshot.content):
            raise deleted_content(ref, snapshot.content)
        raise SnapshotUnusable(f"volumesnapshot {ref} is not ready to use{error}", hint=f"wait for it: {wait}")
    return snapshot.content


def check_pair(base: Snapshot, target: Snapshot, names: SnapshotNames) -> None:
    """Refuse a pair of which a delta would be meaningless.

    Args:
        names: whether to force the query, and the command that hints suggest.

    Raises:
        SnapshotUnusable: the pair does not belong together; with ``force`` only where that is certain.
    """
    for error in _objections(base, target, names.verb):
        if not (names.force and error.forceable):
            raise error


def _objections(base: Snapshot, target: Snapshot, verb: str) -> list[SnapshotUnusable]:
    found = []
    forced = "; --force queries it anyway" if verb == _HAS_FORCE else ""
    if base.ref == target.ref or (base.driver, base.handle) == (target.driver, target.handle):
        found.append(_same_snapshot(target, verb))
    if base.driver != target.driver:
        found.append(
            SnapshotUnusable(
                f"base {base.ref} is of driver {base.driver}, target {target.ref} of {target.driver}",
                hint="a delta needs two snapshots of one volume",
            )
        )
    elif same_volume(base, target) is False:
        found.append(
            SnapshotUnusable(
                f"base {base.ref} is of volume {_volume(base)}, target {target.ref} of {_volume(target)}",
                hint=f"a delta needs two snapshots of one volume{forced}",
                forceable=True,
            )
        )
    if base.created and target.created and target.created < base.created:
        found.append(
            SnapshotUnusable(
                f"target {target.ref} ({utc_words(target.created)}) is older than"
                f" base {base.ref} ({utc_words(base.created)})",
                hint=f"swap them: kubectl cbt {as_argument(verb)} {as_argument(target.ref.name)}"
                f" {as_argument(base.ref.name)} -n {as_argument(target.ref.namespace)}" + forced,
                forceable=True,
            )
        )
    return found


def _same_snapshot(target: Snapshot, verb: str) -> SnapshotUnusable:
    """A driver would report that nothing changed, and a backup would rely on it."""
    is_delta = verb == "delta"
    instead, other = ("list its allocated blocks", "allocated") if is_delta else ("without a base, name it once", verb)
    return SnapshotUnusable(
        f"base and target are the same snapshot, {target.ref} (handle {target.handle})",
        hint=f"{instead}: kubectl cbt {as_argument(other)} {as_argument(target.ref.name)}"
        f" -n {as_argument(target.ref.namespace)}",
    )


def _volume(snapshot: Snapshot) -> str:
    claim = f"{snapshot.ref.namespace}/{snapshot.claim}" if snapshot.claim else ""
    return " ".join(part for part in (claim, snapshot.volume_handle and f"({snapshot.volume_handle})") if part)


def find_endpoint(catalogue: Catalogue, driver: str, service: str = "") -> Endpoint:
    """The service for the snapshots of a driver.

    Args:
        service: name of the SnapshotMetadataService; empty for the one named after the driver.

    Raises:
        ServiceUnusable: there is none, or it cannot be called.
    """
    name = service or driver
    try:
        return catalogue.service(name).endpoint()
    except NotFound as error:
        what = f'snapshotmetadataservices.{CBT_GROUP} "{name}" not found'
        if not service:
            what = f"driver {name} has no SnapshotMetadataService"
        raise ServiceUnusable(what, hint=_other_services(catalogue)) from error


def _other_services(catalogue: Catalogue) -> str:
    try:
        others = ", ".join(as_argument(service.name) for service in catalogue.services())
    except Forbidden:
        return "you may not list the services; name one with --service if it serves this driver"
    if not others:
        return "the cluster has none: no driver here supports Changed Block Tracking"
    return f"there are services for: {others}; name one with --service if it serves this driver"
