"""What the flags of every ``--print-job`` have in common."""

from __future__ import annotations

import re
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from kubectl_cbt.cli.given_flags import given_flags, refuse_flags
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.project import release_image

if TYPE_CHECKING:
    from kubectl_cbt.cli.options import ClusterFlags
    from kubectl_cbt.core.options import ServiceOptions

_HOST = r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:)|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_PART = "[a-z0-9]+(?:(?:[.]|__?|-+)[a-z0-9]+)*"
_TAG = r"\w[\w.-]{0,127}"
_DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_IMAGE = re.compile(f"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::{_TAG})?(?:@{_DIGEST})?", re.ASCII)
"""The name of an image, as registries and container runtimes define it."""

_OF_SERVICE = ("service", "token_duration", "max_message_size", "service_tls_server_name")
"""Flags for a service that have the same meaning in a pod."""
_PODS = "cannot be used with --print-job: it has no meaning in a pod"


class JobFlags(Protocol):
    """A group of flags for a printed Job; all but ``print_job`` need it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def print_job(self) -> bool:
        """Whether to print a Job."""
        ...

    @property
    def image(self) -> str | None:
        """An image that contains kubectl-cbt; None for that of this release."""
        ...


def check_job_flags(flags: JobFlags) -> None:
    """Refuse flags that need another one.

    Raises:
        UsageError: there is no image, or a flag needs ``--print-job``.
    """
    if flags.print_job:
        job_image(flags)
        return
    for field in fields(flags):
        if getattr(flags, field.name) != field.default:
            raise UsageError(f"--{field.name.replace('_', '-')} requires --print-job")


def job_image(flags: JobFlags) -> str:
    """Return the image of the Job: the one of ``--image``, otherwise that of this release.

    Raises:
        UsageError: the name is invalid, or no image is named and this version is not a release.
    """
    from kubectl_cbt.system.versions import client_version

    if flags.image is not None:
        if not _IMAGE.fullmatch(flags.image):
            raise UsageError(
                f"--image {flags.image!r} is not the name of an image",
                hint="for example registry.example/kubectl-cbt:1.0; only a host, a tag or a digest can have capitals",
            )
        return flags.image
    version = client_version()
    image = release_image(version)
    if image is None:
        raise UsageError(
            f"--print-job requires --image: no image is published of v{version}, a development version",
            hint="build one: make image (packaging/Containerfile)",
        )
    return image


def service_arguments(service: ServiceOptions, cluster: ClusterFlags) -> list[str]:
    """The flags for the service and for requests that the command of a pod gets too.

    Raises:
        UsageError: one was given that has no meaning in a pod.
    """
    refuse_flags(_PODS, service, used=("service_account", "csi_endpoint", *_OF_SERVICE))
    if cluster.fault:
        raise UsageError(f"--fault {_PODS}")
    flags = given_flags(cluster, service)
    return [flag.argument for flag in flags if flag.field in ("request_timeout", *_OF_SERVICE)]


def refuse_in_pods(*groups: Any, used: tuple[str, ...] = ()) -> None:
    """Refuse flags that have no meaning in a pod.

    Args:
        used: fields of those that have one.

    Raises:
        UsageError: one was given.
    """
    refuse_flags(_PODS, *groups, used=used)


def job_account(service: ServiceOptions, default: str, namespace: str) -> str:
    """The name of the ServiceAccount of the pods.

    Raises:
        UsageError: it is invalid, or of another namespace.
    """
    try:
        account = ServiceAccountRef.parse(service.service_account or default, namespace)
    except ValueError as error:
        raise UsageError(f"--service-account {error}") from error
    if account.namespace != namespace:
        raise UsageError(f"--service-account {account} is not in namespace {namespace}: the Job runs in this namespace")
    return account.name
