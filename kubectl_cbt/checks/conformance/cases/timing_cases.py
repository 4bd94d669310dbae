"""How fast: nothing here is right or wrong, but for a driver that keeps its first message until it knows all."""

from __future__ import annotations

from kubectl_cbt.checks.conformance.case import SHOULD, Case, Needs, Observed
from kubectl_cbt.checks.conformance.driver_context import ENOUGH_EXTENTS, DriverContext, in_messages_of
from kubectl_cbt.stream.collect import Collected
from kubectl_cbt.units import human_rate, human_seconds

_SWEEP = (64, 256, 1024, 4096, 16384)
_SLOW_SECONDS = 60.0


def _measured(context: DriverContext) -> Observed:
    breaches: list[str] = []
    notes: list[str] = []
    for verb, query in context.queries.items():
        whole = context.whole(query)
        notes.append(f"{verb}: {_pace(whole)}")
        if whole.slowest_gap_seconds > _SLOW_SECONDS:
            breaches.append(f"{verb}: {human_seconds(whole.slowest_gap_seconds)} without a message")
    return Observed("the whole answers", tuple(breaches), tuple(notes))


def _pace(collected: Collected) -> str:
    if collected.first_message_seconds is None or not collected.messages:
        return f"nothing, after {human_seconds(collected.seconds)}"
    a_message = len(collected.offsets) / collected.messages
    return (
        f"first message after {human_seconds(collected.first_message_seconds)}"
        f", {human_rate(collected.messages / max(collected.seconds, 1e-3))} messages/s"
        f", {human_rate(a_message)} extents per message"
        f", slowest gap {human_seconds(collected.slowest_gap_seconds)}"
    )


def _sweep(context: DriverContext) -> Observed:
    notes = []
    for verb, query in context.queries.items():
        context.whole(query)
        rates = []
        for limit in _SWEEP:
            collected = context.ask(in_messages_of(query, limit), at_most=ENOUGH_EXTENTS)
            rates.append(f"{limit}: {human_rate(len(collected.offsets) / max(collected.seconds, 1e-3))}")
        notes.append(f"{verb}, extents/s by max_results: {', '.join(rates)}")
    return Observed("max_results " + ", ".join(map(str, _SWEEP)), notes=tuple(notes))


TIMING: tuple[Case, ...] = (
    Case(
        id="timing",
        title="messages come steadily",
        level=SHOULD,
        source="",
        procedure="Measures the first message, the rate, and the longest wait between two messages.",
        rationale="Load balancers and proxies cut connections that are silent for a minute, and the sidecar ends a"
        " stream after ten.",
        usual_bug="The whole answer is computed before the first message is sent.",
        look=_measured,
        needs=(Needs.ASKING,),
    ),
    Case(
        id="sweep",
        title="how fast it is, by max_results",
        level=SHOULD,
        source="",
        procedure="Asks for the beginning of the stream with several limits. Only measures.",
        rationale="At a few hundred extents a message gRPC's cost per message dominates; a driver's default decides"
        " what clients see.",
        usual_bug="",
        look=_sweep,
        needs=(Needs.ASKING,),
    ),
)
