"""How the screens call the extents of a layer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How extents of a kind are called."""

    title: str
    covered: str
    uncovered: str
    cost: str


_WORDS = {
    "delta": Vocabulary("delta", "changed", "unchanged", "Next incremental"),
    "allocated": Vocabulary("allocated", "allocated", "unallocated", "Full backup"),
    None: Vocabulary("extents", "covered", "not covered", "Backup of these"),
}


def vocabulary_of(kind: str | None) -> Vocabulary:
    """The words for ``delta``, ``allocated``, or what does not say which of them it is."""
    return _WORDS[kind]
