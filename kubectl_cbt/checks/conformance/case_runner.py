"""Cases to findings, one after the other; whoever asked decides what becomes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from kubectl_cbt.checks.conformance.case import MUST, Case, Needs, Observed
from kubectl_cbt.checks.conformance.driver_context import DriverContext, Inconclusive
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.finding import REPORT_THE_BUG, Finding, Verdict, internal_error


def chosen(cases: Sequence[Case], only: Sequence[str], skip: Sequence[str]) -> list[Case]:
    """Those whose id fits a pattern of ``only`` (all, when empty) and none of ``skip``."""
    return [
        case
        for case in cases
        if (not only or any(fnmatchcase(case.id, pattern) for pattern in only))
        and not any(fnmatchcase(case.id, pattern) for pattern in skip)
    ]


def run(
    cases: Sequence[Case], context: DriverContext, missing: frozenset[Needs], on_start: Callable[[Case], None]
) -> Iterator[Finding]:
    """Look at each case.

    Args:
        lacks: what the exam has not; cases that need it are skipped.
        begins: told of each case before it is looked at.
    """
    for case in cases:
        on_start(case)
        started = time.monotonic()
        unmet = next((need for need in case.needs if need in missing), None)
        try:
            if unmet is not None:
                raise Inconclusive(unmet)
            finding = _judged(case, case.look(context))
        except Inconclusive as reason:
            finding = _finding(case, Verdict.SKIPPED, evidence=(str(reason),))
        except CbtError:
            raise
        except Exception as error:  # noqa: BLE001  # one case that fails must not cost the report of all others
            finding = _finding(case, Verdict.FAIL, evidence=(internal_error(error),), fix=REPORT_THE_BUG)
        yield replace(finding, seconds=time.monotonic() - started)


def _judged(case: Case, observed: Observed) -> Finding:
    if not observed.breaches:
        return _finding(case, Verdict.PASS, observed.sent, observed.notes)
    verdict = Verdict.FAIL if case.level == MUST else Verdict.WARN
    return _finding(case, verdict, observed.sent, observed.breaches, fix=observed.fix or case.usual_bug)


def _finding(case: Case, verdict: Verdict, sent: str = "", evidence: tuple[str, ...] = (), fix: str = "") -> Finding:
    return Finding(case.id, case.title, verdict, case.level, case.rule, case.source, sent, evidence, fix)
