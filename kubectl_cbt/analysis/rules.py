"""The rules of a stream (CSI spec, GetMetadataAllocated and GetMetadataDelta), each a small named checker.

Checkers see every record as it was received, before anything is clipped or repaired, and look at whole columns.
A rule of the spec has level MUST; what the spec leaves open but every careful driver keeps is a WARNING.
R8 (OK only after everything was sent) shows only to who asks again from where a stream ended: the stream loop does,
and reports it here. R9 (a client may resume) is a client's right, not a driver's duty.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.question import Question
from kubectl_cbt.model.record import INT64_MIN, Record, block_metadata_type_name, saturating_ends
from kubectl_cbt.model.results import MUST, WARNING, Example, Violation

EXAMPLES_KEPT = 5

_UNKNOWN, _FIXED_LENGTH, _VARIABLE_LENGTH = 0, 1, 2

Mask = npt.NDArray[np.bool_]


class Rule(ABC):
    """One rule watched over one stream.

    Subclasses implement :meth:`look`; it is called with each record in order and reports through
    :meth:`extents_break` or :meth:`record_breaks`.
    """

    id: ClassVar[str]
    level: ClassVar[str] = MUST
    title: ClassVar[str]

    def __init__(self, question: Question) -> None:
        self.question = question
        self.count = 0
        self.examples: list[Example] = []

    @abstractmethod
    def look(self, record: Record) -> None:
        """Check one record."""

    def asked_again(self, question: Question) -> None:
        """The stream goes on as the answer to ``question``, which differs in offset and ``max_results`` only."""
        self.question = question

    def record_breaks(self, record: Record, text: str) -> None:
        """The record as a whole breaks the rule."""
        self.stream_breaks(record.number, text)

    def stream_breaks(self, messages: int, text: str) -> None:
        """What follows so many messages breaks the rule."""
        self.count += 1
        if len(self.examples) < EXAMPLES_KEPT:
            self.examples.append(Example(messages, None, None, None, text))

    def extents_break(self, record: Record, broken: Mask, text: str) -> None:
        """The extents of ``record`` where ``broken`` is set break the rule."""
        found = int(np.count_nonzero(broken))
        if not found:
            return
        self.count += found
        for index in np.flatnonzero(broken)[: EXAMPLES_KEPT - len(self.examples)].tolist():
            offset, size = int(record.offsets[index]), int(record.sizes[index])
            self.examples.append(Example(record.number, index, offset, size, text))


class PositiveSize(Rule):
    """R1."""

    id = "R1"
    title = "size_bytes is greater than 0"

    def look(self, record: Record) -> None:
        self.extents_break(record, record.sizes <= 0, "size is not greater than 0")


class Ascending(Rule):
    """R2: touching is legal, and the rule holds across messages too."""

    id = "R2"
    title = "extents are ascending and do not overlap"
    _last: tuple[int, int] | None = None
    """Offset and end of the extent in front; None before the first."""

    def asked_again(self, question: Question) -> None:
        super().asked_again(question)
        self._last = None  # what begins before the new starting offset is R7's to judge

    def look(self, record: Record) -> None:
        if not len(record):
            return
        ends = saturating_ends(record.offsets, record.sizes)
        last_offset, last_end = self._last or (INT64_MIN, INT64_MIN)
        previous_offsets = np.concatenate(([last_offset], record.offsets[:-1]))
        previous_ends = np.concatenate(([last_end], ends[:-1]))
        backwards = record.offsets < previous_offsets
        overlaps = ~backwards & (record.offsets < previous_ends)
        self.extents_break(record, backwards, "begins before the extent in front of it")
        self.extents_break(record, overlaps, "overlaps the extent in front of it")
        self._last = int(record.offsets[-1]), int(ends[-1])


class OneType(Rule):
    """R3."""

    id = "R3"
    title = "block_metadata_type is the same in every message, and never UNKNOWN"
    _first: int | None = None

    def look(self, record: Record) -> None:
        sent = record.block_metadata_type
        if self._first is None:
            self._first = sent
        if sent not in (_FIXED_LENGTH, _VARIABLE_LENGTH):
            self.record_breaks(record, f"type is {block_metadata_type_name(sent)}")
        elif sent != self._first:
            names = block_metadata_type_name(sent), block_metadata_type_name(self._first)
            self.record_breaks(record, "type is {}, the first message said {}".format(*names))


class OneCapacity(Rule):
    """R4."""

    id = "R4"
    title = "volume_capacity_bytes is the same in every message, and greater than 0"
    _first: int | None = None

    def look(self, record: Record) -> None:
        sent = record.volume_capacity_bytes
        if self._first is None:
            self._first = sent
        if sent <= 0:
            self.record_breaks(record, f"capacity is {sent}")
        elif sent != self._first:
            self.record_breaks(record, f"capacity is {sent}, the first message said {self._first}")


class _FixedSize(Rule):
    """What R5 and R5b share: which extents of a FIXED_LENGTH stream have another size than its first."""

    _size: int | None = None

    def _odd_ones(self, record: Record) -> Mask:
        if record.block_metadata_type != _FIXED_LENGTH or not len(record):
            return np.zeros(len(record), dtype=np.bool_)
        if self._size is None:
            self._size = int(record.sizes[0])
        return np.asarray(record.sizes != self._size)

    def _short_tails(self, record: Record) -> Mask:
        at_capacity = saturating_ends(record.offsets, record.sizes) == record.volume_capacity_bytes
        return np.asarray(at_capacity & (record.sizes < (self._size or 0)))


class OneSize(_FixedSize):
    """R5."""

    id = "R5"
    title = "FIXED_LENGTH: every extent of the stream has the same size"

    def look(self, record: Record) -> None:
        odd = self._odd_ones(record)
        if odd.any():
            self.extents_break(record, odd & ~self._short_tails(record), f"the first extent had {self._size} bytes")


class ShortTail(_FixedSize):
    """R5b: the spec makes no exception for a volume that ends inside a block, yet cutting the block is harmless."""

    id = "R5b"
    level = WARNING
    title = "FIXED_LENGTH: a short last extent at the capacity breaks the letter of R5"

    def look(self, record: Record) -> None:
        odd = self._odd_ones(record)
        if odd.any():
            self.extents_break(record, odd & self._short_tails(record), f"the first extent had {self._size} bytes")


class MaxResults(Rule):
    """R6: 0 leaves the number to the driver."""

    id = "R6"
    title = "a message holds at most max_results extents"

    def look(self, record: Record) -> None:
        limit = self.question.max_results
        if 0 < limit < len(record):
            self.record_breaks(record, f"{len(record)} extents, {limit} were asked for")


class StartingOffset(Rule):
    """R7: the first extent may begin before the starting offset, but has to reach beyond it."""

    id = "R7"
    title = "no extent ends at or before starting_offset"

    def look(self, record: Record) -> None:
        start = self.question.starting_offset
        if start > 0:
            ends = saturating_ends(record.offsets, record.sizes)
            self.extents_break(record, ends <= start, f"ends at or before the starting offset {start}")


class WholeStream(Rule):
    """R8: its breach is found by asking again, see :meth:`RuleWatch.ended_early`."""

    id = "R8"
    title = "a stream ends with OK only after everything was sent"

    def look(self, record: Record) -> None:
        """No record shows what will not follow it."""


class NonNegativeOffset(Rule):
    """W1: not in the spec, which has signed offsets and says nothing of their sign."""

    id = "W1"
    level = WARNING
    title = "byte_offset is not negative"

    def look(self, record: Record) -> None:
        self.extents_break(record, record.offsets < 0, "offset is negative")


class WithinCapacity(Rule):
    """W2: not in the spec; the tail block of a volume that is no multiple of the block size runs past its end."""

    id = "W2"
    level = WARNING
    title = "no extent ends beyond the volume's capacity"

    def look(self, record: Record) -> None:
        capacity = record.volume_capacity_bytes
        if capacity > 0:
            ends = saturating_ends(record.offsets, record.sizes)
            self.extents_break(record, ends > capacity, f"ends beyond the capacity {capacity}")


class Aligned(_FixedSize):
    """W3: not in the spec, but a block that does not begin at a multiple of the block size is no block."""

    id = "W3"
    level = WARNING
    title = "FIXED_LENGTH: offsets are multiples of the size"

    def look(self, record: Record) -> None:
        self._odd_ones(record)
        if record.block_metadata_type == _FIXED_LENGTH and self._size is not None:
            # By the stream's size, not the extent's own: a short tail begins at a multiple of a whole block.
            unaligned = record.offsets % max(self._size, 1) != 0
            self.extents_break(record, unaligned, "offset is not a multiple of the size")


class KnownEnd(Rule):
    """W4: not in the spec; a driver that cannot be asked from the end of a stream leaves open whether it was one."""

    id = "W4"
    level = WARNING
    title = "a stream that ended with OK can be asked whether that was all"

    def look(self, record: Record) -> None:
        """No record shows what will be answered next."""


RULES: tuple[type[Rule], ...] = (
    PositiveSize,
    Ascending,
    OneType,
    OneCapacity,
    OneSize,
    ShortTail,
    MaxResults,
    StartingOffset,
    WholeStream,
    NonNegativeOffset,
    WithinCapacity,
    Aligned,
    KnownEnd,
)


class RuleWatch:
    """All rules over one stream."""

    def __init__(self, question: Question) -> None:
        self._rules = [rule(question) for rule in RULES]

    def look(self, record: Record) -> None:
        """Check the next record."""
        for rule in self._rules:
            rule.look(record)

    def asked_again(self, question: Question) -> None:
        """The next record begins the answer to another question about the rest of the same stream."""
        for rule in self._rules:
            rule.asked_again(question)

    def ended_early(self, record: Record, end_bytes: int) -> None:
        """The stream had ended with OK at ``end_bytes``; asked again from there, the driver sent ``record``."""
        for rule in self._rules:
            if isinstance(rule, WholeStream):
                rule.record_breaks(record, f"OK came at byte {end_bytes}; asked again from there, the driver had more")

    def end_unknown(self, messages: int, why: str) -> None:
        """The stream had ended with OK, and whether that was all could not be asked."""
        for rule in self._rules:
            if isinstance(rule, KnownEnd):
                rule.stream_breaks(messages, why)

    def broken(self, rule: type[Rule]) -> bool:
        """Whether ``rule`` was broken so far."""
        return any(watched.count for watched in self._rules if isinstance(watched, rule))

    def violations(self) -> tuple[Violation, ...]:
        """What was broken so far, in the order of the rules."""
        return tuple(self._broken())

    def _broken(self) -> Iterator[Violation]:
        for rule in self._rules:
            if rule.count:
                yield Violation(rule.id, rule.level, rule.title, rule.count, tuple(rule.examples))
