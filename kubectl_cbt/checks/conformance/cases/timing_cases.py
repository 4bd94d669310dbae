"""Speed: measured only, except for a driver that sends nothing for a minute."""

from __future__ import annotations

from kubectl_cbt.checks.check import Check, CheckResult
from kubectl_cbt.checks.conformance.driver_context import ENOUGH_EXTENTS, DriverContext, in_messages_of
from kubectl_cbt.model.finding import SHOULD
from kubectl_cbt.stream.collect import Collected
from kubectl_cbt.units import human_rate, human_seconds

_SWEEP = (64, 256, 1024, 4096, 16384)
_SLOW_SECONDS = 60.0


def _measure(context: DriverContext, result: CheckResult) -> None:
    result.sent = context.sent("the complete answers")
    for operation, query in context.queries.items():
        whole = context.whole(query)
        result.note(f"{operation}: {_pace(whole)}")
        if whole.slowest_gap_seconds > _SLOW_SECONDS:
            result.fail(f"{operation}: {human_seconds(whole.slowest_gap_seconds)} without a message")


def _pace(collected: Collected) -> str:
    if collected.first_message_seconds is None or not collected.messages:
        return f"no message, OK after {human_seconds(collected.seconds)}"
    a_message = len(collected.offsets) / collected.messages
    return (
        f"first message after {human_seconds(collected.first_message_seconds)}"
        f", {human_rate(collected.messages / max(collected.seconds, 1e-3))} messages/s"
        f", {human_rate(a_message)} extents per message"
        f", slowest gap {human_seconds(collected.slowest_gap_seconds)}"
    )


def _sweep(context: DriverContext, result: CheckResult) -> None:
    result.sent = "max_results " + ", ".join(map(str, _SWEEP))
    for operation, query in context.queries.items():
        context.whole(query)
        rates = []
        for limit in _SWEEP:
            collected = context.collect(in_messages_of(query, limit), at_most=ENOUGH_EXTENTS)
            rates.append(f"{limit}: {human_rate(len(collected.offsets) / max(collected.seconds, 1e-3))}")
        result.note(f"{operation}, extents/s by max_results: {', '.join(rates)}")


TIMING: tuple[Check[DriverContext, None], ...] = (
    Check(
        id="timing",
        title="messages are sent steadily",
        level=SHOULD,
        procedure="Measures the time to the first message, the rate, and the longest gap between two messages.",
        rationale="Load balancers and proxies close connections that are idle for a minute, and the sidecar ends a"
        " stream after ten.",
        usual_bug="The whole answer is computed before the first message is sent.",
        run=_measure,
        judges_recordings=True,
    ),
    Check(
        id="sweep",
        title="throughput by max_results",
        level=SHOULD,
        procedure="Queries the beginning of the stream with several limits. Measures only.",
        rationale="At a few hundred extents per message the cost of each gRPC message dominates; a driver's default"
        " determines the speed that clients see.",
        run=_sweep,
    ),
)
