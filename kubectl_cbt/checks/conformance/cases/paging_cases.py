"""Messages of any size, and streams resumed at any offset: they describe the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_cbt.checks.check import Check, CheckResult, Inconclusive
from kubectl_cbt.checks.conformance.comparison import differences
from kubectl_cbt.checks.conformance.driver_context import (
    ENOUGH_EXTENTS,
    DriverContext,
    from_offset,
    in_messages_of,
    sample,
)
from kubectl_cbt.checks.conformance.requirements import SERVICE_SPEC
from kubectl_cbt.checks.conformance.sound_extents import grain_bytes, sound_extents
from kubectl_cbt.model.finding import SHOULD
from kubectl_cbt.model.results import MUST
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.collect import Collected

_FEW_EXTENTS = 500
_SHOWN = 4


def _with_limit(limit: int) -> Callable[[DriverContext, CheckResult], None]:
    # One message per extent is slow, and a few hundred are enough to find a defect.
    at_most = _FEW_EXTENTS if limit < 100 else ENOUGH_EXTENTS

    def run(context: DriverContext, result: CheckResult) -> None:
        result.sent = f"max_results {limit}"
        for operation, query in context.queries.items():
            whole = context.whole(query)
            collected = context.collect(in_messages_of(query, limit), at_most=at_most)
            for line in _breaches(collected, whole, limit):
                result.fail(f"{operation}: {line}")

    return run


def _breaches(collected: Collected, whole: Collected, limit: int) -> Iterator[str]:
    if collected.failed:
        yield collected.describe()
        return
    if collected.messages and int(collected.per_message.max()) > limit:
        yield f"a message of {int(collected.per_message.max())} extents"
    yield from differences(whole, collected)


def _ends(whole: Collected) -> list[int]:
    """Where a stream may break: after an extent, but not after the last one, from where some drivers reject a query."""
    ends = sound_extents(whole)[1][:-1]
    return [int(ends[index]) for index in sample(len(ends))]


def _inside_aligned(whole: Collected) -> list[int]:
    """Inside extents, at a multiple of the volume's grain."""
    offsets, ends = sound_extents(whole)
    sizes = ends - offsets
    grain = grain_bytes(whole)
    large = [index for index in sample(len(offsets), 200) if int(sizes[index]) >= 2 * grain]
    return [int(offsets[large[at]]) + grain for at in sample(len(large))]


def _unaligned(whole: Collected) -> list[int]:
    """Inside extents, one byte after them, and the last byte of the volume."""
    offsets, ends = sound_extents(whole)
    found = []
    for index in sample(len(offsets)):
        offset, size = int(offsets[index]), int(ends[index]) - int(offsets[index])
        found.append(offset + size // 2 + 1 if size > 2 else offset + 1)
    capacity = whole.volume_capacity_bytes or 0
    last = [capacity - 1] if capacity > 0 else []
    return [*found, *(end + 1 for end in _ends(whole)[:4]), *last]


def _from(offsets: Callable[[Collected], list[int]], where: str) -> Callable[[DriverContext, CheckResult], None]:
    def run(context: DriverContext, result: CheckResult) -> None:
        breaches: list[str] = []
        sent = 0
        for operation, query in context.queries.items():
            whole = context.whole(query)
            for offset in offsets(whole):
                sent += 1
                lines = _compare_tail(context, query, whole, offset)
                breaches += [f"{operation} from {offset}: {line}" for line in lines]
        if not sent:
            raise Inconclusive("the volume has too few extents, or extents that are too small")
        result.sent = f"starting_offset {where}, {sent} queries"
        for line in breaches[:_SHOWN]:
            result.fail(line)
        if len(breaches) > _SHOWN:
            result.fail(f"and {len(breaches) - _SHOWN} more")

    return run


def _compare_tail(context: DriverContext, query: Query, whole: Collected, offset: int) -> list[str]:
    tail = context.collect(from_offset(query, offset), at_most=ENOUGH_EXTENTS)
    if tail.failed:
        return [tail.describe()]
    return differences(whole, tail, offset)


def _limit_case(limit: int) -> Check[DriverContext, None]:
    return Check(
        id=f"max-results-{limit}",
        title=f"with max_results {limit}, no message has more extents, and the same bytes are described",
        level=MUST,
        rule="R6",
        source=SERVICE_SPEC,
        procedure=f"Queries in messages of at most {limit} extents, counts the extents of each, and compares the bytes"
        " with those of the complete answer.",
        rationale="The limit is the size of the caller's buffer, and the way an answer is split into messages must not"
        " change its contents.",
        usual_bug="max_results is passed to the storage system as its page size, which rounds it; or the extent at a"
        " page boundary is sent twice, or omitted. Merging runs only within a page is allowed.",
        run=_with_limit(limit),
    )


_TAIL = "Compares the answer with the rest of the complete answer, clipped to the offset."

PAGING: tuple[Check[DriverContext, None], ...] = (
    *(_limit_case(limit) for limit in (1, 2, 7, 1000)),
    Check(
        id="resume-extent-ends",
        title="a query from the end of any extent returns the rest of the stream",
        level=MUST,
        rule="R9",
        source=SERVICE_SPEC,
        procedure=f"Resumes after extents across the whole volume. {_TAIL}",
        rationale="The sidecar ends every stream after ten minutes. A backup loses what a resume loses.",
        usual_bug="starting_offset is interpreted as a page number, or compared with <= instead of <, which omits the"
        " extent that starts there.",
        run=_from(_ends, "= ends of extents"),
    ),
    Check(
        id="resume-inside-aligned",
        title="a query from a block boundary inside an extent returns the rest of the stream",
        level=MUST,
        rule="R7",
        source=SERVICE_SPEC,
        procedure=f"Starts one block into extents of more than one block. {_TAIL} The first extent may start before the"
        " offset.",
        rationale="A client may start at any offset: clients that split a volume among workers do.",
        usual_bug="Extents that start before the offset are dropped, including the part of them after it.",
        run=_from(_inside_aligned, "= one block into extents"),
    ),
    Check(
        id="resume-unaligned",
        title="a query from an offset that is not a multiple of the block size returns the rest of the stream",
        level=SHOULD,
        rule="R7",
        source="The spec does not restrict starting_offset, and defines no error for one that is not aligned.",
        procedure=f"Starts in the middle of extents and blocks, and at the last byte of the volume. {_TAIL}",
        rationale="Wrong blocks followed by OK are the worst possible answer: the backup looks valid and is not.",
        usual_bug="The offset is divided by the block size and the remainder is lost, or added to every block, which"
        " shifts all of them. The reference driver does that. Round down, or return OUT_OF_RANGE.",
        run=_from(_unaligned, "not aligned"),
    ),
)
