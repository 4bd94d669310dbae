"""What the flags of every ``--print-job`` have in common."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol

from kubectl_cbt.errors import UsageError


class JobFlags(Protocol):
    """A group of flags for a printed Job; all but ``print_job`` need it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def print_job(self) -> bool:
        """Whether to print a Job."""
        ...

    @property
    def image(self) -> str:
        """An image that contains kubectl-cbt; empty if not given."""
        ...


def check_job_flags(flags: JobFlags) -> None:
    """Refuse flags that need another one.

    Raises:
        UsageError: there is no image, or a flag needs ``--print-job``.
    """
    if flags.print_job:
        if not flags.image:
            raise UsageError(
                "--print-job requires --image: an image that contains kubectl-cbt",
                hint="build one: make image (packaging/Containerfile)",
            )
        return
    for field in fields(flags):
        if getattr(flags, field.name) != field.default:
            raise UsageError(f"--{field.name.replace('_', '-')} requires --print-job")
