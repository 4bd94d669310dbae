"""All rules over one stream."""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_cbt.analysis.rules.all_rules import RULES
from kubectl_cbt.analysis.rules.end_rules import KnownEnd, WholeStream
from kubectl_cbt.analysis.rules.position_rules import Ascending, NonNegativeOffset, WithinCapacity
from kubectl_cbt.analysis.rules.rule import Rule
from kubectl_cbt.analysis.rules.size_rules import PositiveSize
from kubectl_cbt.model.record import Records
from kubectl_cbt.model.results import Violation
from kubectl_cbt.model.stream_query import Query

LIST_RULES: tuple[type[Rule], ...] = (PositiveSize, Ascending, NonNegativeOffset, WithinCapacity)
"""The rules for a list of extents that no driver sent: the others are about messages."""


class RuleWatch:
    """Checks one stream while it is received.

    Args:
        query: the query that the stream answers.
        rules: the rules to check.
    """

    def __init__(self, query: Query, rules: Iterable[type[Rule]] = RULES) -> None:
        self._rules = {rule: rule(query) for rule in rules}

    def check(self, records: Records) -> None:
        """Check the next records."""
        for rule in self._rules.values():
            rule.check(records)

    def resume(self, query: Query) -> None:
        """The next record is the first one of the answer to ``query``, which resumes the stream."""
        for rule in self._rules.values():
            rule.resume(query)

    def ended_early(self, message: int, end_bytes: int) -> None:
        """The stream had ended with OK at ``end_bytes``; a query from there was answered with this message."""
        text = f"the stream ended with OK at byte {end_bytes}, but a query from there returned more"
        self._rules[WholeStream].stream_breaks(message, text)

    def end_unknown(self, messages: int, why: str) -> None:
        """The stream had ended with OK, and a query from its end failed."""
        self._rules[KnownEnd].stream_breaks(messages, why)

    def is_broken(self, rule: type[Rule]) -> bool:
        """Whether ``rule`` was broken so far."""
        return self._rules[rule].count > 0

    def violations(self) -> tuple[Violation, ...]:
        """The rules that were broken so far, in the order of the registry."""
        return tuple(filter(None, (rule.violation() for rule in self._rules.values())))
