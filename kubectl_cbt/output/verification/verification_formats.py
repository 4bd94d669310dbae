"""The formats of ``-o`` for a verification. To add one, add its file and a line here."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Writers load numpy, which --help does not need to list the formats.
    from kubectl_cbt.analysis.set_algebra import ByteRanges
    from kubectl_cbt.model.record import Batch
    from kubectl_cbt.model.resolved_query import ResolvedQuery
    from kubectl_cbt.model.verification import Verification
    from kubectl_cbt.output.writer import Write


class VerificationWriter(Protocol):
    """Prints one verification; :meth:`end` is called exactly once, also after a failure."""

    def __init__(self, write: Write, resolved: ResolvedQuery, devices: tuple[str, ...]) -> None: ...

    def missing(self, ranges: ByteRanges, first: Batch | None) -> None:
        """Add ranges that are missing from the answer, in order.

        Args:
            first: the first batch of the stream; None if it has none.
        """
        ...

    def end(self, result: Verification, first: Batch | None) -> None:
        """Finish the document."""
        ...


class VerificationFormat(StrEnum):
    """The formats of ``-o``."""

    SUMMARY = "summary"
    JSON = "json"
    JUNIT = "junit"

    @property
    def writer(self) -> type[VerificationWriter]:
        """The class that prints the format."""
        module, name = _WRITERS[self]
        writer: type[VerificationWriter] = getattr(import_module(f"{__package__}.{module}"), name)
        return writer


_WRITERS = {
    VerificationFormat.SUMMARY: ("verification_summary", "VerificationSummaryWriter"),
    VerificationFormat.JSON: ("verification_json", "VerificationJsonWriter"),
    VerificationFormat.JUNIT: ("verification_junit", "VerificationJunitWriter"),
}
