"""All rules, in the order in which they are reported."""

from __future__ import annotations

from kubectl_cbt.analysis.rules.end_rules import KnownEnd, WholeStream
from kubectl_cbt.analysis.rules.message_rules import MaxResults, OneCapacity, OneType
from kubectl_cbt.analysis.rules.position_rules import Ascending, NonNegativeOffset, StartingOffset, WithinCapacity
from kubectl_cbt.analysis.rules.rule import Rule
from kubectl_cbt.analysis.rules.size_rules import Aligned, OneSize, PositiveSize, ShortTail
from kubectl_cbt.model.results import MUST


def registered(*rules: type[Rule]) -> tuple[type[Rule], ...]:
    """The rules, complete.

    Raises:
        ValueError: a rule lacks an attribute, or two have the same id.
    """
    for rule in rules:
        needed = ("id", "title", "rationale", "usual_bug", *(["source"] if rule.level == MUST else []))
        missing = [name for name in needed if not getattr(rule, name, "")]
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

_CHECKED = [rule.id for rule in RULES if rule.level == MUST and rule.shows_in_records]
CHECKED_IDS = f"{_CHECKED[0]}–{_CHECKED[-1]}"
"""The rules of the spec that every stream is checked for, ``R1–R7``."""
