"""Jobs and CronJobs, which ``kubectl apply`` can create in the demo cluster. Nothing runs them."""

from __future__ import annotations

from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.resource_type import AGE, ALL_VERBS, NAME, Column, ResourceType


def _status(job: Object) -> str:
    conditions = (job.get("status") or {}).get("conditions") or []
    finished = [it["type"] for it in conditions if it.get("status") == "True" and it["type"] in ("Complete", "Failed")]
    return finished[0] if finished else "Running"


def _completions(job: Object) -> str:
    wanted = (job.get("spec") or {}).get("completions", 1)
    return f"{(job.get('status') or {}).get('succeeded', 0)}/{wanted}"


def _schedule(cron_job: Object) -> str:
    return str((cron_job.get("spec") or {}).get("schedule", ""))


BATCH_TYPES = (
    ResourceType(
        "batch", "v1", "jobs", "Job", namespaced=True, verbs=ALL_VERBS, categories=("all",),
        columns=(NAME, Column("Status", _status), Column("Completions", _completions), AGE),
    ),
    ResourceType(
        "batch", "v1", "cronjobs", "CronJob", namespaced=True, verbs=ALL_VERBS, categories=("all",),
        columns=(NAME, Column("Schedule", _schedule), AGE),
    ),
)  # fmt: skip
