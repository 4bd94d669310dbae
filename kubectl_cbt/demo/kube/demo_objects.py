"""The demo cluster's Kubernetes objects, as an API server would return them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubectl_cbt.demo.kube.identity import SERVICE_ACCOUNTS, account_uid, uid
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.object_store import Store
from kubectl_cbt.demo.scenarios import (
    BLOCKS_DRIVER,
    LEGACY_DRIVER,
    MONDAY,
    PAGES_DRIVER,
    DemoSnapshot,
    DemoVolume,
)
from kubectl_cbt.units import utc_time

_EMPTY = (
    "events",
    "pods",
    "services",
    "endpointslices",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "jobs",
    "cronjobs",
)


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """A sidecar's fields in its SnapshotMetadataService."""

    driver: str
    address: str
    audience: str
    ca_pem: bytes


class ObjectStore(Store):
    """The demo cluster's objects.

    Mutable: tests remove or damage objects, or add kinds that a demo cluster does not have.
    """

    def __init__(self, volumes: Iterable[DemoVolume], services: Iterable[ServiceEntry]) -> None:
        volumes = tuple(volumes)
        namespaces = {account.namespace for account in SERVICE_ACCOUNTS} | {volume.namespace for volume in volumes}
        items: dict[str, list[Object]] = {resource: [] for resource in _EMPTY}
        items |= {
            "namespaces": [_namespace(name) for name in sorted(namespaces)],
            "persistentvolumeclaims": [_claim(volume) for volume in volumes],
            "serviceaccounts": [
                _object("v1", "ServiceAccount", account.name, account.namespace, object_uid=account_uid(account))
                for account in SERVICE_ACCOUNTS
            ],
            "volumesnapshots": list(_of_snapshots(volumes, _snapshot)),
            "volumesnapshotcontents": list(_of_snapshots(volumes, _content)),
            "volumesnapshotclasses": [_class(driver) for driver in (PAGES_DRIVER, BLOCKS_DRIVER, LEGACY_DRIVER)],
            "snapshotmetadataservices": [_service(entry) for entry in services],
        }
        super().__init__(items)


def _of_snapshots(volumes: Iterable[DemoVolume], make: Any) -> Iterator[Object]:
    for volume in volumes:
        for snapshot in volume.snapshots:
            made = make(volume, snapshot)
            if made:
                yield made


def _object(
    api_version: str,
    kind: str,
    name: str,
    namespace: str | None = None,
    *,
    created: datetime = MONDAY,
    object_uid: str = "",
    labels: dict[str, str] | None = None,
    **fields: Any,
) -> Object:
    identity = object_uid or uid(kind, namespace or "", name)
    metadata = {
        "name": name,
        **({"namespace": namespace} if namespace else {}),
        "uid": identity,
        "resourceVersion": str(1 + int(identity[:4], 16)),
        "creationTimestamp": utc_time(created),
        **({"labels": labels} if labels else {}),
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def _namespace(name: str) -> Object:
    status = {"phase": "Active"}
    return _object("v1", "Namespace", name, spec={"finalizers": ["kubernetes"]}, status=status)


def _claim(volume: DemoVolume) -> Object:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": _quantity(volume.volume.capacity_bytes)}},
        "storageClassName": volume.driver.partition(".")[0],
        "volumeMode": "Block",
        "volumeName": f"pvc-{uid('PersistentVolumeClaim', volume.namespace, volume.claim)}",
    }
    status = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": _quantity(volume.volume.capacity_bytes)},
        "phase": "Bound",
    }
    return _object(
        "v1",
        "PersistentVolumeClaim",
        volume.claim,
        volume.namespace,
        labels={"app": volume.claim},
        spec=spec,
        status=status,
    )


def _content_name(volume: DemoVolume, snapshot: DemoSnapshot) -> str:
    return f"snapcontent-{uid('VolumeSnapshot', volume.namespace, snapshot.name)}"


def _class_name(driver: str) -> str:
    return f"{driver.partition('.')[0]}-snapclass"


def _snapshot(volume: DemoVolume, snapshot: DemoSnapshot) -> Object:
    item = _object(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshot",
        snapshot.name,
        volume.namespace,
        created=snapshot.created,
        labels={"app": volume.claim},
        spec={
            "source": {"persistentVolumeClaimName": volume.claim},
            "volumeSnapshotClassName": _class_name(volume.driver),
        },
    )
    if snapshot.has_status:
        item["status"] = {
            "boundVolumeSnapshotContentName": _content_name(volume, snapshot),
            "creationTime": utc_time(snapshot.created),
            "readyToUse": snapshot.ready,
            "restoreSize": _quantity(volume.volume.capacity_bytes),
        }
    return item


def _content(volume: DemoVolume, snapshot: DemoSnapshot) -> Object | None:
    if not snapshot.has_status:
        return None
    return _object(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshotContent",
        _content_name(volume, snapshot),
        created=snapshot.created,
        spec={
            "deletionPolicy": "Delete",
            "driver": volume.driver,
            "source": {"volumeHandle": volume.volume_handle},
            "sourceVolumeMode": "Block",
            "volumeSnapshotClassName": _class_name(volume.driver),
            "volumeSnapshotRef": {
                "name": snapshot.name,
                "namespace": volume.namespace,
                "uid": uid("VolumeSnapshot", volume.namespace, snapshot.name),
            },
        },
        status={
            "creationTime": int(snapshot.created.timestamp()) * 10**9,
            "readyToUse": snapshot.ready,
            "restoreSize": volume.volume.capacity_bytes,
            "snapshotHandle": volume.snapshot_handle(snapshot),
        },
    )


def _class(driver: str) -> Object:
    return _object(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshotClass",
        _class_name(driver),
        driver=driver,
        deletionPolicy="Delete",
    )


def _service(entry: ServiceEntry) -> Object:
    spec = {
        "address": entry.address,
        "audience": entry.audience,
        "caCert": base64.b64encode(entry.ca_pem).decode(),
    }
    return _object("cbt.storage.k8s.io/v1beta1", "SnapshotMetadataService", entry.driver, spec=spec)


def _quantity(size_bytes: int) -> str:
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        scale = 1024 ** ("KMGT".index(unit[0]) + 1)
        if size_bytes % scale == 0:
            return f"{size_bytes // scale}{unit}"
    return str(size_bytes)
