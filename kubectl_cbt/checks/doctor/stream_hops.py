"""The sidecar and the driver: health, a first response, a stream."""

from __future__ import annotations

from kubectl_cbt.checks.check import Check, CheckResult
from kubectl_cbt.checks.doctor.access_hops import TOKEN
from kubectl_cbt.checks.doctor.cluster_hops import KUBECONFIG
from kubectl_cbt.checks.doctor.connection_hops import TLS
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.checks.doctor.snapshot_hops import PAIR
from kubectl_cbt.model.results import MUST
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.collect import Collected, collect
from kubectl_cbt.units import as_argument, human_seconds
from kubectl_cbt.wire.sidecar import SidecarSource
from kubectl_cbt.wire.source import Source

_FIRST_SECONDS, _STREAM_SECONDS = 30.0, 20.0
_ENOUGH_EXTENTS = 20_000
_WAIT_LONGER = "kubectl cbt check --only answers --deadline 10m"


def _health(context: DiagnosisContext, result: CheckResult) -> SidecarSource:
    source = _open_source(context)
    status = source.health()
    if status == "SERVING":
        result.note("SERVING")
    elif status == "UNIMPLEMENTED":
        result.warn("there is no health service: is this external-snapshot-metadata, or a replacement for it?")
    else:
        result.fail(
            f"{status}: the sidecar has not validated its driver",
            "see the sidecar's log; it queries the driver's Identity service for SNAPSHOT_METADATA_SERVICE and waits"
            " for its Probe",
        )
    return source


def _first_call(context: DiagnosisContext, result: CheckResult) -> SidecarSource:
    source = context.fact_if_found(HEALTH) or _open_source(context)
    check_first_response(source, context.fact(PAIR).query, result)
    return source


def _stream(context: DiagnosisContext, result: CheckResult) -> None:
    check_stream(context.fact(FIRST_CALL), context.fact(PAIR).query, result)


def _open_source(context: DiagnosisContext) -> SidecarSource:
    source = context.fact(KUBECONFIG).connector.source(context.fact(PAIR))
    context.stack.callback(source.close)
    return source


def check_first_response(source: Source, query: Query, result: CheckResult) -> None:
    """Whether a query is answered at all; a sidecar that rejects it raises the error with its hint.

    Raises:
        CbtError: the service answered with an error.
    """
    collected = collect(source, query, deadline_seconds=_FIRST_SECONDS, at_most=1)
    if collected.error is not None:
        raise collected.error
    if collected.is_stalled:
        result.fail(
            collected.describe(),
            f"the driver is still computing, or hangs: see its log. To wait longer: {_WAIT_LONGER}",
        )
        return
    after = collected.first_message_seconds
    first = f"first message after {human_seconds(after)}" if after is not None else "no message, then OK"
    result.note(f"{query.operation}: {first}")


def check_stream(source: Source, query: Query, result: CheckResult) -> None:
    """All of a small stream, or the beginning of a large one.

    Raises:
        CbtError: the service answered with an error.
    """
    collected = collect(source, query, deadline_seconds=_STREAM_SECONDS, at_most=_ENOUGH_EXTENTS)
    if collected.error is not None:
        raise collected.error
    if collected.is_stalled:
        result.fail(collected.describe(), "the driver hangs: see its log")
    elif collected.is_flowing:
        result.warn(
            collected.describe(),
            "the driver is slow, but does not hang: delta and allocated wait for it. To see whether the stream ends:"
            f" {_WAIT_LONGER}",
        )
    else:
        result.note(collected.describe())
    _report_rules(collected, result)


def _report_rules(collected: Collected, result: CheckResult) -> None:
    for violation in collected.violations:
        report = result.fail if violation.level == MUST else result.warn
        report(
            f"the stream breaks {violation.rule}, {violation.title}: {violation.examples[0].text}",
            f"the usual bug: kubectl cbt check --explain {as_argument(f'rule-{violation.rule.lower()}')}",
        )


HEALTH = Check("health", "the sidecar is healthy", _health, (TLS, TOKEN, PAIR))
FIRST_CALL = Check("first-call", "the first call is answered", _first_call, (TLS, TOKEN, PAIR), uses=(HEALTH,))
STREAM = Check("stream", "the stream keeps the rules", _stream, (FIRST_CALL,))
