"""Conformance checks of a recording."""

import pytest
import samples
from recorded import STYLES, cases
from recorded_again import ScriptedSource, record_case
from recordings_made import LOOKED_AT, RESOLVED, encoded, record, recorded, verdicts

from kubectl_cbt.checks.conformance.cases import CASES
from kubectl_cbt.checks.conformance.comparison import differences
from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotSeries
from kubectl_cbt.checks.runner import run
from kubectl_cbt.errors import (
    StreamCut,
    StreamError,
)
from kubectl_cbt.model.finding import Verdict
from kubectl_cbt.model.refs import SnapshotIds


def passed(found: dict[str, Verdict]) -> set[str]:
    return {case_id for case_id, verdict in found.items() if verdict is Verdict.PASS}


REAL = [(style, name) for style in STYLES for name, case in cases(style).items() if case["code"] == "OK"]


@pytest.mark.parametrize(("style", "name"), REAL, ids=["-".join(case) for case in REAL])
def test_what_a_real_driver_sent_keeps_the_rules(tmp_path, style, name):
    found = verdicts(record_case(tmp_path / "a.cbtrec", style, name))
    assert set(found) == {case.id for case in CASES}
    assert Verdict.FAIL not in found.values()
    assert passed(found) >= LOOKED_AT - {"complete"}
    assert {case_id for case_id, verdict in found.items() if verdict is Verdict.SKIPPED} >= set(found) - LOOKED_AT


@pytest.mark.parametrize("style", STYLES)
def test_the_tail_from_an_unaligned_offset_shows_the_real_drivers_mistake(tmp_path, style):
    whole, tail = (
        recorded(record_case(tmp_path / f"{name}.cbtrec", style, name))
        for name in ("delta-a-b", "delta-a-b-from-unaligned")
    )
    (query,) = tail.queries.values()
    assert query.starting_offset > 0
    (resolved,) = whole.queries.values()
    assert differences(whole.whole(resolved), tail.whole(query), query.starting_offset)


def test_a_probe_that_found_more_fails_and_one_that_found_nothing_passes(tmp_path):
    record(tmp_path / "first-page", [encoded((0, 4096))], [encoded((8192, 4096))], [])
    assert verdicts(tmp_path / "first-page")["complete"] is Verdict.FAIL
    record(tmp_path / "whole", [encoded((0, 4096))], [])
    assert passed(verdicts(tmp_path / "whole")) == LOOKED_AT
    record(tmp_path / "to-the-end", [encoded((0, samples.CAPACITY))])
    assert verdicts(tmp_path / "to-the-end")["complete"] is Verdict.PASS


def test_an_end_that_was_not_probed_is_not_judged(tmp_path):
    record(tmp_path / "unasked", [encoded((0, 4096))], probe=False)
    assert verdicts(tmp_path / "unasked")["complete"] is Verdict.SKIPPED
    record(tmp_path / "refused", [encoded((0, 4096))], [StreamError("no", code="UNKNOWN")])
    assert verdicts(tmp_path / "refused")["complete"] is Verdict.SKIPPED


def test_a_rule_broken_before_an_error_is_found(tmp_path):
    record(tmp_path / "a", [encoded((8192, 4096), (0, 4096)), StreamError("it failed", code="UNKNOWN")])
    found = verdicts(tmp_path / "a")
    assert found["rule-r2"] is Verdict.FAIL
    assert (found["complete"], found["timing"]) == (Verdict.SKIPPED, Verdict.SKIPPED)


def test_resumes_are_one_answer(tmp_path):
    record(tmp_path / "a", [encoded((0, 4096)), StreamCut("it broke")], [encoded((0, 8192), (16384, 1))], [])
    context = recorded(tmp_path / "a")
    taken = context.whole(RESOLVED.query)
    assert taken.runs.first(3) == [(0, 8192), (16384, 16385)]
    assert passed(verdicts(tmp_path / "a")) == LOOKED_AT


def test_the_cases_for_recordings_are_marked():
    assert {case.id for case in CASES if case.judges_recordings} == LOOKED_AT


def test_an_end_that_a_driver_does_not_reach_is_not_judged():
    complete = next(case for case in CASES if case.id == "complete")
    source = ScriptedSource([encoded((0, 4096)), StreamError("it failed", code="UNKNOWN")])
    context = DriverContext(source, SnapshotSeries(SnapshotIds(RESOLVED.target.ref, RESOLVED.target.handle)))
    (finding,) = run([complete], context, lambda case_id: None)
    assert finding.verdict is Verdict.SKIPPED
