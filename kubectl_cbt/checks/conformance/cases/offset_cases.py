"""The end of the volume: its last block, its capacity, and offsets beyond it."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.checks.check import Check, CheckResult, Inconclusive
from kubectl_cbt.checks.conformance.comparison import differences
from kubectl_cbt.checks.conformance.driver_context import SHORT_DEADLINE_SECONDS, DriverContext, from_offset
from kubectl_cbt.checks.conformance.requirements import SERVICE_SPEC
from kubectl_cbt.checks.conformance.sound_extents import grain_bytes, sound_extents
from kubectl_cbt.errors import OffsetOutOfRange
from kubectl_cbt.model.finding import SHOULD
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.results import MUST
from kubectl_cbt.model.stream_query import Operation, Query
from kubectl_cbt.stream.collect import Collected

_BEYOND_BYTES = 2**30


def _capacities(context: DriverContext) -> Iterator[tuple[Operation, Query, Collected, int]]:
    known = 0
    for operation, query in context.queries.items():
        whole = context.whole(query)
        if whole.volume_capacity_bytes and whole.volume_capacity_bytes > 0:
            known += 1
            yield operation, query, whole, whole.volume_capacity_bytes
    if not known:
        raise Inconclusive("no stream contains the capacity")


def _last_block(context: DriverContext, result: CheckResult) -> None:
    sent = []
    for operation, query, whole, capacity in _capacities(context):
        if not len(sound_extents(whole)[0]):
            continue
        grain = grain_bytes(whole)
        start = (capacity - 1) // grain * grain
        sent.append(f"{operation}, starting_offset {start}")
        collected = context.collect(from_offset(query, start), seconds=SHORT_DEADLINE_SECONDS)
        lines = differences(whole, collected, start) if collected.is_whole else [collected.describe()]
        for line in lines:
            result.fail(f"{operation}: {line}")
    if not sent:
        raise Inconclusive("no extent shows the block size")
    result.sent = " and ".join(sent)


def _at_capacity(context: DriverContext, result: CheckResult) -> None:
    result.sent = "starting_offset = capacity"
    for operation, query, _, capacity in _capacities(context):
        collected = context.collect(from_offset(query, capacity), seconds=SHORT_DEADLINE_SECONDS)
        is_nothing = collected.is_whole and not len(collected.runs.within(capacity, min(capacity + 1, INT64_MAX)))
        is_fine = is_nothing or isinstance(collected.error, OffsetOutOfRange)
        (result.note if is_fine else result.fail)(f"{operation}: {collected.describe()}")


def _beyond(context: DriverContext, result: CheckResult) -> None:
    result.sent = "starting_offset = capacity + 1 GiB"
    sent = 0
    for operation, query, _, capacity in _capacities(context):
        if capacity > INT64_MAX - _BEYOND_BYTES:
            continue
        sent += 1
        collected = context.collect(from_offset(query, capacity + _BEYOND_BYTES), seconds=SHORT_DEADLINE_SECONDS)
        if not isinstance(collected.error, OffsetOutOfRange):
            result.fail(f"{operation}: {collected.describe()}")
    if not sent:
        raise Inconclusive("the capacity is so large that no offset lies 1 GiB beyond it")


OFFSETS: tuple[Check[DriverContext, None], ...] = (
    Check(
        id="offset-last-block",
        title="a query from the start of the last block returns the rest of the stream",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Queries from the start of the last block, and compares with the rest of the complete answer. The"
        " block size is the largest that divides all offsets and sizes.",
        rationale="Clients that resume, or that split a volume among workers, send such a query.",
        usual_bug="The offset is rounded up to the next block, which lies beyond the end; or the end of the volume is"
        " checked with >= one block too early.",
        run=_last_block,
    ),
    Check(
        id="offset-capacity",
        title="starting_offset = capacity returns nothing or OUT_OF_RANGE",
        level=SHOULD,
        source="The spec does not define whether the capacity itself is within the volume.",
        procedure="Queries from the capacity. Drivers in use give either answer.",
        rationale="Clients that always resume send this query after a stream that ended at the end of the volume.",
        usual_bug="Any other error makes such a client fail after it has received everything.",
        run=_at_capacity,
    ),
    Check(
        id="offset-beyond",
        title="an offset beyond the volume is OUT_OF_RANGE",
        level=SHOULD,
        source=SERVICE_SPEC,
        procedure="Queries from 1 GiB beyond the capacity.",
        rationale="An offset of another volume, or from before the volume shrank, is a client's mistake. An empty"
        " answer with OK makes it treat an unfinished backup as complete.",
        usual_bug="The loop over the blocks ends at once, without an error: the reference driver does that.",
        run=_beyond,
    ),
)
