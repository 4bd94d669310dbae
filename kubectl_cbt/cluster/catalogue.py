"""Read snapshots, contents and services: for ``resolve`` and the listing commands."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from kubectl_cbt.cluster.resources import (
    CBT_GROUP,
    SNAPSHOT_GROUP,
    SnapshotMetadataService,
    VolumeSnapshot,
    VolumeSnapshotContent,
    claim_of,
)
from kubectl_cbt.errors import ApiError, Forbidden, NotFound, ResourceTypeMissing
from kubectl_cbt.kube.api import Api, Object
from kubectl_cbt.kube.list_options import ListOptions
from kubectl_cbt.kube.list_pages import Listing, read_list
from kubectl_cbt.kube.object_reader import ObjectReader, items_of
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry, siblings
from kubectl_cbt.model.source_volume import Claim

_SNAPSHOTS = ("apis", SNAPSHOT_GROUP, "v1")
_CBT_VERSIONS = ("v1beta1", "v1alpha1")
"""Served versions of SnapshotMetadataService we read, best first."""

_NO_SERVICE = "driver has no service"

_ALL = ListOptions()
_DELETED = "deleted"
_TWICE = "the API server lists it more than once"
_EXPIRED = 410
_PAUSE_SECONDS = 1.0
"""Between two watches, or a watch and the next list request; it grows up to the next limit when they end
immediately."""
_LONGEST_PAUSE_SECONDS = 30.0
_LASTED_SECONDS = 5.0

_View = TypeVar("_View")


@dataclass(frozen=True, slots=True)
class _Contents:
    """Existing contents by name, and the names of those that the caller may not read."""

    found: dict[str, VolumeSnapshotContent] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()


class Catalogue:
    """Typed reads. Every method raises the errors of ``kube/api_errors.py``."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._find_cbt = self._served_cbt

    def prefetch(self, fetch: Callable[[], _View]) -> Callable[[], _View]:
        """As :meth:`Api.prefetch`."""
        return self._api.prefetch(fetch)

    def prefetch_lists(self) -> None:
        """Start to request the served versions of ``cbt.storage.k8s.io``, which every request for a service needs."""
        if "_cbt" not in self.__dict__:
            self._find_cbt = self.prefetch(self._served_cbt)

    def snapshot(self, ref: SnapshotRef) -> VolumeSnapshot:
        """One VolumeSnapshot."""
        found = self._api.get(*_SNAPSHOTS, "namespaces", ref.namespace, "volumesnapshots", ref.name)
        return VolumeSnapshot.of(found).readable()

    def snapshots(self, namespace: str | None, selection: ListOptions = _ALL) -> list[VolumeSnapshot]:
        """The snapshots of a namespace; None for all namespaces."""
        return self._snapshot_list(namespace, selection).items

    def _snapshot_list(self, namespace: str | None, selection: ListOptions) -> Listing[VolumeSnapshot]:
        path, query = _snapshots_path(namespace), selection.query()
        if not selection.sort_by:
            listing = read_list(self._api, path, VolumeSnapshot.of, **query)
            return Listing(_unambiguous(listing.items), listing.version)
        whole = read_list(self._api, path, _as_sent, **query)
        items = [VolumeSnapshot.of(item) for item in selection.ordered(whole.items)]
        return Listing(_unambiguous(items), whole.version)

    def content(self, name: str) -> VolumeSnapshotContent:
        """One VolumeSnapshotContent."""
        return VolumeSnapshotContent.of(self._api.get(*_SNAPSHOTS, "volumesnapshotcontents", name)).readable()

    def content_was_deleted(self, name: str) -> bool:
        """True only when the API server reports it as not found; a caller may not be allowed to read contents."""
        try:
            self.content(name)
        except NotFound:
            return True
        except ApiError:
            return False
        return False

    def service(self, name: str) -> SnapshotMetadataService:
        """One SnapshotMetadataService."""
        return self._service(name).readable()

    def _service(self, name: str) -> SnapshotMetadataService:
        return SnapshotMetadataService.of(self._api.get(*self._cbt, "snapshotmetadataservices", name))

    def services(self, selection: ListOptions = _ALL) -> list[SnapshotMetadataService]:
        """All SnapshotMetadataServices."""
        found = self._api.get(*self._cbt, "snapshotmetadataservices", **selection.query())
        items = items_of(found, "the list of snapshotmetadataservices")
        return [SnapshotMetadataService.of(item) for item in selection.ordered(items)]

    def claims(self, namespace: str | None) -> list[Claim]:
        """The PersistentVolumeClaims of a namespace; None for all namespaces."""
        scope = ("namespaces", namespace) if namespace else ()
        return read_list(self._api, ("api", "v1", *scope, "persistentvolumeclaims"), claim_of).items

    def namespaces(self) -> list[str]:
        """Names of the namespaces that have snapshots, sorted; of all namespaces where only those can be listed."""
        try:
            return sorted({snapshot.ref.namespace for snapshot in self.snapshots(None)})
        except Forbidden:
            items = items_of(self._api.get("api", "v1", "namespaces"), "the list of namespaces")
            return sorted(ObjectReader(item).text("metadata", "name") for item in items)

    def namespace_exists(self, name: str) -> bool:
        """False only when the API server reports it as not found; the caller may not be allowed to get namespaces."""
        try:
            self._api.get("api", "v1", "namespaces", name)
        except NotFound:
            return False
        except Forbidden:
            return True
        return True

    def entries(self, namespace: str | None, selection: ListOptions = _ALL) -> list[SnapshotEntry]:
        """Snapshots of a namespace (None: all) with driver, handle and whether CBT works for them."""
        return self._entries(self.snapshots(namespace, selection))

    def follow(self, namespace: str | None, selection: ListOptions = _ALL) -> Iterator[list[SnapshotEntry]]:
        """All entries first, then each change, until the iteration stops.

        When the resource version has expired, all entries again.
        """
        pace = _Pace()
        while True:
            try:
                yield from self._follow_once(namespace, selection, pace)
            except ApiError as error:
                if error.status != _EXPIRED:
                    raise
            pace.wait()

    def _follow_once(self, namespace: str | None, selection: ListOptions, pace: _Pace) -> Iterator[list[SnapshotEntry]]:
        listing = self._snapshot_list(namespace, selection)
        version = listing.version
        yield self._entries(listing.items)
        while True:
            for event in self._api.watch(*_snapshots_path(namespace), **selection.query(), resourceVersion=version):
                reader = ObjectReader(event)
                kind = reader.needed_text("type")
                reader.require("an event of the watch of volumesnapshots")
                version = reader.text("object", "metadata", "resourceVersion") or version
                if kind != "BOOKMARK":
                    yield [self._entry_of_event(kind, event.get("object"))]
            pace.wait()

    def _entry_of_event(self, kind: str, item: object) -> SnapshotEntry:
        snapshot = VolumeSnapshot.of(item)
        if kind == "DELETED":
            return replace(_entry(snapshot, _Contents(), {}), obstacle=_DELETED)
        return self._entries([snapshot])[0]

    def _entries(self, snapshots: list[VolumeSnapshot]) -> list[SnapshotEntry]:
        contents = self._contents(snapshots)
        obstacles = self._driver_obstacles({content.driver for content in contents.found.values() if content.driver})
        return [_entry(snapshot, contents, obstacles) for snapshot in snapshots]

    def older_siblings(self, ref: SnapshotRef) -> list[SnapshotEntry]:
        """Possible bases of a snapshot: usable older snapshots known to be of its volume, newest first.

        Raises:
            NotFound: the namespace has no snapshot of that name.
        """
        entries = self.entries(ref.namespace)
        own = next((entry for entry in entries if entry.ref == ref), None)
        if own is None:
            self.snapshot(ref)  # for the API server's own words
            return []
        older = [
            entry
            for entry in siblings(entries, ref)
            if entry.created and (own.created is None or entry.created < own.created)
        ]
        return older[::-1]

    def newer_siblings(self, ref: SnapshotRef) -> list[SnapshotEntry]:
        """Possible targets for a base: usable newer snapshots known to be of its volume, oldest first.

        Empty for a snapshot that does not exist, or has no creation time yet.
        """
        of_volume = siblings(self.entries(ref.namespace), ref)
        created = next((entry.created for entry in of_volume if entry.ref == ref), None)
        return [entry for entry in of_volume if created and entry.created and entry.created > created]

    def _driver_obstacles(self, drivers: set[str]) -> dict[str, str]:
        """Why CBT is unavailable, by driver; empty if available. One request per driver if listing is forbidden."""
        try:
            served = {service.name: service for service in self.services()}
            return {driver: _service_obstacle(served.get(driver)) for driver in drivers}
        except ResourceTypeMissing:
            return dict.fromkeys(drivers, _NO_SERVICE)
        except Forbidden:
            return {driver: self._driver_obstacle(driver) for driver in drivers}

    def _driver_obstacle(self, driver: str) -> str:
        try:
            return _service_obstacle(self._service(driver))
        except NotFound:
            return _NO_SERVICE
        except Forbidden:
            return "services not readable: forbidden"

    @cached_property
    def _cbt(self) -> tuple[str, str, str]:
        """The path of the best served version of ``cbt.storage.k8s.io``."""
        return self._find_cbt()

    def _served_cbt(self) -> tuple[str, str, str]:
        group = self._api.get("apis", CBT_GROUP)
        served = [version.text("version") for version in ObjectReader(group).objects("versions")]
        version = next((version for version in _CBT_VERSIONS if version in served), None)
        if version is None:
            raise ResourceTypeMissing(
                f"the server serves {CBT_GROUP} in {', '.join(served)} only",
                hint=f"this release reads {' and '.join(_CBT_VERSIONS)}; a newer kubectl-cbt may read more",
            )
        return ("apis", CBT_GROUP, version)

    def _contents(self, snapshots: list[VolumeSnapshot]) -> _Contents:
        """Their contents; one request each for a caller that may get but not list them."""
        try:
            if len(snapshots) > 1:
                path = (*_SNAPSHOTS, "volumesnapshotcontents")
                contents = read_list(self._api, path, VolumeSnapshotContent.of).items
                bound = {snapshot.content for snapshot in snapshots}
                return _Contents({content.name: content for content in contents if content.name in bound})
        except Forbidden:
            pass
        found, unreadable = {}, set()
        for name in {snapshot.content for snapshot in snapshots if snapshot.content}:
            try:
                item = self._api.get(*_SNAPSHOTS, "volumesnapshotcontents", name)
                found[name] = VolumeSnapshotContent.of(item)
            except Forbidden:
                unreadable.add(name)
            except NotFound:
                continue
        return _Contents(found, frozenset(unreadable))


def _service_obstacle(service: SnapshotMetadataService | None) -> str:
    if service is None:
        return _NO_SERVICE
    return f"service {service.name}: {service.problem}" if service.problem else ""


class _Pace:
    """Delays between watches that a server ends immediately.

    Each delay is twice the previous one, unless a watch lasted.
    """

    def __init__(self) -> None:
        self._pause = _PAUSE_SECONDS
        self._last = time.monotonic()

    def wait(self) -> None:
        """Wait before the next request."""
        if time.monotonic() - self._last > _LASTED_SECONDS:
            self._pause = _PAUSE_SECONDS
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        self._last = time.monotonic()


def _snapshots_path(namespace: str | None) -> tuple[str, ...]:
    scope = ("namespaces", namespace) if namespace else ()
    return (*_SNAPSHOTS, *scope, "volumesnapshots")


def _as_sent(item: Object) -> Object:
    return item


def _unambiguous(snapshots: list[VolumeSnapshot]) -> list[VolumeSnapshot]:
    """Several with the same name are ambiguous, so each gets a problem."""
    times = Counter(snapshot.ref for snapshot in snapshots)
    return [
        replace(snapshot, problem=snapshot.problem or _TWICE) if times[snapshot.ref] > 1 else snapshot
        for snapshot in snapshots
    ]


def _entry(snapshot: VolumeSnapshot, contents: _Contents, drivers: dict[str, str]) -> SnapshotEntry:
    content = contents.found.get(snapshot.content or "")
    problem = snapshot.problem
    if content is not None and content.problem and not problem:
        problem = f"content {content.name}: {content.problem}"
    return SnapshotEntry(
        ref=snapshot.ref,
        claim=snapshot.claim,
        content=snapshot.content or "",
        driver=content.driver if content else "",
        handle=(content and content.handle) or "",
        volume_handle=content.volume_handle if content else None,
        restore_size_bytes=(content and content.restore_size_bytes) or snapshot.restore_size_bytes,
        ready=snapshot.ready,
        created=snapshot.created,
        object_created=snapshot.object_created,
        obstacle=problem or _obstacle(snapshot, contents, drivers),
        problem=problem,
        change_id=snapshot.change_id,
    )


def _obstacle(snapshot: VolumeSnapshot, contents: _Contents, drivers: dict[str, str]) -> str:
    if not snapshot.has_status:
        return "no status yet"
    if not snapshot.content:
        return "not bound"
    content = contents.found.get(snapshot.content)
    # Before "not ready": the snapshot controller marks a snapshot without content as not ready, and it stays so.
    if content is None and snapshot.content not in contents.unreadable:
        return f"content {snapshot.content} was deleted"
    if not snapshot.ready:
        return "not ready"
    if content is None:
        return f"content {snapshot.content} not readable: forbidden"
    if not content.handle:
        return "no handle"
    return drivers[content.driver]
