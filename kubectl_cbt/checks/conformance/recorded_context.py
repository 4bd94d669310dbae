"""A recording in place of a driver: the one answer it contains, its resumes joined. Nothing else can be queried."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.analysis.rules.end_rules import KnownEnd, WholeStream
from kubectl_cbt.checks.check import Inconclusive
from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotSeries, describe_query
from kubectl_cbt.checks.runner import NEEDS_A_DRIVER
from kubectl_cbt.errors import CbtError, DocumentError
from kubectl_cbt.model.record import Records, joined
from kubectl_cbt.model.refs import SnapshotIds
from kubectl_cbt.model.results import Outcome
from kubectl_cbt.model.stream_query import Operation, Query
from kubectl_cbt.recording.format import OK
from kubectl_cbt.recording.recorded_source import RecordedSource
from kubectl_cbt.recording.replay import ReplayedStream
from kubectl_cbt.stream.collect import Collected, StopReason


class RecordedContext(DriverContext):
    """A driver of which one answer is known. Reads the recording when it is made.

    Attributes:
        outcome: how the recorded stream ended, including the query that confirms its end.
        unread: why the recording could not be read to its end; None when it was.
        is_confirmed: whether the recording contains a query that confirms the end.
    """

    is_recording = True

    def __init__(self, source: RecordedSource, stream: ReplayedStream) -> None:
        resolved = stream.resolved
        handle = resolved.query.base
        base_ref = resolved.base.ref if resolved.base else resolved.target.ref
        base = None if handle is None else SnapshotIds(base_ref, handle)
        super().__init__(source, SnapshotSeries(SnapshotIds(resolved.target.ref, resolved.target.handle), base))
        collected, self.outcome = _read(source, stream)
        self.unread = collected.error if isinstance(collected.error, DocumentError) else None
        # A response after one that ended with OK answers the query that confirms the end.
        self.is_confirmed = OK in source.codes[:-1]
        self._query = collected.query
        self._answers[collected.query] = collected

    @property
    def queries(self) -> dict[Operation, Query]:
        return {self._query.operation: self._query}

    def collect(self, query: Query, *, at_most: int | None = None, seconds: float | None = None) -> Collected:
        raise Inconclusive(NEEDS_A_DRIVER)

    def part(self, query: Query) -> Collected:
        """A part that was not recorded: no extents, and no rule is broken."""
        nothing = np.empty(0, dtype=np.int64)
        return Collected(query, nothing, nothing, nothing, None, None, (), None, StopReason.ENOUGH, 0.0, None, 0.0)

    def sent_after_ok(self, query: Query) -> list[str]:
        whole = self.whole(query)
        broken = {violation.rule: violation.examples[0].text for violation in self.outcome.violations}
        if WholeStream.id in broken:
            return [broken[WholeStream.id]]
        if KnownEnd.id in broken:
            raise Inconclusive(f"the query that confirms the end failed: {broken[KnownEnd.id]}")
        if not (self.is_confirmed or whole.reaches_capacity or not len(whole.offsets)):
            raise Inconclusive("the recording does not contain the query that confirms the end")
        return []

    def sent(self, queries: str) -> str:
        return "as recorded: " + ", ".join(map(describe_query, self.queries.values()))


def _read(source: RecordedSource, stream: ReplayedStream) -> tuple[Collected, Outcome]:
    """The whole recording as one answer; extents that were sent again after a resume occur twice."""
    groups: list[Records] = []
    error: CbtError | None = None
    try:
        groups.extend(batch.records for batch in stream)
    except CbtError as failure:
        error = failure
    outcome = stream.outcome(error)
    collected = Collected(
        query=stream.resolved.query,
        offsets=joined([group.offsets for group in groups]),
        sizes=joined([group.sizes for group in groups]),
        per_message=joined([np.diff(group.bounds) for group in groups]),
        block_metadata_type=outcome.block_metadata_type,
        volume_capacity_bytes=outcome.volume_capacity_bytes,
        violations=outcome.violations,
        error=error,
        stopped=None,
        seconds=source.seconds,
        first_message_seconds=source.first_message_seconds,
        slowest_gap_seconds=source.slowest_gap_seconds,
    )
    return collected, outcome
