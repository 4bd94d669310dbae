"""The result of a verification: is every byte that differs in the answer, and what does it report needlessly?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kubectl_cbt.model.results import Outcome
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.units import counted


class VerificationVerdict(StrEnum):
    """What was found."""

    CORRECT = "correct"
    """All was compared, and every byte that differs is in the answer."""
    MISSING = "missing"
    """Bytes that differ are not in the answer, whether all was compared or not."""
    INCOMPLETE = "incomplete"
    """Nothing is missing so far, but not all could be compared."""


@dataclass(frozen=True, slots=True)
class Granularity:
    """How the reported extents relate to the blocks of one size.

    Attributes:
        block_bytes: the largest power of two of which all bounds of the extents are multiples, limited to 8 MiB.
        blocks: that the extents touch.
        unexplained: of these, without any difference. With 0, tracking in such blocks explains all that was reported.
    """

    block_bytes: int
    blocks: int
    unexplained: int


@dataclass(frozen=True, slots=True)
class ReadError:
    """A range of a device that could not be read.

    Attributes:
        device: its name, as the user gave it.
        start: of the range, bytes.
        end: exclusive.
        reason: the system's text, ``Input/output error``.
    """

    device: str
    start: int
    end: int
    reason: str

    def __str__(self) -> str:
        size = counted(self.end - self.start, "byte").replace(",", "")
        return f"{self.device}: {self.reason} at offset {self.start} ({size})"

    def is_continued_by(self, other: ReadError) -> bool:
        """Whether the other one is of the same device and reason, and starts at the end of this one."""
        return (self.device, self.reason, self.end) == (other.device, other.reason, other.start)


@dataclass(frozen=True, slots=True)
class Verification:
    """A comparison of an answer with the data.

    Attributes:
        operation: of the query.
        outcome: of the stream.
        start: compared from here, bytes.
        end: compared up to here, exclusive.
        capacity_bytes: of the volume; the size of the target's device where the answer has none.
        target_bytes: size of the target's device.
        base_bytes: size of the base's device; None for allocated extents.
        different_bytes: that differ, or are not zero; None if not measured (``quick``).
        reported_bytes: in the extents of the answer.
        needless_bytes: reported, and without a difference; None if not measured.
        granularity: of the tracking; None if not measured, without a report, or in blocks of less than 512 bytes.
        missing_bytes: that differ and are not reported.
        missing_ranges: how many.
        read_bytes: from the devices.
        hole_bytes: not read, because they are holes of the sparse files.
        unread_bytes: that could not be read.
        unread: the first ranges of a device that could not be read.
        problems: why not all could be compared, a sentence each.
        notes: what to know about the sizes of volume and devices, a sentence each. They do not change the verdict.
    """

    operation: Operation
    outcome: Outcome
    start: int
    end: int
    capacity_bytes: int
    target_bytes: int
    base_bytes: int | None
    different_bytes: int | None
    reported_bytes: int
    needless_bytes: int | None
    granularity: Granularity | None
    missing_bytes: int
    missing_ranges: int
    read_bytes: int
    hole_bytes: int
    unread_bytes: int
    unread: tuple[ReadError, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all was compared that was to be."""
        return not self.problems

    @property
    def verdict(self) -> VerificationVerdict:
        """Never ``correct`` for an incomplete comparison."""
        if self.missing_ranges:
            return VerificationVerdict.MISSING
        return VerificationVerdict.CORRECT if self.is_complete else VerificationVerdict.INCOMPLETE

    @property
    def is_trusted(self) -> bool:
        """Whether the answer can be used for a backup: correct, and the driver kept the rules of the stream."""
        return self.verdict is VerificationVerdict.CORRECT and not self.outcome.broke_a_must
