"""Out-of-range numbers. A reference driver never answers some of them, and stays busy when the client disconnects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kubectl_cbt.checks.check import Check, CheckResult
from kubectl_cbt.checks.conformance.driver_context import DriverContext, describe_query
from kubectl_cbt.checks.conformance.requirements import HOSTILE as ALLOWED
from kubectl_cbt.checks.conformance.requirements import SERVICE_SPEC
from kubectl_cbt.model.finding import SHOULD
from kubectl_cbt.model.results import MUST
from kubectl_cbt.model.stream_query import MAX_MAX_RESULTS, Query
from kubectl_cbt.stream.collect import Collected

_DEADLINE_SECONDS = 5.0


def _rejected(change: Callable[[Query], Query], *codes: str) -> Callable[[DriverContext, CheckResult], None]:
    def run(context: DriverContext, result: CheckResult) -> None:
        context.require_response()
        for operation, query in context.queries.items():
            changed = change(query)
            result.sent = describe_query(changed)
            code = _code(context.collect(changed, at_most=1, seconds=_DEADLINE_SECONDS))
            (result.note if code in codes else result.fail)(f"{operation}: {code}")

    return run


def _code(collected: Collected) -> str:
    if collected.is_stalled:
        return f"no answer in {_DEADLINE_SECONDS:g} s; check the driver's CPU: it may be busy with this forever"
    return collected.code


def _accepts_large_limit(context: DriverContext, result: CheckResult) -> None:
    result.sent = f"max_results {MAX_MAX_RESULTS}"
    for operation, query in context.queries.items():
        collected = context.collect(replace(query, max_results=MAX_MAX_RESULTS), at_most=1)
        if collected.failed:
            result.fail(f"{operation}: {collected.describe()}")


_RATIONALE = "Any client can send it, by mistake or not. A driver that hangs on it is unavailable to all clients."

HOSTILE: tuple[Check[DriverContext, None], ...] = (
    Check(
        id="hostile-negative-offset",
        title="a negative starting_offset is rejected",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Sends starting_offset −1.",
        rationale=_RATIONALE,
        usual_bug="The offset is read as unsigned, or divided and used as an index.",
        run=_rejected(lambda query: replace(query, starting_offset=-1), "OUT_OF_RANGE", "INVALID_ARGUMENT"),
        needs=(ALLOWED,),
    ),
    Check(
        id="hostile-negative-limit",
        title="a negative max_results is rejected",
        level=SHOULD,
        source="The spec defines 0, and no negative values.",
        procedure="Sends max_results −1, with a deadline.",
        rationale=_RATIONALE,
        usual_bug="A loop that sends while it has fewer than max_results extents never ends: the reference driver keeps"
        " a core busy even after the client has disconnected.",
        run=_rejected(lambda query: replace(query, max_results=-1), "INVALID_ARGUMENT", "OUT_OF_RANGE"),
        needs=(ALLOWED,),
    ),
    Check(
        id="hostile-huge-offset",
        title="starting_offset 2^63−1 is OUT_OF_RANGE",
        level=SHOULD,
        source=SERVICE_SPEC,
        procedure="Sends starting_offset 2^63 − 1.",
        rationale=_RATIONALE,
        usual_bug="offset + size overflows and passes the comparison with the capacity.",
        run=_rejected(lambda query: replace(query, starting_offset=2**63 - 1), "OUT_OF_RANGE"),
        needs=(ALLOWED,),
    ),
    Check(
        id="hostile-huge-limit",
        title="max_results 2^31−1 is accepted",
        level=MUST,
        source=SERVICE_SPEC,
        procedure="Sends max_results 2^31 − 1, an upper bound: any number of extents is allowed.",
        rationale="A message may always have fewer extents, so no limit is too large.",
        usual_bug="A buffer of that many entries is allocated at once.",
        run=_accepts_large_limit,
        needs=(ALLOWED,),
    ),
)
