"""What holds of every stream: that it ends, the rules, the same answer twice, an end that can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubectl_cbt.analysis.rules.registry import RULES
from kubectl_cbt.analysis.rules.rule import Rule
from kubectl_cbt.checks.conformance.case import MUST, SHOULD, Case, Needs, Observed
from kubectl_cbt.checks.conformance.comparison import differences
from kubectl_cbt.checks.conformance.driver_context import (
    ENOUGH_EXTENTS,
    MORE_TIME,
    DriverContext,
    Inconclusive,
    describe,
    from_offset,
    in_messages_of,
)
from kubectl_cbt.model.query import Query
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.results import Violation
from kubectl_cbt.stream.collect import Collected
from kubectl_cbt.units import counted

_SLOW = (
    f"The stream is not stuck, it takes longer than this check allows: {MORE_TIME}. The sidecar ends a stream after"
    " 10 minutes (--max-streaming-duration-min)."
)
_NEVER_ENDS = (
    "See the message: an error is the driver's own. One that never ends: a loop that waits for a page that does not"
    " come, or a lock that a former call still holds."
)


def _answers(context: DriverContext) -> Observed:
    breaches: list[str] = []
    notes: list[str] = []
    answers = {verb: context.first_asked(query) for verb, query in context.queries.items()}
    for verb, collected in answers.items():
        (notes if collected.is_whole else breaches).append(f"{verb}: {collected.describe()}")
    fixes = [_SLOW] if any(collected.is_flowing for collected in answers.values()) else []
    if any(collected.failed for collected in answers.values()):
        fixes.append(_NEVER_ENDS)
    sent = " and ".join(map(describe, context.queries.values()))
    return Observed(sent, tuple(breaches), tuple(notes), "\n".join(fixes))


def _samples(context: DriverContext) -> Iterator[tuple[str, Collected]]:
    """Answers to look for broken rules in: the whole, one in small messages, one from the middle."""
    for query in context.queries.values():
        whole = context.first_asked(query)
        yield describe(query), whole
        if not whole.is_whole or not len(whole.runs):
            continue
        small = in_messages_of(query, 7)
        yield describe(small), context.ask_once(small, at_most=ENOUGH_EXTENTS)
        middle = from_offset(query, int(whole.runs.ends[len(whole.runs) // 2]))
        yield describe(middle), context.ask_once(middle, at_most=ENOUGH_EXTENTS)


def _keeps(rule: type[Rule]) -> Callable[[DriverContext], Observed]:
    def look(context: DriverContext) -> Observed:
        breaches = [
            f"{asked}: {_broken(violation)}"
            for asked, collected in _samples(context)
            for violation in collected.violations
            if violation.rule == rule.id
        ]
        return Observed("whole, in messages of 7, and from the middle", tuple(breaches))

    return look


def _broken(violation: Violation) -> str:
    example = violation.examples[0]
    where = f"message {example.record}"
    if example.extent is not None:
        where += f", extent {example.extent} ({example.byte_offset}+{example.size_bytes})"
    return f"{counted(violation.count, 'time')}, first in {where}: {example.text}"


def _is_deterministic(context: DriverContext) -> Observed:
    def again(query: Query) -> list[str]:
        first, second = context.whole(query), context.ask(query)
        if second.failed:
            return [f"the second time: {second.describe()}"]
        said = [f"type and capacity: {_about(first)}, then {_about(second)}"] if _about(first) != _about(second) else []
        return said + differences(first, second)

    return _of_each(context, again, "the same question twice")


def _about(collected: Collected) -> tuple[int | None, int | None]:
    return collected.block_metadata_type, collected.volume_capacity_bytes


def _survives_cancel(context: DriverContext) -> Observed:
    def after(query: Query) -> list[str]:
        whole = context.whole(query)
        context.ask(in_messages_of(query, 1), at_most=1)
        again = context.ask(query)
        return [f"the next call: {again.describe()}"] if again.failed else differences(whole, again)

    return _of_each(context, after, "a call that is cancelled after its first message, then another")


def _sends_all(context: DriverContext) -> Observed:
    def rest(query: Query) -> list[str]:
        whole = context.whole(query)
        if not len(whole.offsets) or whole.reaches_capacity:
            return []
        probe = context.ask(from_offset(query, whole.end), at_most=ENOUGH_EXTENTS)
        more = probe.runs.within(whole.end, INT64_MAX)
        if not len(more):
            return []
        return [(f"OK came at byte {whole.end}, and from there {counted(len(more), 'range')} more, the first at"
                f" {more.first(1)[0][0]}")]  # fmt: skip

    return _of_each(context, rest, "once more from the end of the last extent")


def _of_each(context: DriverContext, look: Callable[[Query], list[str]], sent: str) -> Observed:
    """Both questions; one that cannot be judged leaves it to the other."""
    breaches: list[str] = []
    reasons: list[str] = []
    for verb, query in context.queries.items():
        try:
            breaches += [f"{verb}: {line}" for line in look(query)]
        except Inconclusive as reason:
            reasons.append(str(reason))
    if len(reasons) == len(context.queries):
        raise Inconclusive(reasons[0])
    return Observed(sent, tuple(breaches))


def _case_of(rule: type[Rule]) -> Case:
    return Case(
        id=f"rule-{rule.id.lower()}",
        title=rule.title,
        level=MUST if rule.level == MUST else SHOULD,
        rule=rule.id,
        procedure="Every message of the whole stream, of one in messages of 7 extents, and of one from the middle.",
        rationale=rule.rationale,
        usual_bug=rule.usual_bug,
        look=_keeps(rule),
        source=rule.source,
    )


STREAMS: tuple[Case, ...] = (
    Case(
        id="answers",
        title="a question about a snapshot that exists is answered, and ends with OK",
        level=MUST,
        procedure="Both calls for the snapshots named, without a limit of our own on the number of messages.",
        rationale="Nothing else can be judged of a stream that does not end.",
        usual_bug=_NEVER_ENDS,
        look=_answers,
        needs=(Needs.ASKING,),
    ),
    *(_case_of(rule) for rule in RULES if rule.shows_in_records),
    Case(
        id="complete",
        title="a stream ends with OK only after everything was sent",
        level=MUST,
        rule="R8",
        procedure="When the last extent ends in front of the capacity, asks once more from there: nothing may come.",
        rationale="A backup that believes the OK misses the rest, and nobody notices before the restore.",
        usual_bug="Only the first page of the storage system's answer is passed on (a released driver did that); an"
        " error in the"
        " middle is logged, and the stream closed without a status.",
        look=_sends_all,
        needs=(Needs.ASKING,),
    ),
    Case(
        id="deterministic",
        title="the same question gets the same answer",
        level=SHOULD,
        procedure="Asks twice, and compares type, capacity and the bytes told of; messages may be cut differently.",
        rationale="Snapshots do not change. A stream that is resumed is only whole if the second answer is about the"
        " same.",
        usual_bug="The answer is computed from the live volume, or by workers whose results are dropped when they are"
        " late.",
        look=_is_deterministic,
        needs=(Needs.ASKING,),
    ),
    Case(
        id="cancel",
        title="a call that is cancelled leaves the next one working",
        level=MUST,
        procedure="Cancels after the first message, asks again, and compares with the first whole answer.",
        rationale="Clients go away: networks break, people press Ctrl-C. A driver that then keeps a lock is out of"
        " order until it"
        " is restarted.",
        usual_bug="The stream's context is not looked at while sending, or a lock is not released on that way out.",
        look=_survives_cancel,
        needs=(Needs.ASKING,),
    ),
)
