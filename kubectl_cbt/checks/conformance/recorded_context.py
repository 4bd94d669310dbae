"""A recording under the same cases: what was recorded is judged, and nothing else can be asked.

The cases are those of a driver. Three kinds of them need only the one answer that a recording holds, its resumes
joined: the rules, the end that was probed, and the timing. All others are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from kubectl_cbt.checks.conformance.case import Case, Needs, Observed
from kubectl_cbt.checks.conformance.driver_context import DriverContext, Inconclusive, SnapshotSeries, describe
from kubectl_cbt.errors import CbtError, DocumentError
from kubectl_cbt.model.record import Records, joined
from kubectl_cbt.model.refs import SnapshotIds
from kubectl_cbt.model.results import Outcome
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.recording.format import OK
from kubectl_cbt.recording.recorded_source import RecordedSource
from kubectl_cbt.recording.replay import ReplayedStream
from kubectl_cbt.stream.collect import Collected, StopReason

LACKS = frozenset({Needs.ASKING})
"""What no recording has."""

_PROBED, _PROBE_FAILED = "R8", "W4"


class RecordedContext(DriverContext):
    """An exam that knows one answer. Reads the recording when it is made.

    Attributes:
        outcome: how the stream came out that was recorded, the probe of its end included.
        unread: why the recording could not be read to its end; None when it was.
        probed: whether that was asked for.
    """

    def __init__(self, source: RecordedSource, stream: ReplayedStream) -> None:
        resolved = stream.resolved
        handle = resolved.query.base
        base_ref = resolved.base.ref if resolved.base else resolved.target.ref
        base = None if handle is None else SnapshotIds(base_ref, handle)
        super().__init__(source, SnapshotSeries(SnapshotIds(resolved.target.ref, resolved.target.handle), base))
        collected, self.outcome = _taken(source, stream)
        self.unread = collected.error if isinstance(collected.error, DocumentError) else None
        # An answer that followed one with OK was the probe's.
        self.probed = OK in source.codes[:-1]
        self._query = collected.query
        self._known[collected.query] = collected

    @property
    def queries(self) -> dict[str, Query]:
        return {self._query.operation: self._query}

    def ask(self, query: Query, *, at_most: int | None = None, seconds: float | None = None) -> Collected:
        raise Inconclusive(Needs.ASKING)

    def ask_once(self, query: Query, *, at_most: int) -> Collected:
        """A part that was not recorded: nothing came, and nothing is broken in it."""
        nothing = np.empty(0, dtype=np.int64)
        return Collected(query, nothing, nothing, nothing, None, None, (), None, StopReason.ENOUGH, 0.0, None, 0.0)


def for_recordings(cases: Iterable[Case]) -> list[Case]:
    """The cases as a recording can be looked at; those that cannot need :attr:`Needs.ASKING`."""
    return [_adapted(case) for case in cases]


def _adapted(case: Case) -> Case:
    if case.id.startswith("rule-"):
        return replace(case, look=_as_recorded(case.look), needs=())
    if case.id == "complete":
        return replace(case, look=_sent_all, needs=())
    if case.id == "timing":
        return replace(case, look=_as_recorded(case.look), needs=())
    return replace(case, needs=(Needs.ASKING, *case.needs))


def _as_recorded(look: Callable[[DriverContext], Observed]) -> Callable[[DriverContext], Observed]:
    def looked(context: DriverContext) -> Observed:
        return replace(look(context), sent=_sent(context))

    return looked


def _sent(context: DriverContext) -> str:
    return "as recorded: " + ", ".join(describe(query) for query in context.queries.values())


def _sent_all(context: DriverContext) -> Observed:
    """What the probe found, if the recorded stream was probed at all."""
    if not isinstance(context, RecordedContext):
        raise Inconclusive(Needs.ASKING)
    (query,) = context.queries.values()
    whole = context.whole(query)
    broken = {violation.rule: violation.examples[0].text for violation in context.outcome.violations}
    if _PROBED in broken:
        return Observed(_sent(context), (f"{query.operation}: {broken[_PROBED]}",))
    if _PROBE_FAILED in broken:
        raise Inconclusive(f"the driver could not be asked whether that was all: {broken[_PROBE_FAILED]}")
    if not (context.probed or whole.reaches_capacity or not len(whole.offsets)):
        raise Inconclusive("whether that was all was not asked when it was recorded")
    return Observed(_sent(context))


def _taken(source: RecordedSource, stream: ReplayedStream) -> tuple[Collected, Outcome]:
    """All that was recorded as one answer; what a resume brought again is in it twice, as it was sent."""
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
