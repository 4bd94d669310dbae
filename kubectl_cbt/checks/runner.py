"""Hops to findings, in order; what does not depend on a broken one is still looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from kubectl_cbt.checks.check import Hop, HopResult, HopSequence
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.finding import REPORT_THE_BUG, Finding, Verdict, internal_error


def run(hops: HopSequence, context: DiagnosisContext, on_start: Callable[[str], None]) -> Iterator[Finding]:
    """Look at each hop."""
    lost: list[Hop] = []
    for hop in hops:
        on_start(hop.id)
        started = time.monotonic()
        missing = [need for need in hop.needs if need in lost]
        if missing:
            lost.append(hop)
            yield Finding(hop.id, hop.title, Verdict.SKIPPED, evidence=(f"needs {missing[0].id}",))
            continue
        finding = _look(hop, context, started)
        if finding.verdict is Verdict.FAIL:
            lost.append(hop)
        yield finding


def _look(hop: Hop, context: DiagnosisContext, started: float) -> Finding:
    result = HopResult()
    try:
        hop.look(context, result)
    except CbtError as error:
        result.fail(f"{error.prefix.removeprefix('error: ')}{error.message}", error.hint)
    except Exception as error:  # noqa: BLE001  # one hop that fails must not cost the report of all others
        result.fail(internal_error(error), REPORT_THE_BUG)
    return Finding(
        id=hop.id,
        title=hop.title,
        verdict=Verdict.FAIL if result.failures else Verdict.WARN if result.warnings else Verdict.PASS,
        evidence=(*result.failures, *result.warnings, *result.evidence),
        fix="\n".join(result.fix),
        seconds=time.monotonic() - started,
    )
