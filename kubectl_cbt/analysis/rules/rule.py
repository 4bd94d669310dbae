"""What all rules share: each watches one stream, and keeps the first few places where it was broken.

A rule sees all records as they were received, before anything is clipped or repaired, and looks at whole columns.
A rule of the spec has level MUST; what the spec leaves open, but a careful driver keeps, is a WARNING.
R9 of the spec (a client may resume) is a client's right, not a driver's duty: it has no rule here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.record import Records
from kubectl_cbt.model.results import MUST, Occurrence, Violation
from kubectl_cbt.model.stream_query import Query

EXAMPLES_KEPT = 5
FIXED_LENGTH, VARIABLE_LENGTH = 1, 2
SPEC = "CSI spec 1.13"

Mask = npt.NDArray[np.bool_]


class Rule(ABC):
    """One rule, watched over one stream.

    Subclasses implement :meth:`check`; it is called with all records in order, some at a time, and reports through
    :meth:`extents_break` or :meth:`messages_break`.

    Attributes:
        id: stable, ``R2``; ``check`` has the case ``rule-r2`` for it.
        title: what is true of a stream that keeps the rule; no full stop at its end.
        rationale: why a client should care.
        usual_bug: the usual bug that breaks the rule.
        source: where the spec requires it; empty when the spec does not.
        shows_in_records: whether :meth:`check` finds breaches; False for a rule that only a second query can test.
    """

    id: ClassVar[str]
    level: ClassVar[str] = MUST
    title: ClassVar[str]
    rationale: ClassVar[str] = ""
    usual_bug: ClassVar[str] = ""
    source: ClassVar[str] = ""
    shows_in_records: ClassVar[bool] = True

    def __init__(self, query: Query) -> None:
        self.query = query
        self.count = 0
        self.examples: list[Occurrence] = []

    @abstractmethod
    def check(self, records: Records) -> None:
        """Check the next records."""

    def resume(self, query: Query) -> None:
        """The next records answer ``query``, which differs in offset and ``max_results`` only."""
        self.query = query

    def violation(self) -> Violation | None:
        """The breaches so far; None without one."""
        if not self.count:
            return None
        return Violation(self.id, self.level, self.title, self.count, tuple(self.examples))

    def messages_break(self, records: Records, broken: Mask, text_of: Callable[[int], str]) -> None:
        """The messages where ``broken`` is set break the rule as a whole.

        Args:
            text_of: what is wrong with the message at a position, from 0.
        """
        if not broken.any():
            return
        self.count += int(np.count_nonzero(broken))
        for index in np.flatnonzero(broken)[: self._examples_wanted].tolist():
            self.examples.append(Occurrence(records.first_number + index, None, None, None, text_of(index)))

    def stream_breaks(self, messages: int, text: str) -> None:
        """What follows so many messages breaks the rule."""
        self.count += 1
        if self._examples_wanted:
            self.examples.append(Occurrence(messages, None, None, None, text))

    def extents_break(self, records: Records, *broken: tuple[Mask, str]) -> None:
        """The extents where a mask is set break the rule, for the reason beside it; it may name ``{capacity}``."""
        found: list[tuple[int, int, int]] = []
        for reason, (mask, _) in enumerate(broken):
            count = int(np.count_nonzero(mask))
            if count:
                self.count += count
                extents = np.flatnonzero(mask)[: self._examples_wanted]
                messages = records.message_of(extents).tolist()
                found += ((message, reason, extent) for message, extent in zip(messages, extents.tolist(), strict=True))
        # By message, as if the messages had been checked one by one.
        for message, reason, extent in sorted(found)[: self._examples_wanted]:
            text = broken[reason][1]
            self.examples.append(_example(records, message, extent, text))

    @property
    def _examples_wanted(self) -> int:
        return EXAMPLES_KEPT - len(self.examples)


def _example(records: Records, message: int, extent: int, text: str) -> Occurrence:
    within = extent - int(records.bounds[message])
    offset, size = int(records.offsets[extent]), int(records.sizes[extent])
    return Occurrence(
        records.first_number + message, within, offset, size, text.format(capacity=records.capacities[message])
    )
