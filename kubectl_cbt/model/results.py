"""Results of a stream: the rules it broke, its figures, how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from kubectl_cbt.errors import CbtError, StreamError

MUST = "MUST"
WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place where a rule was broken.

    Attributes:
        record: number of the message, from 1.
        extent: position in the message, from 0; None when the message as a whole breaks the rule.
        byte_offset: as sent; None with ``extent``.
        size_bytes: as sent; None with ``extent``.
        text: description of the problem.
    """

    record: int
    extent: int | None
    byte_offset: int | None
    size_bytes: int | None
    text: str

    def in_list(self) -> str:
        """As the text of it, for a list that has no messages."""
        return f"{self.byte_offset}+{self.size_bytes}: {self.text}"

    def __str__(self) -> str:
        """Where, and what is wrong."""
        extent = "" if self.extent is None else f", extent {self.extent} ({self.byte_offset}+{self.size_bytes})"
        return f"message {self.record}{extent}: {self.text}"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that the stream broke.

    Attributes:
        rule: id as in the documentation, ``R2``.
        level: ``MUST`` or ``WARNING``.
        title: the rule as a sentence.
        count: how often; ``examples`` has only the first few.
    """

    rule: str
    level: str
    title: str
    count: int
    examples: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class SizeBucket:
    """Extents with ``from_bytes <= size < to_bytes``."""

    from_bytes: int
    to_bytes: int
    extents: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A range without extents, half-open."""

    byte_offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ChunkCost:
    """Bytes read when every extent is rounded out to whole chunks of the volume."""

    chunk_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of one stream, exact as long as it kept R1 and R2.

    Attributes:
        exact: False when extents overlapped, were out of order or empty: sums then count as sent.
        runs: extents after merging those that touch (drivers cut runs at message borders).
        covered_bytes: allocated or changed bytes.
        grain_bytes: greatest common divisor of all offsets and sizes; 0 without extents.
        median_bytes: lower median of the sizes as sent; 0 without extents, as smallest and largest.
        longest_gap: None when there is none, or the end of the volume is unknown and no other gap is.
        chunk_costs: ascending chunk size.
    """

    exact: bool
    extents: int
    runs: int
    covered_bytes: int
    grain_bytes: int
    smallest_bytes: int
    median_bytes: int
    largest_bytes: int
    histogram: tuple[SizeBucket, ...]
    longest_gap: Gap | None
    chunk_costs: tuple[ChunkCost, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stream is incomplete, safe to show."""

    type: str
    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: CbtError) -> Failure:
        """The parts of an error that documents have."""
        code = error.code if isinstance(error, StreamError) else ""
        return cls(error.kind, code, error.message, error.hint)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stream ended.

    Attributes:
        block_metadata_type: number of the enum in the first message; None without a message.
        volume_capacity_bytes: from the first message, else the snapshot's restoreSize; None when neither is known.
        next_offset: where to resume: the end of the last extent received, or the starting offset.
        clipped: extents cut or left out because they began before the starting offset.
        resumes: how often the stream was resumed.
        failure: None exactly when ``complete``.
        has_messages: False for a list of another tool and for a comparison: ``messages`` counts parts that were read,
            no rule about messages applies, and no driver sent them.
    """

    complete: bool
    block_metadata_type: int | None
    volume_capacity_bytes: int | None
    messages: int
    extents: int
    next_offset: int
    clipped: int
    resumes: int
    seconds: float
    violations: tuple[Violation, ...]
    failure: Failure | None
    has_messages: bool = True

    @property
    def keeps_all_rules(self) -> bool:
        """Whether there are messages, which break no rule."""
        return self.has_messages and self.messages > 0 and not self.violations

    @property
    def is_out_of_order(self) -> bool:
        """Whether extents were out of order or overlapped: the offset to resume from is unknown then."""
        return any(violation.rule == "R2" for violation in self.violations)

    @property
    def broke_a_must(self) -> bool:
        """Whether the driver broke the spec, so that the answer is not reliable."""
        return any(violation.level == MUST for violation in self.violations)
