"""``verify --print-job``: the objects that run the verification in the cluster, ready to apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.backend import command_session, snapshot_ref, with_environment
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.given_flags import given_flags
from kubectl_cbt.cli.job_flags import check_job_flags, job_account, job_image, refuse_in_pods, service_arguments
from kubectl_cbt.cli.manifests_yaml import manifests_yaml
from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.core.options import QueryOptions, ServiceOptions
from kubectl_cbt.errors import SnapshotUnusable, UsageError
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.output.verification.verification_formats import VerificationFormat
from kubectl_cbt.units import as_argument

if TYPE_CHECKING:
    from kubectl_cbt.cli.device_flags import DeviceFlags
    from kubectl_cbt.cluster.verify_job import SnapshotToRestore, VerifyJob
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.model.resolved_query import Snapshot

_DEFAULT_ACCOUNT = "kubectl-cbt"
_PASSED = ("quick", "starting_offset", "max_results", "retries", "no_probe")
"""Fields of flags that the pod has too."""


class AccessMode(StrEnum):
    """The access modes with which a volume can be restored to be read."""

    READ_WRITE_ONCE = "ReadWriteOnce"
    READ_ONLY_MANY = "ReadOnlyMany"
    READ_WRITE_ONCE_POD = "ReadWriteOncePod"


@dataclass(frozen=True, slots=True)
class VerifyJobFlags:
    """Whether and how to print a Job."""

    print_job: Annotated[
        bool,
        typer.Option(
            "--print-job", help="Print a Job that runs this verification in the cluster, for kubectl apply -f -."
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
    storage_class: Annotated[
        str,
        typer.Option(
            "--storage-class",
            metavar="NAME",
            help="With --print-job: StorageClass of the restored volumes (default: the cluster's default).",
        ),
    ] = ""
    access_mode: Annotated[
        AccessMode,
        typer.Option(
            "--access-mode",
            help="With --print-job: access mode of the restored volumes; some drivers restore ReadOnlyMany faster.",
        ),
    ] = AccessMode.READ_WRITE_ONCE

    def check(self) -> None:
        """Refuse flags that need another one.

        Raises:
            UsageError: there is no image, or a flag needs ``--print-job``.
        """
        check_job_flags(self)


@dataclass(frozen=True, slots=True)
class PodVerification:
    """How the pod verifies.

    Attributes:
        arguments: further flags of its command.
        output: its format.
    """

    arguments: tuple[str, ...] = ()
    output: VerificationFormat = VerificationFormat.JSON


def pod_verification(devices: DeviceFlags, query: QueryOptions, output: VerificationFormat | None) -> PodVerification:
    """The flags of this command as those of the pod's.

    Raises:
        UsageError: one was given that has no meaning in the pod.
    """
    refuse_in_pods(devices, query, used=_PASSED)
    arguments = tuple(flag.argument for flag in given_flags(devices, query))
    return PodVerification(arguments, output or VerificationFormat.JSON)


def print_verify_job(
    flags: VerifyJobFlags,
    target: str,
    base: str | None,
    cluster: ClusterFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    pod: PodVerification = PodVerification(),  # immutable
) -> None:
    """Resolve the snapshots and print the objects; nothing in the cluster is changed.

    Args:
        base: None to verify the allocated extents of the target.
        pod: what its command has besides the snapshots and the flags of ``service``.

    Raises:
        CbtError: the snapshots cannot be queried, or their size is not known.
    """
    from kubectl_cbt.cluster.verify_job import VerifyJob, objects

    flags.check()
    service = with_environment(service, cluster)
    if service.csi_endpoint:
        raise UsageError("--print-job needs a cluster: remove --csi-endpoint")
    arguments = (*service_arguments(service, cluster), *pod.arguments)
    with command_session(cluster, terminal.verbosity) as session:
        restored = _restored(target, base, session, service)
        job = VerifyJob(
            session.namespace,
            *restored,
            job_image(flags),
            flags.storage_class,
            flags.access_mode.value,
            job_account(service, _DEFAULT_ACCOUNT, session.namespace),
            arguments,
            pod.output.value,
        )
    write_stdout(manifests_yaml(objects(job)) + _next_steps(job), is_document=True)
    if not flags.storage_class:
        Diagnostics(quiet=terminal.quiet).note(
            "note: without --storage-class, the cluster's default StorageClass must be one of the snapshots' driver"
        )


def _restored(
    target: str, base: str | None, session: Session, service: ServiceOptions
) -> tuple[SnapshotToRestore | None, SnapshotToRestore]:
    """Base and target."""
    from kubectl_cbt.cluster.resolve import resolve

    names = SnapshotNames(
        snapshot_ref(target, session.namespace),
        snapshot_ref(base, session.namespace) if base is not None else None,
        verb="verify",
    )
    resolved = resolve(session.catalogue, names, service.service)
    return _to_restore(resolved.base) if resolved.base else None, _to_restore(resolved.target)


def _to_restore(snapshot: Snapshot) -> SnapshotToRestore:
    from kubectl_cbt.cluster.verify_job import SnapshotToRestore

    if not snapshot.restore_size_bytes:
        raise SnapshotUnusable(
            f"volumesnapshot {snapshot.ref} has no restoreSize, so the size of a restored volume is not known",
            hint=f"kubectl describe volumesnapshotcontent {as_argument(snapshot.content)}",
        )
    return SnapshotToRestore(snapshot.ref.name, snapshot.restore_size_bytes)


def _next_steps(job: VerifyJob) -> str:
    from kubectl_cbt.cluster.verify_job import JOB_LABEL

    label = f"{JOB_LABEL}={job.name}"
    lines = (
        "When this is applied, wait for the result and print it:",
        (
            f"  kubectl wait -n {as_argument(job.namespace)} job/{as_argument(job.name)}"
            " --for=jsonpath='{.status.conditions[0].status}'=True --timeout=24h"
        ),
        f"  kubectl logs -n {as_argument(job.namespace)} job/{as_argument(job.name)}",
        "Then delete the Job and the restored volumes:",
        f"  kubectl delete -n {as_argument(job.namespace)} job,pvc -l {as_argument(label)}",
    )
    return "".join(f"# {line}\n" for line in lines)
