"""The resource types the demo API server serves: discovery, and the columns kubectl prints for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubectl_cbt.units import age

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a server-side Table.

    Attributes:
        priority: 0 is always shown, higher ones with ``-o wide``.
    """

    name: str
    cell: Callable[[Object], Any]
    type: str = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource of one group version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = False
    short_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    verbs: tuple[str, ...] = ("get", "list")
    subresources: tuple[tuple[str, str, str, str], ...] = ()
    """Name, group, version and kind of each; POST only."""

    @property
    def group_version(self) -> str:
        """``v1`` for the core group, ``group/version`` for others."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name error messages use: ``volumesnapshots.snapshot.storage.k8s.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _field(path: str) -> Callable[[Object], Any]:
    def value(item: Object) -> Any:
        found: Any = item
        for part in path.split("."):
            found = (found or {}).get(part)
        return found

    return value


def _age(path: str) -> Callable[[Object], str | None]:
    field = _field(path)

    def value(item: Object) -> str | None:
        text = field(item)
        return age(datetime.fromisoformat(text), datetime.now(UTC)) if text else None

    return value


_NAME = Column("Name", _field("metadata.name"))
_AGE = Column("Age", _age("metadata.creationTimestamp"), "date")


def _review(group: str, plural: str, kind: str) -> ResourceType:
    return ResourceType(group, "v1", plural, kind, verbs=("create",))


RESOURCE_TYPES = (
    ResourceType(
        "", "v1", "namespaces", "Namespace", short_names=("ns",),
        columns=(_NAME, Column("Status", _field("status.phase")), _AGE),
    ),
    ResourceType(
        "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced=True, short_names=("pvc",),
        columns=(
            _NAME,
            Column("Status", _field("status.phase")),
            Column("Volume", _field("spec.volumeName")),
            Column("Capacity", _field("status.capacity.storage")),
            Column("Access Modes", lambda item: "RWO"),
            Column("StorageClass", _field("spec.storageClassName")),
            _AGE,
            Column("VolumeMode", _field("spec.volumeMode"), priority=1),
        ),
    ),
    ResourceType(
        "", "v1", "serviceaccounts", "ServiceAccount", namespaced=True, short_names=("sa",),
        columns=(_NAME, Column("Secrets", lambda item: 0, "integer"), _AGE),
        subresources=(("token", "authentication.k8s.io", "v1", "TokenRequest"),),
    ),
    ResourceType(
        "", "v1", "events", "Event", namespaced=True, short_names=("ev",),
        columns=(Column("Last Seen", lambda item: None), Column("Reason", _field("reason"))),
    ),
    _review("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    _review("authentication.k8s.io", "tokenreviews", "TokenReview"),
    _review("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    _review("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
    ResourceType(
        "cbt.storage.k8s.io", "v1beta1", "snapshotmetadataservices", "SnapshotMetadataService", short_names=("sms",),
        columns=(_NAME, _AGE),
    ),
    ResourceType(
        "snapshot.storage.k8s.io", "v1", "volumesnapshotclasses", "VolumeSnapshotClass",
        short_names=("vsclass", "vsclasses"),
        columns=(
            _NAME,
            Column("Driver", _field("driver")),
            Column("DeletionPolicy", _field("deletionPolicy")),
            _AGE,
        ),
    ),
    ResourceType(
        "snapshot.storage.k8s.io", "v1", "volumesnapshotcontents", "VolumeSnapshotContent",
        short_names=("vsc", "vscs"),
        columns=(
            _NAME,
            Column("ReadyToUse", _field("status.readyToUse"), "boolean"),
            Column("RestoreSize", _field("status.restoreSize"), "integer"),
            Column("DeletionPolicy", _field("spec.deletionPolicy")),
            Column("Driver", _field("spec.driver")),
            Column("VolumeSnapshotClass", _field("spec.volumeSnapshotClassName")),
            Column("VolumeSnapshot", _field("spec.volumeSnapshotRef.name")),
            Column("VolumeSnapshotNamespace", _field("spec.volumeSnapshotRef.namespace")),
            _AGE,
        ),
    ),
    ResourceType(
        "snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot", namespaced=True, short_names=("vs",),
        columns=(
            _NAME,
            Column("ReadyToUse", _field("status.readyToUse"), "boolean"),
            Column("SourcePVC", _field("spec.source.persistentVolumeClaimName")),
            Column("SourceSnapshotContent", _field("spec.source.volumeSnapshotContentName")),
            Column("RestoreSize", _field("status.restoreSize")),
            Column("SnapshotClass", _field("spec.volumeSnapshotClassName")),
            Column("SnapshotContent", _field("status.boundVolumeSnapshotContentName")),
            Column("CreationTime", _age("status.creationTime"), "date"),
            _AGE,
        ),
    ),
)  # fmt: skip


def table(resource: ResourceType, items: list[Object], resource_version: str) -> Object:
    """A server-side Table (meta.k8s.io/v1), which is what ``kubectl get`` asks for."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": resource_version},
        "columnDefinitions": [
            {
                "name": column.name,
                "type": column.type,
                "format": "name" if column.name == "Name" else "",
                "description": "",
                "priority": column.priority,
            }
            for column in resource.columns
        ],
        "rows": [
            {
                "cells": [column.cell(item) for column in resource.columns],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": item["metadata"],
                },
            }
            for item in items
        ],
    }


def discovery(served: tuple[ResourceType, ...], path: str, *, aggregated: bool) -> Object | None:
    """The discovery document at ``path``; None when it is none, or of a group that is not served.

    Args:
        aggregated: whether the client understands the one-document form (v2) of ``/api`` and ``/apis``.
    """
    parts = path.strip("/").split("/")
    groups = sorted({resource.group for resource in served if resource.group})
    if aggregated and path in ("/api", "/apis"):
        names = [""] if path == "/api" else groups
        items = [_aggregated_group(served, name) for name in names]
        return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(served, name) for name in groups]}
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in groups:
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(served, parts[1])}
    group_version = "/".join(parts[1:])
    resources = [resource for resource in served if resource.group_version == group_version]
    if resources and parts[0] == ("apis" if resources[0].group else "api"):
        return _resource_list(group_version, resources)
    return None


def _versions(served: tuple[ResourceType, ...], group: str) -> list[str]:
    return list(dict.fromkeys(resource.version for resource in served if resource.group == group))


def _group(served: tuple[ResourceType, ...], group: str) -> Object:
    versions = [{"groupVersion": f"{group}/{version}", "version": version} for version in _versions(served, group)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resource_list(group_version: str, resources: list[ResourceType]) -> Object:
    entries = []
    for resource in resources:
        entries.append(
            {
                "name": resource.plural,
                "singularName": resource.kind.lower(),
                "namespaced": resource.namespaced,
                "kind": resource.kind,
                "verbs": list(resource.verbs),
                "shortNames": list(resource.short_names),
            }
        )
        for name, group, version, kind in resource.subresources:
            entries.append(
                {
                    "name": f"{resource.plural}/{name}",
                    "singularName": "",
                    "namespaced": resource.namespaced,
                    "group": group,
                    "version": version,
                    "kind": kind,
                    "verbs": ["create"],
                }
            )
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}


def _aggregated_group(served: tuple[ResourceType, ...], group: str) -> Object:
    return {
        "metadata": {"name": group} if group else {},
        "versions": [
            {
                "version": version,
                "freshness": "Current",
                "resources": [
                    _aggregated_resource(resource)
                    for resource in served
                    if resource.group == group and resource.version == version
                ],
            }
            for version in _versions(served, group)
        ],
    }


def _aggregated_resource(resource: ResourceType) -> Object:
    return {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.kind.lower(),
        "verbs": list(resource.verbs),
        "shortNames": list(resource.short_names),
        "subresources": [
            {
                "subresource": name,
                "responseKind": {"group": group, "version": version, "kind": kind},
                "verbs": ["create"],
            }
            for name, group, version, kind in resource.subresources
        ],
    }
