"""What the flags of every ``--print-job`` have in common."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol

from kubectl_cbt.errors import UsageError
from kubectl_cbt.project import release_image


class JobFlags(Protocol):
    """A group of flags for a printed Job; all but ``print_job`` need it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def print_job(self) -> bool:
        """Whether to print a Job."""
        ...

    @property
    def image(self) -> str:
        """An image that contains kubectl-cbt; empty for that of this release."""
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
        UsageError: no image is named, and this version is not a release.
    """
    from kubectl_cbt.system.versions import client_version

    if flags.image:
        return flags.image
    version = client_version()
    image = release_image(version)
    if image is None:
        raise UsageError(
            f"--print-job requires --image: no image is published of v{version}, a development version",
            hint="build one: make image (packaging/Containerfile)",
        )
    return image
