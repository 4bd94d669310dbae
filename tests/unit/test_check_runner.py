"""One runner for all checks: an unexpected failure is a finding, a check that cannot run is skipped."""

from dataclasses import dataclass
from typing import Any

import pytest

from kubectl_cbt.checks.check import (
    Capability,
    Check,
    CheckContext,
    CheckFailed,
    CheckResult,
    Inconclusive,
    check_sequence,
)
from kubectl_cbt.checks.runner import run
from kubectl_cbt.errors import NotFound
from kubectl_cbt.model.finding import SHOULD, Finding, Verdict
from kubectl_cbt.model.results import MUST


@dataclass(eq=False)
class Context(CheckContext):
    third: str | None = None


class Recording(CheckContext):
    is_recording = True


def _fails(context: Any, result: CheckResult) -> None:
    result.note("seen before")
    raise KeyError("a secret")


def _passes(context: Any, result: CheckResult) -> None:
    result.note("fine")


def findings(*checks: Check, context: Any = None) -> list[Finding]:
    return list(run(check_sequence(*checks), context or Context(), lambda check_id: None))


def finding(run: Any, **fields: Any) -> Finding:
    (found,) = findings(Check("a", "a", run, **fields))
    return found


def test_an_exception_of_ours_in_a_check_is_the_finding_of_that_check():
    first = Check("a", "a", _fails)
    failed, needs, other = findings(first, Check("b", "b", _passes, needs=(first,)), Check("c", "c", _passes))
    assert failed.verdict is Verdict.FAIL
    assert failed.evidence[0].startswith("internal error: KeyError at ")
    assert failed.evidence[1] == "seen before"
    assert "secret" not in str(failed)
    assert "please report it" in failed.fix
    assert (needs.verdict, other.verdict) == (Verdict.SKIPPED, Verdict.PASS)


@pytest.mark.parametrize("level", ["", MUST, SHOULD])
def test_an_exception_of_ours_is_a_failure_at_every_level(level):
    assert finding(_fails, level=level).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ((Check("b", "b", _passes, (Check("a", "a", _passes),)),), "check b needs a, which does not come before it"),
        ((Check("b", "b", _passes, uses=(Check("a", "a", _passes),)),), "check b needs a, which does not come before"),
        ((Check("a", "a", _passes), Check("a", "again", _passes)), "two checks have the same id: a, a"),
    ],
)
def test_a_sequence_refuses_what_it_would_not_run(checks, words):
    with pytest.raises(ValueError, match=words):
        check_sequence(*checks)


def test_a_signal_in_a_check_ends_the_run():
    def stops(context: Context, result: CheckResult) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        findings(Check("a", "a", stops))


def test_an_error_is_a_failure_with_its_hint_as_the_fix():
    def raises(context: Context, result: CheckResult) -> None:
        result.note("seen before")
        raise NotFound("it does not exist", hint="create it", status=404)

    found = finding(raises)
    assert (found.verdict, found.fix) == (Verdict.FAIL, "create it")
    assert found.evidence[0].endswith("it does not exist")
    assert found.evidence[1] == "seen before"


def test_what_is_needed_and_failed_is_named_and_what_needs_a_skipped_one_is_skipped_too():
    def fails(context: Context, result: CheckResult) -> int:
        raise CheckFailed("broken", "repair it")

    first = Check("a", "a", fails)
    second = Check("b", "b", _passes, (first,))
    broken, *skipped = findings(first, second, Check("c", "c", _passes, (second,)))
    assert (broken.evidence, broken.fix) == (("broken",), "repair it")
    assert [(one.verdict, one.evidence) for one in skipped] == [
        (Verdict.SKIPPED, ("needs a",)),
        (Verdict.SKIPPED, ("needs b",)),
    ]


def test_a_fact_is_what_a_needed_check_returned():
    taken = []
    number = Check("a", "a", lambda context, result: 5)
    last = Check("b", "b", lambda context, result: taken.append(context.fact(number)), (number,))
    assert [one.verdict for one in findings(number, last)] == [Verdict.PASS, Verdict.PASS]
    assert taken == [5]


def test_a_fact_that_is_not_declared_is_rejected_even_when_it_was_found():
    number = Check("a", "a", lambda context, result: 5)
    for take in (Context.fact, Context.fact_if_found):
        undeclared = Check("b", "b", lambda context, result, take=take: take(context, number))
        _, found = findings(number, undeclared)
        assert found.evidence[0].startswith("internal error: LookupError")


@pytest.mark.parametrize(("fails", "expected"), [(False, 5), (True, None)])
def test_a_fact_that_is_used_may_be_missing(fails, expected):
    def number(context: Context, result: CheckResult) -> int:
        if fails:
            raise CheckFailed("broken")
        return 5

    taken = []
    first = Check("a", "a", number)
    last = Check("b", "b", lambda context, result: taken.append(context.fact_if_found(first)), uses=(first,))
    assert findings(first, last)[1].verdict is Verdict.PASS
    assert taken == [expected]


def test_a_capability_that_is_missing_skips_and_one_that_is_there_gives_its_value():
    taken = []
    third: Capability[Context, str] = Capability("needs a third", lambda context: context.third)
    check = Check("a", "a", lambda context, result: taken.append(third.of(context)), (third,))
    (skipped,) = findings(check)
    assert (skipped.verdict, skipped.evidence) == (Verdict.SKIPPED, ("needs a third",))
    (passed,) = findings(check, context=Context("x"))
    assert (passed.verdict, taken) == (Verdict.PASS, ["x"])


def test_a_recording_is_given_only_what_it_can_judge():
    live, both = Check("a", "a", _passes), Check("b", "b", _passes, judges_recordings=True)
    skipped, passed = findings(live, both, context=Recording())
    assert (skipped.verdict, skipped.evidence) == (Verdict.SKIPPED, ("needs a driver that can be queried",))
    assert passed.verdict is Verdict.PASS


def test_the_level_decides_what_a_breach_is():
    def breaks(context: Context, result: CheckResult) -> None:
        result.note("fine elsewhere")
        result.fail("wrong")

    must, should, hop = (finding(breaks, level=level, usual_bug="a bug") for level in (MUST, SHOULD, ""))
    assert [one.verdict for one in (must, should, hop)] == [Verdict.FAIL, Verdict.WARN, Verdict.FAIL]
    assert must.evidence == should.evidence == ("wrong",)
    assert hop.evidence == ("wrong", "fine elsewhere")
    assert must.fix == "a bug"


def test_what_cannot_be_judged_is_skipped_with_its_reason():
    def cannot(context: Context, result: CheckResult) -> None:
        result.note("something")
        raise Inconclusive("no extent")

    found = finding(cannot, level=MUST)
    assert (found.verdict, found.evidence, found.fix) == (Verdict.SKIPPED, ("no extent",), "")
