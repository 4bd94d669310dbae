"""``report --print-job``: the objects that run the report in the cluster, ready to apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.given_flags import given_flags
from kubectl_cbt.cli.job_flags import check_job_flags, job_account, job_image, service_arguments
from kubectl_cbt.cli.manifests_yaml import manifests_yaml
from kubectl_cbt.cli.options import ClusterFlags
from kubectl_cbt.cli.report_flags import ReportFlags
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.units import as_argument

if TYPE_CHECKING:
    from kubectl_cbt.cluster.report_job import ReportJob

_DEFAULT_ACCOUNT = "kubectl-cbt-report"


@dataclass(frozen=True, slots=True)
class ReportJobFlags:
    """Whether and how to print a Job."""

    print_job: Annotated[
        bool,
        typer.Option(
            "--print-job", help="Print a Job that makes this report in the cluster, a pod for each of the --shards."
        ),
    ] = False
    image: Annotated[
        str | None,
        typer.Option(
            "--image",
            metavar="IMAGE",
            help="With --print-job: image that contains kubectl-cbt (default: the one of this release).",
        ),
    ] = None
    parallelism: Annotated[
        int, typer.Option("--parallelism", min=1, metavar="N", help="With --print-job: pods at a time.")
    ] = 4
    schedule: Annotated[
        str,
        typer.Option("--schedule", metavar="CRON", help='With --print-job: print a CronJob instead: "0 5 * * *".'),
    ] = ""
    claim: Annotated[
        str,
        typer.Option(
            "--claim", metavar="NAME", help="With --print-job: PersistentVolumeClaim that keeps the parts as files."
        ),
    ] = ""

    def check(self) -> None:
        """Refuse flags that need another one.

        Raises:
            UsageError: there is no image, or a flag needs ``--print-job``.
        """
        check_job_flags(self)


def print_report_job(
    flags: ReportJobFlags,
    shards: int | None,
    report: ReportFlags,
    namespace: str,
    service: ServiceOptions,
    cluster: ClusterFlags = ClusterFlags(),  # noqa: B008  # immutable
) -> None:
    """Print the objects; nothing in the cluster is read or changed.

    Args:
        namespace: of the Job, and without ``--all-namespaces`` of the snapshots.

    Raises:
        UsageError: a flag cannot be used in the Job.
    """
    from kubectl_cbt.cluster.report_job import ReportJob, objects

    if shards is None:
        raise UsageError("--print-job requires --shards: the number of pods", hint="one for about 2,000 volumes")
    if report.fail_on or report.diff or report.resume_from:
        raise UsageError(
            "--fail-on, --diff and --resume-from cannot be used in a Job: use --fail-on and --diff with --merge"
        )
    if service.csi_endpoint:
        raise UsageError("--print-job needs a cluster: remove --csi-endpoint")
    # The Job has a field for all namespaces.
    arguments = [flag.argument for flag in given_flags(report) if flag.field != "all_namespaces"]
    job = ReportJob(
        namespace,
        report.all_namespaces,
        job_image(flags),
        shards,
        min(flags.parallelism, shards),
        (*arguments, *service_arguments(service, cluster)),
        flags.schedule,
        flags.claim,
        job_account(service, _DEFAULT_ACCOUNT, namespace),
    )
    write_stdout(manifests_yaml(objects(job)) + _next_steps(job), is_document=True)


def _next_steps(job: ReportJob) -> str:
    from kubectl_cbt.cluster.report_job import JOB_NAME_LABEL, REPORT_LABEL

    namespace, name = as_argument(job.namespace), as_argument(job.name)
    label = f"{REPORT_LABEL}={job.name}"
    if job.schedule:
        lines = [
            "When this is applied, each run is a Job. The name of the last one:",
            (
                f"  job=$(kubectl get jobs -n {as_argument(job.namespace)} -l {as_argument(label)}"
                " --sort-by=.metadata.creationTimestamp"
                " -o jsonpath='{.items[-1:].metadata.name}')"
            ),
        ]
        name = '"$job"'
    else:
        lines = ["When this is applied, wait for the end:"]
        lines.append(
            f"  kubectl wait -n {as_argument(job.namespace)} job/{as_argument(job.name)}"
            " --for=jsonpath='{.status.conditions[0].status}'=True --timeout=24h"
        )
    lines += [
        "Make one report of the parts; shards that are missing are named:",
        (
            f"  kubectl logs -n {namespace} -l {JOB_NAME_LABEL}={name} --tail=-1 --prefix=false"
            " | kubectl cbt report --merge -"
        ),
    ]
    if job.claim:
        lines += [
            f"Claim {as_argument(job.claim)} has the same parts as files, in a folder for each Job. It must be",
            "ReadWriteMany if the pods run on several nodes.",
        ]
    kinds = "cronjob,job" if job.schedule else "job"
    lines += ["Then delete it:", f"  kubectl delete -n {namespace} {kinds} -l {as_argument(label)}"]
    return "".join(f"# {line}\n" for line in lines)
