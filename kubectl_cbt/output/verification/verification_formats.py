"""The formats of ``-o`` for a verification. To add one, add its file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kubectl_cbt.output.format_enum import OutputFormat

if TYPE_CHECKING:
    # Writers load numpy, which --help does not need to list the formats.
    from kubectl_cbt.analysis.set_algebra import ByteRanges
    from kubectl_cbt.model.record import Batch
    from kubectl_cbt.model.resolved_query import ResolvedQuery
    from kubectl_cbt.model.verification import Verification
    from kubectl_cbt.output.writer import Write


FIRST_RANGES = 20
"""How many missing ranges are listed; JSON has all."""


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


class FirstRangesWriter(VerificationWriter):
    """Keeps the first missing ranges, for a format that is printed at the end."""

    def __init__(self, write: Write, resolved: ResolvedQuery, devices: tuple[str, ...]) -> None:
        self._write = write
        self._resolved = resolved
        self._devices = devices
        self._first: list[tuple[int, int]] = []

    def missing(self, ranges: ByteRanges, first: Batch | None) -> None:
        self._first += ranges.first(FIRST_RANGES - len(self._first))


class VerificationFormat(OutputFormat):
    """The formats of a verification."""

    writer: type[VerificationWriter]

    SUMMARY = "summary", "verification_summary.VerificationSummaryWriter"
    JSON = "json", "verification_json.VerificationJsonWriter"
    JUNIT = "junit", "verification_junit.VerificationJunitWriter"
