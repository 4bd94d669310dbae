"""The objects that run ``report`` in a cluster: an Indexed Job whose pods measure a shard each, or a CronJob of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_cbt.cluster.manifest import Manifest, new_object
from kubectl_cbt.cluster.rbac_rules import Grant
from kubectl_cbt.cluster.rbac_rules import objects as rbac_objects
from kubectl_cbt.kube.api import Object
from kubectl_cbt.model.refs import ServiceAccountRef

_PROGRAM = "kubectl-cbt"
REPORT_LABEL = f"{_PROGRAM}/report"
"""On the Job or CronJob, its Jobs and their pods: its value is the name of the first."""
JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
"""Kubernetes sets it on the pods of a Job."""

_USER = 65532
"""Neither root nor a user of the node; the image has the same one."""
_CONTAINER = "report"
_PARTS = "/parts"
_USAGE_ERROR = 2
"""The exit code of a command line that will not be valid the next time either."""


@dataclass(frozen=True, slots=True)
class ReportJob:
    """A report in a cluster.

    Attributes:
        namespace: of the Job, and unless ``all_namespaces`` of the snapshots.
        image: with kubectl-cbt on its PATH.
        shards: number of pods that have to complete.
        parallelism: number of pods at a time.
        arguments: further flags of ``report``.
        schedule: of a CronJob; empty for a Job.
        claim: name of a PersistentVolumeClaim that keeps the parts; empty for none.
        account: name of the ServiceAccount of the pods.
    """

    namespace: str
    all_namespaces: bool
    image: str
    shards: int
    parallelism: int
    arguments: tuple[str, ...] = ()
    schedule: str = ""
    claim: str = ""
    account: str = "kubectl-cbt-report"

    @property
    def name(self) -> str:
        """The name of the Job or CronJob: another one for other settings, because the pods of a Job cannot change."""
        digest = hashlib.blake2b(repr(self).encode(), digest_size=4).hexdigest()
        return f"cbt-report-{digest}"


def objects(job: ReportJob) -> Iterator[Manifest]:
    """The objects to apply, in order."""
    namespace = None if job.all_namespaces else job.namespace
    yield from rbac_objects(Grant(ServiceAccountRef(job.namespace, job.account), namespace, reports=True))
    if not job.schedule:
        yield Manifest(
            "Each pod measures the volumes of its shard, and writes its part of the report to its log.",
            new_object("batch/v1", "Job", job.name, job.namespace, _labels(job), spec=_job_spec(job)),
        )
        return
    spec = {
        "schedule": job.schedule,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 2,
        "failedJobsHistoryLimit": 2,
        "jobTemplate": {"metadata": {"labels": _labels(job)}, "spec": _job_spec(job)},
    }
    yield Manifest(
        "Each pod of its Jobs measures the volumes of its shard, and writes its part of the report to its log.",
        new_object("batch/v1", "CronJob", job.name, job.namespace, _labels(job), spec=spec),
    )


def _labels(job: ReportJob) -> dict[str, str]:
    # A new one for each object: YAML would refer to one that is used twice.
    return {"app.kubernetes.io/name": _PROGRAM, REPORT_LABEL: job.name}


def _job_spec(job: ReportJob) -> Object:
    return {
        "completionMode": "Indexed",
        "completions": job.shards,
        "parallelism": job.parallelism,
        # A volume that fails is in the report and does not fail the pod: this is for pods that cannot list or write.
        "backoffLimitPerIndex": 2,
        "podFailurePolicy": {
            "rules": [
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                {
                    "action": "FailIndex",
                    "onExitCodes": {"containerName": _CONTAINER, "operator": "In", "values": [_USAGE_ERROR]},
                },
            ]
        },
        "template": {"metadata": {"labels": _labels(job)}, "spec": _pod(job)},
    }


def _pod(job: ReportJob) -> Object:
    context: Object = {
        "runAsNonRoot": True,
        "runAsUser": _USER,
        "runAsGroup": _USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    volumes: list[Object] = [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}]
    if job.claim:
        context |= {"fsGroup": _USER, "fsGroupChangePolicy": "OnRootMismatch"}
        volumes.append({"name": "parts", "persistentVolumeClaim": {"claimName": job.claim}})
    return {
        "restartPolicy": "Never",
        "serviceAccountName": job.account,
        "securityContext": context,
        "containers": [_container(job)],
        "volumes": volumes,
    }


def _container(job: ReportJob) -> Object:
    mounts: list[Object] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108  # an emptyDir of the pod
    if job.claim:
        mounts.append({"name": "parts", "mountPath": _PARTS, "subPathExpr": "$(JOB_NAME)"})
    return {
        "name": _CONTAINER,
        "image": job.image,
        "command": [_PROGRAM],
        "args": _arguments(job),
        "env": [
            {"name": "HOME", "value": "/tmp"},  # noqa: S108  # the same emptyDir
            _from_label("KUBECTL_CBT_RUN", "batch.kubernetes.io/controller-uid"),
            _from_label("JOB_NAME", JOB_NAME_LABEL),
        ],
        "resources": {
            "requests": {"cpu": "500m", "memory": "256Mi"},
            "limits": {"cpu": "2", "memory": "1Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }


def _from_label(variable: str, label: str) -> Object:
    return {"name": variable, "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{label}']"}}}


def _arguments(job: ReportJob) -> list[str]:
    scope = "--all-namespaces" if job.all_namespaces else f"--namespace={job.namespace}"
    folder = [f"--part-folder={_PARTS}"] if job.claim else []
    return ["report", scope, *job.arguments, f"--shards={job.shards}", *folder, "--output=ndjson"]
