"""Findings as table, JSON, JUnit and TAP: golden files written by hand, because the formats are external."""

import json
from xml.etree import ElementTree as ET

import pytest

from kubectl_cbt.model.finding import Finding, Tally, Verdict
from kubectl_cbt.output.report import Report, ReportFormat
from kubectl_cbt.output.writer import OutputTarget

FINDINGS = [
    Finding("answers", "it is answered", Verdict.PASS, "MUST", evidence=("delta: 3 extents",), seconds=0.25),
    Finding(
        "resume-unaligned",
        "the rest comes",
        Verdict.WARN,
        "SHOULD",
        "R7",
        "the spec is silent",
        "starting_offset 1",
        ("4 KiB missing", "and more"),
        "round down",
        1.5,
    ),
    Finding(
        "law-steps", "nothing lost", Verdict.FAIL, "MUST", "L2", "", "", ("bad\x1b[2J & <worse>",), "look\nagain", 0.5
    ),
    Finding("bad-token", "refused", Verdict.SKIPPED, "MUST", evidence=("no sidecar here",)),
]


def report(form: ReportFormat, *, complete: bool = True, screen: OutputTarget | None = None) -> str:
    written: list[str] = []
    found = Report(form, written.append, screen or OutputTarget(), "check a → b", {"driver": "a.csi 1.0"})
    found.begin()
    for finding in FINDINGS:
        found.add(finding)
    found.end(complete=complete)
    return "".join(written)


def test_a_table_shows_evidence_cause_and_fix_where_something_is_wrong():
    assert report(ReportFormat.TABLE) == (
        "check a → b\n"
        "  driver     a.csi 1.0\n"
        "\n"
        "✓ answers                  it is answered\n"
        "         delta: 3 extents\n"
        "! resume-unaligned         the rest comes   R7 SHOULD\n"
        "  sent   starting_offset 1\n"
        "  came   4 KiB missing\n"
        "         and more\n"
        "  spec   the spec is silent\n"
        "  fix    round down\n"
        "✗ law-steps                nothing lost   L2 MUST\n"
        "         bad�[2J & <worse>\n"
        "  fix    look\n"
        "         again\n"
        "– bad-token                refused   MUST\n"
        "         no sidecar here\n"
        "\n"
        "1 passed, 1 warned, 1 failed, 1 skipped\n"
    )


def test_a_table_is_coloured_only_where_there_are_colours():
    assert "\x1b[31m✗\x1b[0m" in report(ReportFormat.TABLE, screen=OutputTarget(color_system="truecolor"))
    assert "\x1b" not in report(ReportFormat.TABLE)


def test_a_table_wraps_on_a_terminal_and_nowhere_else():
    lines = report(ReportFormat.TABLE, screen=OutputTarget(width=60, is_terminal=True)).splitlines()
    assert all(len(line) <= 80 for line in lines)


def test_json_contains_everything():
    document = json.loads(report(ReportFormat.JSON))
    assert (document["kind"], document["name"], document["complete"]) == ("Report", "check a → b", True)
    assert [finding["verdict"] for finding in document["findings"]] == ["pass", "warn", "fail", "skipped"]
    assert document["findings"][1] == {
        "id": "resume-unaligned",
        "title": "the rest comes",
        "verdict": "warn",
        "level": "SHOULD",
        "rule": "R7",
        "source": "the spec is silent",
        "sent": "starting_offset 1",
        "evidence": ["4 KiB missing", "and more"],
        "fix": "round down",
        "seconds": 1.5,
    }
    assert (document["passed"], document["warned"], document["failed"], document["skipped"]) == (1, 1, 1, 1)
    assert json.loads(report(ReportFormat.JSON, complete=False))["complete"] is False


def test_junit_counts_failures_and_skipped_and_keeps_a_warning_passing():
    suites = ET.fromstring(report(ReportFormat.JUNIT))
    (suite,) = suites
    assert {name: suite.attrib[name] for name in ("tests", "failures", "skipped", "errors", "time")} == {
        "tests": "4", "failures": "1", "skipped": "1", "errors": "0", "time": "2.250",
    }  # fmt: skip
    passed, warned, failed, skipped = suite
    assert passed.attrib["name"] == "answers: it is answered"
    assert len(passed) == 0
    assert warned.find("system-out").text.startswith("warning\nrule: R7 SHOULD\nsent: starting_offset 1\n")
    assert warned.find("failure") is None
    assert "fix: look\nagain" in failed.find("failure").text
    assert skipped.find("skipped").attrib == {"message": "no sidecar here"}


def test_junit_is_xml_whatever_a_driver_wrote():
    text = report(ReportFormat.JUNIT)
    assert "bad�[2J &amp; &lt;worse&gt;" in text


def test_tap_contains_the_plan_and_the_skipped_cases():
    lines = report(ReportFormat.TAP).splitlines()
    assert lines[:2] == ["TAP version 14", "1..4"]
    assert lines[2] == "ok 1 - answers: it is answered"
    assert lines[3] == "ok 2 - resume-unaligned: the rest comes"
    assert "# warning" in lines
    assert "not ok 3 - law-steps: nothing lost" in lines
    assert lines[-1] == "ok 4 - bad-token: refused # SKIP no sidecar here"
    assert report(ReportFormat.TAP, complete=False).splitlines()[-1].startswith("Bail out!")


@pytest.mark.parametrize("form", list(ReportFormat))
def test_no_format_passes_a_drivers_control_letters_on(form):
    assert "\x1b" not in report(form)


def test_a_tally_names_what_there_is():
    assert str(Tally.of(FINDINGS[:1])) == "1 passed"
    assert str(Tally.of([])) == "nothing was checked"


def test_a_diagnosis_shows_the_observations_and_the_fixes():
    written: list[str] = []
    found = Report(ReportFormat.TABLE, written.append, OutputTarget(), "doctor", {}, shows_evidence=True)
    found.add(Finding("tls", "it is signed", Verdict.PASS, evidence=("CN=a, until 2027", "and more")))
    found.add(Finding("class", "there is one", Verdict.FAIL, evidence=("it is gone",), fix="make it\nagain"))
    found.add(Finding("resolve", "they go together", Verdict.PASS))
    found.add(Finding("a-very-long-name-of-a-hop", "x", Verdict.SKIPPED, evidence=("needs tls",)))
    assert "".join(written) == (
        "✓ tls             CN=a, until 2027\n"
        "                  and more\n"
        "✗ class           it is gone\n"
        "                  fix: make it\n"
        "                       again\n"
        "✓ resolve         they go together\n"
        "– a-very-long-name-of-a-hop skipped: needs tls\n"
    )
