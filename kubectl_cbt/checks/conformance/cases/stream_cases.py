"""Properties of every stream: it ends, it keeps the rules, it is repeatable, and its end can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_cbt.analysis.rules.all_rules import RULES
from kubectl_cbt.analysis.rules.end_rules import WholeStream
from kubectl_cbt.analysis.rules.rule import Rule
from kubectl_cbt.checks.check import Check, CheckResult, Inconclusive
from kubectl_cbt.checks.conformance.comparison import differences
from kubectl_cbt.checks.conformance.driver_context import (
    MORE_TIME,
    DriverContext,
    describe_query,
    from_offset,
    in_messages_of,
)
from kubectl_cbt.checks.conformance.requirements import SERVICE_SPEC
from kubectl_cbt.model.finding import SHOULD
from kubectl_cbt.model.results import MUST
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.collect import Collected
from kubectl_cbt.units import counted

_SLOW = (
    f"The stream is not stuck, but takes longer than this check allows: {MORE_TIME}. The sidecar ends a stream after"
    " 10 minutes (--max-streaming-duration-min)."
)
_NEVER_ENDS = (
    "See the message: an error is the driver's own. For a stream that never ends: a loop waits for a page that does not"
    " arrive, or a lock is still held by an earlier call."
)


def _answers(context: DriverContext, result: CheckResult) -> None:
    result.sent = " and ".join(map(describe_query, context.queries.values()))
    for operation, query in context.queries.items():
        answer = context.answer(query)
        if answer.is_whole:
            result.note(f"{operation}: {answer.describe()}")
        else:
            result.fail(f"{operation}: {answer.describe()}", _SLOW if answer.is_flowing else _NEVER_ENDS)


def _samples(context: DriverContext) -> Iterator[tuple[str, Collected]]:
    """Answers in which to look for broken rules: the whole one, one in small messages, one from the middle."""
    for query in context.queries.values():
        whole = context.answer(query)
        yield describe_query(query), whole
        if not whole.is_whole or not len(whole.runs):
            continue
        small = in_messages_of(query, 7)
        yield describe_query(small), context.part(small)
        middle = from_offset(query, int(whole.runs.ends[len(whole.runs) // 2]))
        yield describe_query(middle), context.part(middle)


def _keeps(rule: type[Rule]) -> Callable[[DriverContext, CheckResult], None]:
    def run(context: DriverContext, result: CheckResult) -> None:
        result.sent = context.sent("the whole stream, in messages of 7 extents, and from the middle")
        for query, collected in _samples(context):
            for violation in collected.violations:
                if violation.rule == rule.id:
                    times = counted(violation.count, "time")
                    result.fail(f"{query}: {times}, first in {violation.examples[0]}")

    return run


def _is_deterministic(context: DriverContext, result: CheckResult) -> None:
    def repeat(query: Query) -> list[str]:
        first, second = context.whole(query), context.collect(query)
        if second.failed:
            return [f"the second time: {second.describe()}"]
        lines = differences(first, second)
        if _type_and_capacity(first) != _type_and_capacity(second):
            lines.insert(0, f"type and capacity: {_type_and_capacity(first)}, then {_type_and_capacity(second)}")
        return lines

    _compare_each(context, result, repeat, "the same query twice")


def _type_and_capacity(collected: Collected) -> tuple[int | None, int | None]:
    return collected.block_metadata_type, collected.volume_capacity_bytes


def _survives_cancel(context: DriverContext, result: CheckResult) -> None:
    def repeat(query: Query) -> list[str]:
        whole = context.whole(query)
        context.collect(in_messages_of(query, 1), at_most=1)
        again = context.collect(query)
        return [f"the next call: {again.describe()}"] if again.failed else differences(whole, again)

    _compare_each(context, result, repeat, "a call that is cancelled after its first message, then another")


def _is_complete(context: DriverContext, result: CheckResult) -> None:
    sent = context.sent("a second query from the end of the last extent")
    _compare_each(context, result, context.sent_after_ok, sent)


def _compare_each(
    context: DriverContext, result: CheckResult, compare: Callable[[Query], list[str]], sent: str
) -> None:
    """Compare for each query; one that is inconclusive does not affect the other."""
    result.sent = sent
    reasons: list[Inconclusive] = []
    for operation, query in context.queries.items():
        try:
            lines = compare(query)
        except Inconclusive as reason:
            reasons.append(reason)
            continue
        for line in lines:
            result.fail(f"{operation}: {line}")
    if len(reasons) == len(context.queries):
        raise reasons[0]


def _case_of(rule: type[Rule]) -> Check[DriverContext, None]:
    return Check(
        id=f"rule-{rule.id.lower()}",
        title=rule.title,
        level=MUST if rule.level == MUST else SHOULD,
        rule=rule.id,
        source=rule.source,
        procedure="Checks every message of the whole stream, of one in messages of 7 extents, and of one that starts"
        " in the middle of the volume.",
        rationale=rule.rationale,
        usual_bug=rule.usual_bug,
        run=_keeps(rule),
        judges_recordings=True,
    )


STREAMS: tuple[Check[DriverContext, None], ...] = (
    Check(
        id="answers",
        title="a query for an existing snapshot is answered and ends with OK",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Sends both calls for the given snapshots, without a limit on the number of messages.",
        rationale="A stream that does not end cannot be checked any further.",
        usual_bug=_NEVER_ENDS,
        run=_answers,
    ),
    *(_case_of(rule) for rule in RULES if rule.shows_in_records),
    Check(
        id="complete",
        title=WholeStream.title,
        level=MUST,
        rule=WholeStream.id,
        source=WholeStream.source,
        procedure="If the last extent ends before the capacity, sends a second query from there: it must return"
        " nothing.",
        rationale=WholeStream.rationale,
        usual_bug=WholeStream.usual_bug,
        run=_is_complete,
        judges_recordings=True,
    ),
    Check(
        id="deterministic",
        title="the same query gets the same answer",
        level=SHOULD,
        source=SERVICE_SPEC,
        procedure="Sends each query twice and compares type, capacity and the bytes described; messages may be split"
        " differently.",
        rationale="Snapshots do not change. A resumed stream is complete only if the second answer describes the same"
        " bytes.",
        usual_bug="The answer is computed from the live volume, or by workers whose results are dropped when they are"
        " late.",
        run=_is_deterministic,
    ),
    Check(
        id="cancel",
        title="the next call works after a call was cancelled",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Cancels a call after its first message, sends another, and compares it with the first complete"
        " answer.",
        rationale="Clients disconnect: networks fail, users press Ctrl-C. A driver that keeps a lock then stays"
        " unavailable until it is restarted.",
        usual_bug="The stream's context is not checked while sending, or a lock is not released on that path.",
        run=_survives_cancel,
    ),
)
