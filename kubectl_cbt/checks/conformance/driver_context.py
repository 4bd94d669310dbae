"""What a case is given: a driver that can be queried, and the answers that several cases look at, collected once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kubectl_cbt.checks.check import CheckContext, Inconclusive
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.refs import SnapshotIds
from kubectl_cbt.model.stream_query import DEFAULT_MAX_RESULTS, Operation, Query
from kubectl_cbt.stream.collect import Collected, collect
from kubectl_cbt.units import counted
from kubectl_cbt.wire.source import Source

ENOUGH_EXTENTS = 20_000
"""Number of extents to collect when only a part of a response is compared."""
SHORT_DEADLINE_SECONDS = 20.0
"""For queries that a driver answers without reading much: rejected ones, and those at the end of a volume."""
MORE_TIME = "--deadline allows more time"
"""What to do about an answer that was still flowing."""
_SAMPLES = 12


@dataclass(frozen=True, slots=True)
class SnapshotSeries:
    """The snapshots to query.

    Attributes:
        target: the snapshot.
        base: an older one of the same volume; None to check allocated extents only.
        in_order: these two and a third of the volume, oldest first; empty without one.
    """

    target: SnapshotIds
    base: SnapshotIds | None = None
    in_order: tuple[SnapshotIds, ...] = ()


class DriverContext(CheckContext):
    """A driver under test.

    Args:
        source: answers queries.
        volume: the snapshots to query.
        deadline_seconds: for each answer.
        refused_source: the same service with a token that it must refuse; None where there are no tokens.
        hostile: whether negative and out-of-range values may be sent.
    """

    def __init__(
        self,
        source: Source,
        volume: SnapshotSeries,
        *,
        deadline_seconds: float = 60.0,
        refused_source: Source | None = None,
        hostile: bool = False,
    ) -> None:
        super().__init__()
        self.source = source
        self.volume = volume
        self.deadline_seconds = deadline_seconds
        self.refused_source = refused_source
        self.hostile = hostile
        self._answers: dict[Query, Collected] = {}
        self._parts: dict[Query, Collected] = {}

    @property
    def queries(self) -> dict[Operation, Query]:
        """The queries for the volume: the delta, if there is a base, and the allocated extents."""
        found = {Operation.ALLOCATED: self.allocated(self.volume.target)}
        if self.volume.base is not None:
            found = {Operation.DELTA: self.delta(self.volume.base, self.volume.target), **found}
        return found

    def allocated(self, snapshot: SnapshotIds) -> Query:
        """The query for the allocated extents of a snapshot."""
        return Query(snapshot.ref)

    def delta(self, base: SnapshotIds, target: SnapshotIds) -> Query:
        """The query for the extents that changed between two snapshots."""
        return Query(target.ref, base.handle)

    def collect(self, query: Query, *, at_most: int | None = None, seconds: float | None = None) -> Collected:
        """Query the driver.

        Args:
            at_most: extents after which the query is cancelled; None collects all.
            seconds: the deadline, when it is not that of the context.
        """
        return collect(self.source, query, deadline_seconds=seconds or self.deadline_seconds, at_most=at_most)

    def answer(self, query: Query) -> Collected:
        """The answer to a query, collected once, however it ended."""
        if query not in self._answers:
            self._answers[query] = self.collect(query)
        return self._answers[query]

    def whole(self, query: Query) -> Collected:
        """The complete answer, collected once.

        Raises:
            Inconclusive: it did not end with OK.
        """
        answer = self.answer(query)
        if not answer.is_whole:
            more_time = f"; {MORE_TIME}" if answer.is_flowing else ""
            raise Inconclusive(f"{query.operation} is not answered: {answer.describe()}{more_time}")
        return answer

    def part(self, query: Query) -> Collected:
        """The first :data:`ENOUGH_EXTENTS` of an answer, collected once."""
        if query not in self._parts:
            self._parts[query] = self.collect(query, at_most=ENOUGH_EXTENTS)
        return self._parts[query]

    def sent_after_ok(self, query: Query) -> list[str]:
        """What the driver had not sent yet when it sent OK, one line per item; empty if it had sent everything.

        Raises:
            Inconclusive: it cannot be determined.
        """
        whole = self.whole(query)
        if not len(whole.offsets) or whole.reaches_capacity:
            return []
        probe = self.collect(from_offset(query, whole.end), at_most=ENOUGH_EXTENTS)
        more = probe.runs.within(whole.end, INT64_MAX)
        if not len(more):
            return []
        ranges = f"{counted(len(more), 'more range')}, the first at {more.first(1)[0][0]}"
        return [f"the stream ended with OK at byte {whole.end}, but a query from there returned {ranges}"]

    def sent(self, queries: str) -> str:
        """What was sent, for a report, when the case sends ``queries``."""
        return queries

    def require_response(self) -> None:
        """Make sure that there is something to judge: a service that answers nothing rejects nothing either.

        Raises:
            Inconclusive: no query got a message, or OK.
        """
        answers = [self.answer(query) for query in self.queries.values()]
        if not any(one.is_whole or one.messages for one in answers):
            raise Inconclusive(f"no query is answered: {answers[0].describe()}")


def sample(length: int, most: int = _SAMPLES) -> list[int]:
    """Positions in something of that length: first and last, and evenly between them."""
    if length <= most:
        return list(range(length))
    return sorted(set(np.linspace(0, length - 1, most).astype(int).tolist()))


def from_offset(query: Query, offset: int) -> Query:
    """The same query from another offset."""
    return replace(query, starting_offset=offset)


def in_messages_of(query: Query, max_results: int) -> Query:
    """The same query with another limit."""
    return replace(query, max_results=max_results)


def describe_query(query: Query) -> str:
    """A query for a report."""
    words = f"{query.operation}, starting_offset {query.starting_offset}"
    return words if query.max_results == DEFAULT_MAX_RESULTS else f"{words}, max_results {query.max_results}"
