"""Hops to findings, in order; what does not depend on a broken one is still looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from kubectl_cbt.checks.doctor.diagnosis_context import Walk
from kubectl_cbt.checks.doctor.hop import Hop, HopSequence, Seen
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.finding import REPORT_THE_BUG, Finding, Verdict, internal_error


def run(hops: HopSequence, walk: Walk, begins: Callable[[str], None]) -> Iterator[Finding]:
    """Look at each hop."""
    lost: list[Hop] = []
    for hop in hops:
        begins(hop.id)
        started = time.monotonic()
        missing = [need for need in hop.needs if need in lost]
        if missing:
            lost.append(hop)
            yield Finding(hop.id, hop.title, Verdict.SKIPPED, evidence=(f"needs {missing[0].id}",))
            continue
        finding = _look(hop, walk, started)
        if finding.verdict is Verdict.FAIL:
            lost.append(hop)
        yield finding


def _look(hop: Hop, walk: Walk, started: float) -> Finding:
    seen = Seen()
    try:
        hop.look(walk, seen)
    except CbtError as error:
        seen.fail(f"{error.prefix.removeprefix('error: ')}{error.message}", error.hint)
    except Exception as error:  # noqa: BLE001  # one hop that fails must not cost the report of all others
        seen.fail(internal_error(error), REPORT_THE_BUG)
    return Finding(
        id=hop.id,
        title=hop.title,
        verdict=Verdict.FAIL if seen.failures else Verdict.WARN if seen.warnings else Verdict.PASS,
        evidence=(*seen.failures, *seen.warnings, *seen.evidence),
        fix="\n".join(seen.fix),
        seconds=time.monotonic() - started,
    )
