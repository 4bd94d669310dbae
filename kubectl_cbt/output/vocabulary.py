"""The words for the extents of each operation, shared by the summary and the screens."""

from __future__ import annotations

from dataclasses import dataclass

from kubectl_cbt.model.stream_query import Operation


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words for one operation.

    Attributes:
        title: of a map or a list.
        covered: of bytes that are in an extent.
        uncovered: of bytes that are in none.
        cost: of a backup that reads the extents.
    """

    title: str
    covered: str
    uncovered: str
    cost: str


_VOCABULARIES = {
    Operation.DELTA: Vocabulary("delta", "changed", "unchanged", "Next incremental"),
    Operation.ALLOCATED: Vocabulary("allocated", "allocated", "unallocated", "Full backup"),
    None: Vocabulary("extents", "covered", "not covered", "Backup of these extents"),
}


_MISSING = Vocabulary("missing ranges", "missing", "not missing", "Reading the missing ranges")


def vocabulary_of(operation: Operation | None, *, missing: bool = False) -> Vocabulary:
    """The words for an operation; None for a document that does not record it.

    Args:
        missing: whether the extents are the ranges that are missing from an answer.
    """
    return _MISSING if missing else _VOCABULARIES[operation]
