"""Two lists of extents of one volume compared: ranges by class, their figures, and how the comparison ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.extents import Run
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.stream_query import Operation

ClassColumn = npt.NDArray[np.int8]


class RangeClass(IntEnum):
    """Which sides a range is in: the sum of 1 for the left one and 2 for the right one."""

    ONLY_LEFT = 1
    ONLY_RIGHT = 2
    BOTH = 3

    @property
    def label(self) -> str:
        """As in documents: ``only-left``."""
        return self.name.lower().replace("_", "-")

    @property
    def words(self) -> str:
        """As in sentences: ``only left``."""
        return self.name.lower().replace("_", " ")


SHOWN_CLASSES = (RangeClass.ONLY_LEFT, RangeClass.BOTH, RangeClass.ONLY_RIGHT)
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassedRanges:
    """Ranges in order, without overlap. A range does not touch one of its own class.

    Attributes:
        starts: int64[n], bytes, strictly increasing.
        ends: int64[n], bytes, exclusive.
        classes: int8[n], values of :class:`RangeClass`.
    """

    starts: Int64Column
    ends: Int64Column
    classes: ClassColumn

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def sizes(self) -> Int64Column:
        """int64[n], bytes."""
        return self.ends - self.starts

    def where(self, chosen: npt.NDArray[np.bool_]) -> ClassedRanges:
        """Some of the ranges, by bool[n]."""
        return ClassedRanges(self.starts[chosen], self.ends[chosen], self.classes[chosen])


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Figures of the ranges of one class.

    Attributes:
        largest: the first of the largest ranges; None without ranges.
        first: the first few ranges.
    """

    ranges: int = 0
    size_bytes: int = 0
    largest: Run | None = None
    first: tuple[Run, ...] = ()


class ComparisonResult(StrEnum):
    """The result. Only :attr:`EQUAL` and :attr:`COVERED` state something about the whole volume."""

    EQUAL = "equal"
    DIFFERENT = "different"
    COVERED = "covered"
    NOT_COVERED = "not-covered"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class ComparedList:
    """One side.

    Attributes:
        name: the file's.
        operation: None for a list that does not record it.
    """

    name: str
    resolved: ResolvedQuery
    operation: Operation | None


@dataclass(frozen=True, slots=True)
class SideOutcome:
    """What was read of one side.

    Attributes:
        capacity_bytes: None if unknown.
        extents: as read; not those that were merged.
        known_start: from here on it is known.
        known_end: up to here it is known; None for a list that is complete.
        failure: why the list is incomplete; None if it is complete.
    """

    capacity_bytes: int | None
    extents: int
    known_start: int
    known_end: int | None
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class ComparisonOutcome:
    """The state of a comparison, in the end or so far.

    Attributes:
        figures: by class.
        start: bytes before are not compared.
        end: bytes from here on are not compared; None if everything after ``start`` is.
        unknown: sentences about what could not be compared; empty if everything was.
        warnings: sentences about sides that do not belong together, and about extents beyond the capacity.
        failure: what ended the comparison early; None if both sides were read as far as they go.
    """

    left: SideOutcome
    right: SideOutcome
    figures: dict[RangeClass, ClassFigures]
    start: int
    end: int | None
    unknown: tuple[str, ...]
    warnings: tuple[str, ...]
    failure: Failure | None

    @property
    def complete(self) -> bool:
        """Whether all of both sides was compared."""
        return self.failure is None and not self.unknown

    @property
    def different_capacities(self) -> tuple[int, int] | None:
        """The capacities of the left and the right volume, if they are known to differ."""
        left, right = self.left.capacity_bytes, self.right.capacity_bytes
        return (left, right) if left is not None and right is not None and left != right else None

    @property
    def capacity_bytes(self) -> int | None:
        """The larger capacity; None if neither is known."""
        known = [side.capacity_bytes for side in (self.left, self.right) if side.capacity_bytes is not None]
        return max(known, default=None)

    def result(self, *, covers: bool) -> ComparisonResult:
        """The result.

        Args:
            covers: whether the left side contains the right one, instead of whether both are equal.
        """
        if covers:
            # A backup of a volume of another size is not one of this volume, whatever it contains.
            if self.different_capacities or self.figures[RangeClass.ONLY_RIGHT].ranges:
                return ComparisonResult.NOT_COVERED
            return ComparisonResult.COVERED if self.complete else ComparisonResult.INCOMPLETE
        different = (RangeClass.ONLY_LEFT, RangeClass.ONLY_RIGHT)
        if self.different_capacities or any(self.figures[found].ranges for found in different):
            return ComparisonResult.DIFFERENT
        return ComparisonResult.EQUAL if self.complete else ComparisonResult.INCOMPLETE
