"""Numbers nobody should send. One reference driver never answers some, and stays busy after the client has gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kubectl_cbt.checks.conformance.case import MUST, SHOULD, Case, Needs, Observed
from kubectl_cbt.checks.conformance.driver_context import DriverContext, describe
from kubectl_cbt.model.stream_query import MAX_MAX_RESULTS, Query
from kubectl_cbt.stream.collect import Collected

_PATIENCE_SECONDS = 5.0


def _refuses(change: Callable[[Query], Query], *codes: str) -> Callable[[DriverContext], Observed]:
    def look(context: DriverContext) -> Observed:
        context.require_an_answer()
        breaches: list[str] = []
        notes: list[str] = []
        sent = ""
        for verb, query in context.queries.items():
            asked = change(query)
            sent = describe(asked)
            collected = context.ask(asked, at_most=1, seconds=_PATIENCE_SECONDS)
            code = _code(collected)
            (notes if code in codes else breaches).append(f"{verb}: {code}")
        return Observed(sent, tuple(breaches), tuple(notes))

    return look


def _code(collected: Collected) -> str:
    if collected.is_stalled:
        return f"no answer in {_PATIENCE_SECONDS:g} s; look at the driver's CPU: it may be busy with this for good"
    return collected.code


def _takes_large_limit(context: DriverContext) -> Observed:
    breaches = []
    for verb, query in context.queries.items():
        collected = context.ask(
            replace(query, max_results=MAX_MAX_RESULTS), at_most=1, seconds=context.deadline_seconds
        )
        if collected.failed:
            breaches.append(f"{verb}: {collected.describe()}")
    return Observed(f"max_results {MAX_MAX_RESULTS}", tuple(breaches))


_WHY = "Any client may send it, by mistake or not. A driver that hangs on it is out of order for everyone."

HOSTILE: tuple[Case, ...] = (
    Case(
        id="hostile-negative-offset",
        title="a negative starting_offset is refused",
        level=MUST,
        procedure="starting_offset −1.",
        rationale=_WHY,
        usual_bug="Read as unsigned, or divided and used as an index.",
        look=_refuses(lambda query: replace(query, starting_offset=-1), "OUT_OF_RANGE", "INVALID_ARGUMENT"),
        needs=(Needs.ASKING, Needs.HOSTILE),
    ),
    Case(
        id="hostile-negative-limit",
        title="a negative max_results is refused",
        level=SHOULD,
        source="The spec says what 0 means, and nothing of less.",
        procedure="max_results −1, with a deadline.",
        rationale=_WHY,
        usual_bug="A loop that sends while fewer than max_results are held never ends: the reference driver keeps a"
        " core busy"
        " even after the client has gone.",
        look=_refuses(lambda query: replace(query, max_results=-1), "INVALID_ARGUMENT", "OUT_OF_RANGE"),
        needs=(Needs.ASKING, Needs.HOSTILE),
    ),
    Case(
        id="hostile-huge-offset",
        title="an absurd starting_offset is OUT_OF_RANGE",
        level=SHOULD,
        procedure="starting_offset 2^63 − 1.",
        rationale=_WHY,
        usual_bug="offset + size overflows, and the comparison with the capacity is passed.",
        look=_refuses(lambda query: replace(query, starting_offset=2**63 - 1), "OUT_OF_RANGE"),
        needs=(Needs.ASKING, Needs.HOSTILE),
    ),
    Case(
        id="hostile-huge-limit",
        title="the largest max_results there is, is taken",
        level=MUST,
        procedure="max_results 2^31 − 1: at most that many, so any number is fine.",
        rationale="Fewer are always allowed, so that no limit is too large.",
        usual_bug="A buffer of that many entries is allocated at once.",
        look=_takes_large_limit,
        needs=(Needs.ASKING, Needs.HOSTILE),
    ),
)
