"""What a case gets: a driver that can be asked, and the answers that several cases look at, asked for once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kubectl_cbt.model.refs import SnapshotIds
from kubectl_cbt.model.stream_query import DEFAULT_MAX_RESULTS, Query
from kubectl_cbt.stream.collect import Collected, collect
from kubectl_cbt.wire.source import Source

ENOUGH_EXTENTS = 20_000
"""Where a part of an answer is compared, this much of it is looked at."""
MORE_TIME = "--deadline gives it more time"
"""What to do about an answer that was still flowing."""
_SAMPLES = 12


class Inconclusive(Exception):  # no error: the case is skipped, and says why
    """The case cannot be judged."""


@dataclass(frozen=True, slots=True)
class SnapshotSeries:
    """What there is to ask about.

    Attributes:
        target: the snapshot.
        base: an older one of the same volume; None to look at what is allocated only.
        in_order: these two and a third of the volume, oldest first, for the laws over three; empty without one.
    """

    target: SnapshotIds
    base: SnapshotIds | None = None
    in_order: tuple[SnapshotIds, ...] = ()


class DriverContext:
    """A driver under test.

    Args:
        source: where it is asked.
        volume: what about.
        deadline_seconds: for each answer.
        refused_source: the same service with a token it has to refuse; None where there are no tokens.
    """

    def __init__(
        self,
        source: Source,
        volume: SnapshotSeries,
        *,
        deadline_seconds: float = 60.0,
        refused_source: Source | None = None,
    ) -> None:
        self.source = source
        self.volume = volume
        self.deadline_seconds = deadline_seconds
        self.refused_source = refused_source
        self._known: dict[Query, Collected] = {}
        self._parts: dict[Query, Collected] = {}

    @property
    def queries(self) -> dict[str, Query]:
        """The questions about the volume, by ``delta`` and ``allocated``."""
        found = {"allocated": self.allocated(self.volume.target)}
        if self.volume.base is not None:
            found = {"delta": self.delta(self.volume.base, self.volume.target), **found}
        return found

    def allocated(self, snapshot: SnapshotIds) -> Query:
        """What does it hold?"""
        return Query(snapshot.ref)

    def delta(self, base: SnapshotIds, target: SnapshotIds) -> Query:
        """What changed in between?"""
        return Query(target.ref, base.handle)

    def ask(self, query: Query, *, at_most: int | None = None, seconds: float | None = None) -> Collected:
        """A fresh answer."""
        return collect(self.source, query, deadline_seconds=seconds or self.deadline_seconds, at_most=at_most)

    def whole(self, query: Query) -> Collected:
        """The whole answer; asked for once.

        Raises:
            CannotTell: it does not end well.
        """
        known = self._known.get(query)
        if known is None:
            known = self._known[query] = self.ask(query)
        if not known.is_whole:
            raise Inconclusive(
                f"{query.operation} is not answered: {known.describe()}{'; ' + MORE_TIME if known.is_flowing else ''}"
            )
        return known

    def ask_once(self, query: Query, *, at_most: int) -> Collected:
        """A part of an answer that several cases look at."""
        known = self._parts.get(query)
        if known is None:
            known = self._parts[query] = self.ask(query, at_most=at_most)
        return known

    def require_an_answer(self) -> None:
        """See that there is anything to judge: a service that answers nothing answers mistakes no better.

        Raises:
            CannotTell: no question got a message, or OK.
        """
        collected = [self.first_asked(query) for query in self.queries.values()]
        if not any(one.is_whole or one.messages for one in collected):
            raise Inconclusive(f"nothing is answered at all: {collected[0].describe()}")

    def first_asked(self, query: Query) -> Collected:
        """As :meth:`whole`, however it ended."""
        try:
            return self.whole(query)
        except Inconclusive:
            return self._known[query]


def sample(length: int, most: int = _SAMPLES) -> list[int]:
    """Positions in something of that length: first and last, and evenly between them."""
    if length <= most:
        return list(range(length))
    return sorted(set(np.linspace(0, length - 1, most).astype(int).tolist()))


def from_offset(query: Query, offset: int) -> Query:
    """The same from somewhere else."""
    return replace(query, starting_offset=offset)


def in_messages_of(query: Query, max_results: int) -> Query:
    """The same with another limit."""
    return replace(query, max_results=max_results)


def describe(query: Query) -> str:
    """A question for a report."""
    words = f"{query.operation}, starting_offset {query.starting_offset}"
    return words if query.max_results == DEFAULT_MAX_RESULTS else f"{words}, max_results {query.max_results}"
