"""The resource types that the demo API server serves, with the columns that kubectl prints."""

from __future__ import annotations

import dataclasses

from kubectl_cbt.demo.kube.batch_types import BATCH_TYPES
from kubectl_cbt.demo.kube.network_types import ENDPOINT_TYPES, POD_TYPES
from kubectl_cbt.demo.kube.rbac_types import RBAC_TYPES
from kubectl_cbt.demo.kube.resource_type import AGE, ALL_VERBS, NAME, Column, ResourceType, Subresource, age_of, field


def _review(group: str, plural: str, kind: str) -> ResourceType:
    return ResourceType(group, "v1", plural, kind, verbs=("create",))


RESOURCE_TYPES = (
    ResourceType(
        "", "v1", "namespaces", "Namespace", short_names=("ns",),
        columns=(NAME, Column("Status", field("status.phase")), AGE),
    ),
    ResourceType(
        "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", namespaced=True, short_names=("pvc",),
        verbs=ALL_VERBS,
        columns=(
            NAME,
            Column("Status", field("status.phase")),
            Column("Volume", field("spec.volumeName")),
            Column("Capacity", field("status.capacity.storage")),
            Column("Access Modes", lambda item: "RWO"),
            Column("StorageClass", field("spec.storageClassName")),
            AGE,
            Column("VolumeMode", field("spec.volumeMode"), priority=1),
        ),
    ),
    ResourceType(
        "", "v1", "serviceaccounts", "ServiceAccount", namespaced=True, short_names=("sa",), verbs=ALL_VERBS,
        columns=(NAME, Column("Secrets", lambda item: 0, "integer"), AGE),
        subresources=(Subresource("token", "authentication.k8s.io", "v1", "TokenRequest"),),
    ),
    ResourceType(
        "", "v1", "events", "Event", namespaced=True, short_names=("ev",),
        columns=(Column("Last Seen", lambda item: None), Column("Reason", field("reason"))),
    ),
    *POD_TYPES,
    _review("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    _review("authentication.k8s.io", "tokenreviews", "TokenReview"),
    _review("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    _review("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
    ResourceType(
        "cbt.storage.k8s.io", "v1beta1", "snapshotmetadataservices", "SnapshotMetadataService", short_names=("sms",),
        columns=(NAME, AGE),
    ),
    ResourceType(
        "snapshot.storage.k8s.io", "v1", "volumesnapshotclasses", "VolumeSnapshotClass",
        short_names=("vsclass", "vsclasses"),
        columns=(
            NAME,
            Column("Driver", field("driver")),
            Column("DeletionPolicy", field("deletionPolicy")),
            AGE,
        ),
    ),
    ResourceType(
        "snapshot.storage.k8s.io", "v1", "volumesnapshotcontents", "VolumeSnapshotContent",
        short_names=("vsc", "vscs"),
        columns=(
            NAME,
            Column("ReadyToUse", field("status.readyToUse"), "boolean"),
            Column("RestoreSize", field("status.restoreSize"), "integer"),
            Column("DeletionPolicy", field("spec.deletionPolicy")),
            Column("Driver", field("spec.driver")),
            Column("VolumeSnapshotClass", field("spec.volumeSnapshotClassName")),
            Column("VolumeSnapshot", field("spec.volumeSnapshotRef.name")),
            Column("VolumeSnapshotNamespace", field("spec.volumeSnapshotRef.namespace")),
            AGE,
        ),
    ),
    ResourceType(
        "snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot", namespaced=True, short_names=("vs",),
        columns=(
            NAME,
            Column("ReadyToUse", field("status.readyToUse"), "boolean"),
            Column("SourcePVC", field("spec.source.persistentVolumeClaimName")),
            Column("SourceSnapshotContent", field("spec.source.volumeSnapshotContentName")),
            Column("RestoreSize", field("status.restoreSize")),
            Column("SnapshotClass", field("spec.volumeSnapshotClassName")),
            Column("SnapshotContent", field("status.boundVolumeSnapshotContentName")),
            Column("CreationTime", age_of("status.creationTime"), "date"),
            AGE,
        ),
    ),
)  # fmt: skip
"""The types whose discovery was recorded from a real cluster."""

_RULES_REVIEW = _review("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview")

ALL_TYPES = (*RESOURCE_TYPES, _RULES_REVIEW, *ENDPOINT_TYPES, *RBAC_TYPES, *BATCH_TYPES)
"""The types that a demo cluster serves."""


def served_with(cbt_version: str) -> tuple[ResourceType, ...]:
    """Return all types with SnapshotMetadataServices at another version, such as ``v1alpha1`` before sidecar v1.0."""
    return tuple(
        dataclasses.replace(resource, version=cbt_version) if resource.group == "cbt.storage.k8s.io" else resource
        for resource in ALL_TYPES
    )
