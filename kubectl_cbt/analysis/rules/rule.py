"""The rules of a stream (CSI spec, GetMetadataAllocated and GetMetadataDelta), each a small named checker.

Checkers see all records as they were received, before anything is clipped or repaired, and look at whole columns.
A rule of the spec has level MUST; what the spec leaves open but every careful driver keeps is a WARNING.
R8 (OK only after everything was sent) shows only to who asks again from where a stream ended: the stream loop does,
and reports it here. R9 (a client may resume) is a client's right, not a driver's duty.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from kubectl_cbt.model.query import Query
from kubectl_cbt.model.record import INT64_MIN, Records, block_metadata_type_name
from kubectl_cbt.model.results import MUST, WARNING, Occurrence, Violation

EXAMPLES_KEPT = 5

_FIXED_LENGTH, _VARIABLE_LENGTH = 1, 2

Mask = npt.NDArray[np.bool_]


class Rule(ABC):
    """One rule watched over one stream.

    Subclasses implement :meth:`look`; it is called with all records in order, some at a time, and reports through
    :meth:`extents_break` or :meth:`messages_break`.

    Attributes:
        id: as in docs/rules.md.
        title: what holds of a stream that keeps it; no full stop at its end.
        rationale: why a client should care, for ``check --explain``.
        usual_bug: the usual bug behind a breach.
        shows_in_records: whether :meth:`look` finds breaches; ``check`` then has a case for the rule, with these texts.
    """

    id: ClassVar[str]
    level: ClassVar[str] = MUST
    title: ClassVar[str]
    rationale: ClassVar[str] = ""
    usual_bug: ClassVar[str] = ""
    shows_in_records: ClassVar[bool] = True

    def __init__(self, query: Query) -> None:
        self.query = query
        self.count = 0
        self.examples: list[Occurrence] = []

    @abstractmethod
    def look(self, records: Records) -> None:
        """Check the next records."""

    def asked_again(self, query: Query) -> None:
        """The stream goes on as the answer to ``query``, which differs in offset and ``max_results`` only."""
        self.query = query

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
        # By message, as if one had been looked at after the other, and not all at once.
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


class PositiveSize(Rule):
    """R1."""

    id = "R1"
    title = "size_bytes is greater than 0"
    rationale = "An extent of nothing says nothing; a reader that trusts it may loop or divide by zero."
    usual_bug = (
        "A run that was opened and closed at the same block: the end taken as inclusive in one place, exclusive in "
        "another."
    )

    def look(self, records: Records) -> None:
        if len(records) and records.sizes.min() <= 0:
            self.extents_break(records, (records.sizes <= 0, "size is not greater than 0"))


class Ascending(Rule):
    """R2: touching is legal, and the rule holds across messages too."""

    id = "R2"
    title = "extents are ascending and do not overlap"
    rationale = (
        "Readers copy as they go. What comes out of order or twice is copied twice, and a resume from the last end "
        "skips what had not been sent yet."
    )
    usual_bug = (
        "Results of several workers or of several bitmap pages joined without sorting; a page border counted to both "
        "pages."
    )
    _last: tuple[int, int] | None = None
    """Offset and end of the extent in front; None before the first."""

    def asked_again(self, query: Query) -> None:
        super().asked_again(query)
        self._last = None  # what begins before the new starting offset is R7's to judge

    def look(self, records: Records) -> None:
        if not len(records):
            return
        last_offset, last_end = self._last or (INT64_MIN, INT64_MIN)
        self._last = int(records.offsets[-1]), int(records.ends[-1])
        overlaps = records.offsets < np.concatenate(([last_end], records.ends[:-1]))
        if records.offsets[0] >= last_offset and records.sizes.min() >= 0 and not overlaps.any():
            return  # what begins behind the end of the one in front begins behind its beginning
        backwards = records.offsets < np.concatenate(([last_offset], records.offsets[:-1]))
        self.extents_break(
            records,
            (backwards, "begins before the extent in front of it"),
            (overlaps & ~backwards, "overlaps the extent in front of it"),
        )


class OneType(Rule):
    """R3."""

    id = "R3"
    title = "block_metadata_type is the same in every message, and never UNKNOWN"
    rationale = "The type says how to read the sizes; a reader sets up its buffers by it once."
    usual_bug = "The type is set in the first response only, and proto3 sends 0, UNKNOWN, in all others."
    _first: int | None = None

    def look(self, records: Records) -> None:
        sent = records.block_metadata_types
        if self._first is None:
            self._first = int(sent[0])
        is_unknown = (sent != _FIXED_LENGTH) & (sent != _VARIABLE_LENGTH)
        broken = is_unknown | (sent != self._first)
        self.messages_break(records, broken, lambda index: self._text(int(sent[index])))

    def _text(self, sent: int) -> str:
        name = block_metadata_type_name(sent)
        if sent not in (_FIXED_LENGTH, _VARIABLE_LENGTH):
            return f"type is {name}"
        return f"type is {name}, the first message said {block_metadata_type_name(self._first or 0)}"


class OneCapacity(Rule):
    """R4."""

    id = "R4"
    title = "volume_capacity_bytes is the same in every message, and greater than 0"
    rationale = "The capacity says where the volume ends, and so whether all has come."
    usual_bug = (
        "The capacity is set in the first response only; or the live volume's size is asked for each message while it "
        "grows."
    )
    _first: int | None = None

    def look(self, records: Records) -> None:
        sent = records.capacities
        if self._first is None:
            self._first = int(sent[0])
        broken = (sent <= 0) | (sent != self._first)
        self.messages_break(records, broken, lambda index: self._text(int(sent[index])))

    def _text(self, sent: int) -> str:
        return f"capacity is {sent}" if sent <= 0 else f"capacity is {sent}, the first message said {self._first}"


class _FixedSize(Rule):
    """What R5 and R5b share: which extents of a FIXED_LENGTH stream have another size than its first."""

    _size: int | None = None

    def _fixed(self, records: Records) -> Mask:
        """Which extents came in messages of that type: bool[n], or bool[1] where the messages agree."""
        fixed = records.for_extents(records.block_metadata_types) == _FIXED_LENGTH
        if self._size is None and len(records) and fixed.any():
            self._size = int(records.sizes[int(np.argmax(fixed))])
        return np.asarray(fixed)

    def _odd_ones(self, records: Records) -> Mask:
        fixed = self._fixed(records)
        if self._size is None or not fixed.any():
            return np.zeros(1, dtype=np.bool_)
        return np.asarray((records.sizes != self._size) & fixed)

    def _short_tails(self, records: Records) -> Mask:
        at_capacity = records.ends == records.for_extents(records.capacities)
        return np.asarray(at_capacity & (records.sizes < (self._size or 0)))


class OneSize(_FixedSize):
    """R5."""

    id = "R5"
    title = "FIXED_LENGTH: every extent of the stream has the same size"
    rationale = "A reader of FIXED_LENGTH may multiply instead of add."
    usual_bug = "Neighbouring blocks merged in a stream that says FIXED_LENGTH: say VARIABLE_LENGTH then."

    def look(self, records: Records) -> None:
        odd = self._odd_ones(records)
        if odd.any():
            broken = odd & ~self._short_tails(records)
            self.extents_break(records, (broken, f"the first extent had {self._size} bytes"))


class ShortTail(_FixedSize):
    """R5b: the spec makes no exception for a volume that ends inside a block, yet cutting the block is harmless."""

    id = "R5b"
    level = WARNING
    title = "FIXED_LENGTH: a short last extent at the capacity breaks the letter of R5"
    rationale = (
        "The spec makes no exception for a volume that ends inside a block; readers that expect one may stumble."
    )
    usual_bug = "The last block cut at the capacity. Say VARIABLE_LENGTH, or send the whole block."

    def look(self, records: Records) -> None:
        odd = self._odd_ones(records)
        if odd.any():
            broken = odd & self._short_tails(records)
            self.extents_break(records, (broken, f"the first extent had {self._size} bytes"))


class MaxResults(Rule):
    """R6: 0 leaves the number to the driver."""

    id = "R6"
    title = "a message holds at most max_results extents"
    rationale = "The caller has sized its buffers by max_results."
    usual_bug = "The storage system's own page size passed on as it comes."

    def look(self, records: Records) -> None:
        limit = self.query.max_results
        if limit > 0:
            held = np.diff(records.bounds)
            self.messages_break(records, held > limit, lambda index: f"{held[index]} extents, {limit} were asked for")


class StartingOffset(Rule):
    """R7: the first extent may begin before the starting offset, but has to reach beyond it."""

    id = "R7"
    title = "no extent ends at or before starting_offset"
    rationale = "Whoever resumes would take what he has for something new."
    usual_bug = (
        "starting_offset compared with the beginning of an extent and not with its end; or ignored, and all sent from "
        "0."
    )

    def look(self, records: Records) -> None:
        start = self.query.starting_offset
        if start > 0:
            self.extents_break(records, (records.ends <= start, f"ends at or before the starting offset {start}"))


class WholeStream(Rule):
    """R8: its breach is found by asking again, see :meth:`RuleWatch.ended_early`."""

    id = "R8"
    title = "a stream ends with OK only after everything was sent"
    shows_in_records = False

    def look(self, records: Records) -> None:
        """No record shows what will not follow it."""


class NonNegativeOffset(Rule):
    """W1: not in the spec, which has signed offsets and says nothing of their sign."""

    id = "W1"
    level = WARNING
    title = "byte_offset is not negative"
    rationale = "No block lies in front of the volume."
    usual_bug = "An unsigned offset beyond 2^63, or an error value of the storage system."

    def look(self, records: Records) -> None:
        if len(records) and records.offsets.min() < 0:
            self.extents_break(records, (records.offsets < 0, "offset is negative"))


class WithinCapacity(Rule):
    """W2: not in the spec; the tail block of a volume that is no multiple of the block size runs past its end."""

    id = "W2"
    level = WARNING
    title = "no extent ends beyond the volume's capacity"
    rationale = (
        "Nothing can be read there. A tail block that reaches past the end is harmless to a reader who expects it."
    )
    usual_bug = "The volume's size is no multiple of the block size, and the last block is not cut."

    def look(self, records: Records) -> None:
        capacities = records.for_extents(records.capacities)
        beyond = records.ends > capacities
        if beyond.any():
            self.extents_break(records, (beyond & (capacities > 0), "ends beyond the capacity {capacity}"))


class Aligned(_FixedSize):
    """W3: not in the spec, but a block that does not begin at a multiple of the block size is no block."""

    id = "W3"
    level = WARNING
    title = "FIXED_LENGTH: offsets are multiples of the size"
    rationale = "A block that begins at no multiple of the block size is no block."
    usual_bug = "An offset counted in another unit than the size: sectors in one place, blocks in the other."

    def look(self, records: Records) -> None:
        fixed = self._fixed(records)
        if self._size is not None and fixed.any():
            # By the stream's size, not the extent's own: a short tail begins at a multiple of a whole block.
            unaligned = (records.offsets % max(self._size, 1) != 0) & fixed
            self.extents_break(records, (unaligned, "offset is not a multiple of the size"))


class KnownEnd(Rule):
    """W4: not in the spec; a driver that cannot be asked from the end of a stream leaves open whether it was one."""

    id = "W4"
    level = WARNING
    title = "a stream that ended with OK can be asked whether that was all"
    shows_in_records = False

    def look(self, records: Records) -> None:
        """No record shows what will be answered next."""


def registered(*rules: type[Rule]) -> tuple[type[Rule], ...]:
    """The rules, complete.

    Raises:
        ValueError: one lacks an attribute, or two have the same id.
    """
    needed = ("id", "title", "rationale", "usual_bug")
    for rule in rules:
        missing = [name for name in needed[: 4 if rule.shows_in_records else 2] if not getattr(rule, name, "")]
        if missing:
            raise ValueError(f"rule {rule.__name__} has no {' and no '.join(missing)}")
    ids = [rule.id.lower() for rule in rules]
    if len(set(ids)) < len(ids):
        raise ValueError(f"two rules have the same id: {', '.join(ids)}")
    return rules


RULES: tuple[type[Rule], ...] = registered(
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

    def __init__(self, query: Query) -> None:
        self._rules = [rule(query) for rule in RULES]

    def look(self, records: Records) -> None:
        """Check the next records."""
        for rule in self._rules:
            rule.look(records)

    def asked_again(self, query: Query) -> None:
        """The next record begins the answer to another question about the rest of the same stream."""
        for rule in self._rules:
            rule.asked_again(query)

    def ended_early(self, message: int, end_bytes: int) -> None:
        """The stream had ended with OK at ``end_bytes``; asked again from there, the driver sent this message."""
        for rule in self._rules:
            if isinstance(rule, WholeStream):
                rule.stream_breaks(message, f"OK came at byte {end_bytes}; asked again from there, the driver had more")

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
