"""The objects that run ``verify`` in a cluster: two volumes restored from the snapshots, and a Job that reads them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_cbt.cluster.manifest import Manifest, new_object
from kubectl_cbt.cluster.rbac_rules import Grant
from kubectl_cbt.cluster.rbac_rules import objects as rbac_objects
from kubectl_cbt.cluster.resources import SNAPSHOT_GROUP
from kubectl_cbt.kube.api import Object
from kubectl_cbt.model.refs import ServiceAccountRef

_PROGRAM = "kubectl-cbt"
JOB_LABEL = f"{_PROGRAM}/job"
"""On the Job, its pod and the volumes: its value is the name of the Job."""

_USER = 65532
"""Neither root nor a user of the node; the image has the same one."""
_DISK_GROUP = 6
"""The group ``disk`` of Debian, Ubuntu, Fedora, RHEL and their relatives, to which a node's block devices belong."""
_LONGEST_NAME = 36
"""Of the target in the names: with all that is added, a name has at most the 63 characters of a label."""


@dataclass(frozen=True, slots=True)
class SnapshotToRestore:
    """A VolumeSnapshot of the Job's namespace, and the size of a volume restored from it."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class VerifyJob:
    """A verification in a cluster.

    Attributes:
        namespace: of the snapshots; a claim can be restored only from a snapshot of its own namespace.
        base: None to verify the allocated extents of the target.
        image: with kubectl-cbt on its PATH.
        storage_class: of the driver; empty for the cluster's default.
        access_mode: of the restored volumes, as Kubernetes spells it.
        account: name of the ServiceAccount of the pod.
        arguments: further flags of ``verify``.
        output: the format of the log.
    """

    namespace: str
    base: SnapshotToRestore | None
    target: SnapshotToRestore
    image: str
    storage_class: str = ""
    access_mode: str = "ReadWriteOnce"
    account: str = "kubectl-cbt"
    arguments: tuple[str, ...] = ()
    output: str = "json"

    @property
    def name(self) -> str:
        """The name of the Job, the same for the same snapshots; it is a valid label."""
        snapshots = f"{self.base.name if self.base else ''}\0{self.target.name}"
        digest = hashlib.blake2b(snapshots.encode(), digest_size=4).hexdigest()
        readable = re.sub("[^a-z0-9]+", "-", self.target.name)[:_LONGEST_NAME].strip("-")
        return f"cbt-verify-{readable}-{digest}"

    @property
    def devices(self) -> dict[str, SnapshotToRestore]:
        """The snapshots by the name of their device."""
        return ({"base": self.base} if self.base else {}) | {"target": self.target}

    def claim_name(self, device: str) -> str:
        """The name of the PersistentVolumeClaim of a device."""
        return f"{self.name}-{device}"


def objects(job: VerifyJob) -> Iterator[Manifest]:
    """The objects to apply, in order. The label :data:`JOB_LABEL` is on those that can be deleted afterwards."""
    yield from rbac_objects(Grant(ServiceAccountRef(job.namespace, job.account), job.namespace))
    for number, device in enumerate(job.devices):
        reason = "Volumes with the data of the snapshots, as block devices. The Job only reads them."
        yield Manifest("" if number else reason, _claim(job, device))
    yield Manifest("Compares what the driver reports with the data. It runs once.", _job(job))


def _labels(job: VerifyJob) -> dict[str, str]:
    # A new one for each object: YAML would refer to one that is used twice.
    return {"app.kubernetes.io/name": _PROGRAM, JOB_LABEL: job.name}


def _claim(job: VerifyJob, device: str) -> Object:
    snapshot = job.devices[device]
    spec: Object = {
        "accessModes": [job.access_mode],
        "volumeMode": "Block",
        "dataSource": {"apiGroup": SNAPSHOT_GROUP, "kind": "VolumeSnapshot", "name": snapshot.name},
        "resources": {"requests": {"storage": str(snapshot.size_bytes)}},
    }
    if job.storage_class:
        spec["storageClassName"] = job.storage_class
    return new_object("v1", "PersistentVolumeClaim", job.claim_name(device), job.namespace, _labels(job), spec=spec)


def _job(job: VerifyJob) -> Object:
    spec = {
        # A driver that loses blocks loses them again: a second run reads both volumes for nothing.
        "backoffLimit": 0,
        "template": {"metadata": {"labels": _labels(job)}, "spec": _pod(job)},
    }
    return new_object("batch/v1", "Job", job.name, job.namespace, _labels(job), spec=spec)


def _pod(job: VerifyJob) -> Object:
    claims = [
        {"name": device, "persistentVolumeClaim": {"claimName": job.claim_name(device), "readOnly": True}}
        for device in job.devices
    ]
    return {
        "restartPolicy": "Never",
        "serviceAccountName": job.account,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            # fsGroup does not apply to block devices.
            "supplementalGroups": [_DISK_GROUP],
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job)],
        "volumes": [*claims, {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }


def _container(job: VerifyJob) -> Object:
    return {
        "name": "verify",
        "image": job.image,
        "command": [_PROGRAM],
        "args": _arguments(job),
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108  # an emptyDir of the pod
        "resources": {
            "requests": {"cpu": "500m", "memory": "256Mi"},
            "limits": {"cpu": "2", "memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeDevices": [{"name": device, "devicePath": _path(device)} for device in job.devices],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108  # the same emptyDir
    }


def _arguments(job: VerifyJob) -> list[str]:
    if job.base:
        arguments = ["verify", job.base.name, job.target.name]
        arguments += [f"--base-device={_path('base')}", f"--target-device={_path('target')}"]
    else:
        arguments = ["verify", job.target.name, f"--device={_path('target')}"]
    return [*arguments, f"--namespace={job.namespace}", *job.arguments, f"--output={job.output}"]


def _path(device: str) -> str:
    return f"/dev/{device}"
