"""Runs checks in order and yields their findings. Prints nothing; a check that cannot run is a finding too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from kubectl_cbt.checks.check import Check, CheckFailed, CheckResult, Inconclusive, SameContext
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.finding import REPORT_THE_BUG, SHOULD, Finding, Verdict, internal_error

NEEDS_A_DRIVER = "needs a driver that can be queried"
"""Why a check is skipped for a recording."""


def run(
    checks: Iterable[Check[SameContext, object]], context: SameContext, on_start: Callable[[str], None]
) -> Iterator[Finding]:
    """Run each check; those that do not depend on a failed one run all the same.

    Args:
        on_start: called with the id of each check before it runs.
    """
    failed: set[Check[SameContext, object]] = set()
    for check in checks:
        on_start(check.id)
        started = time.monotonic()
        finding = _finding(check, context, failed)
        if finding.verdict in (Verdict.FAIL, Verdict.SKIPPED):
            failed.add(check)
        yield replace(finding, seconds=time.monotonic() - started)


def _finding(
    check: Check[SameContext, object], context: SameContext, failed: set[Check[SameContext, object]]
) -> Finding:
    result = CheckResult()
    is_broken = False
    try:
        _require(check, context, failed)
        context.running = check
        context.facts.add(check, check.run(context, result))
    except Inconclusive as reason:
        return Finding(
            check.id, check.title, Verdict.SKIPPED, check.level, check.rule, check.source, evidence=(str(reason),)
        )
    except CheckFailed as failure:
        result.fail(failure.text, failure.fix)
    except CbtError as error:
        is_broken = True
        result.fail(f"{error.prefix.removeprefix('error: ')}{error.message}", error.hint)
    except Exception as error:  # noqa: BLE001  # one check that fails must not cost the report of all others
        is_broken = True
        result.fail(internal_error(error), REPORT_THE_BUG)
    return _report(check, result, is_broken=is_broken)


def _require(check: Check[SameContext, object], context: SameContext, failed: set[Check[SameContext, object]]) -> None:
    if context.is_recording and not check.judges_recordings:
        raise Inconclusive(NEEDS_A_DRIVER)
    for need in check.needs:
        if not isinstance(need, Check):
            need.of(context)
        elif need in failed:
            raise Inconclusive(f"needs {need.id}")


def _report(check: Check[SameContext, object], result: CheckResult, *, is_broken: bool) -> Finding:
    if result.failures:
        verdict = Verdict.WARN if check.level == SHOULD and not is_broken else Verdict.FAIL
    else:
        verdict = Verdict.WARN if result.warnings else Verdict.PASS
    # Beside what broke the spec, what did not is left out: a report of many cases has to show the breach.
    notes = [] if check.level and result.failures else result.notes
    return Finding(
        check.id,
        check.title,
        verdict,
        check.level,
        check.rule,
        check.source,
        result.sent,
        (*result.failures, *result.warnings, *notes),
        "\n".join(result.fix) or (check.usual_bug if result.failures else ""),
    )
