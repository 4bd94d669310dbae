"""The interface of the formats of a comparison: a writer gets its ranges in order, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from kubectl_cbt.model.comparison_outcome import ClassedRanges, ComparedList, ComparisonOutcome
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import one_line


@dataclass(frozen=True, slots=True)
class ComparisonHead:
    """What is compared.

    Attributes:
        grain_bytes: extents were rounded outwards to multiples of it; 1 for none.
        covers: whether the question is if the left side contains the right one.
    """

    left: ComparedList
    right: ComparedList
    grain_bytes: int
    covers: bool


class ComparisonWriter(Protocol):
    """Prints one comparison in one format; :meth:`end` is called exactly once, however the comparison ended.

    Attributes:
        prints_rows: whether it prints while ranges are found; on a terminal there is then no progress bar.
        is_text: whether it is for people, with ASCII replacements where the locale requires; data is always UTF-8.
    """

    prints_rows: ClassVar[bool] = True
    is_text: ClassVar[bool] = False

    def __init__(self, write: Write, head: ComparisonHead, screen: OutputTarget) -> None: ...

    def ranges(self, ranges: ClassedRanges, capacity_bytes: int | None) -> None:
        """Print the next ranges; with ``covers`` only those that the left side lacks.

        Args:
            capacity_bytes: of the larger volume, as far as the lists have stated it.
        """
        ...

    def end(self, outcome: ComparisonOutcome) -> None:
        """Finish the document."""
        ...


def incomplete_note(outcome: ComparisonOutcome) -> bytes:
    """The last lines of a text format if not everything was compared; each starts with ``#``."""
    reasons = [outcome.failure.message] if outcome.failure else outcome.unknown
    return "".join(f"# incomplete: {one_line(reason)}\n" for reason in reasons).encode()
