"""Reports of findings: a table as they arrive, or a JSON, JUnit or TAP document at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from kubectl_cbt.model.api_version import API_VERSION
from kubectl_cbt.model.finding import Finding, Tally, Verdict
from kubectl_cbt.output.encoding import as_json
from kubectl_cbt.units import one_line, printable

if TYPE_CHECKING:
    # Loads numpy, which --help does not need to list the formats.
    from kubectl_cbt.output.writer import OutputTarget

Write = Callable[[str], None]

_MARKS = {Verdict.PASS: "✓", Verdict.WARN: "!", Verdict.FAIL: "✗", Verdict.SKIPPED: "–"}
_COLORS = {Verdict.PASS: "32", Verdict.WARN: "33", Verdict.FAIL: "31", Verdict.SKIPPED: "2"}
_HOP_COLUMN = 18
_TAKES_SPACE = 60
"""Text is not wrapped on narrower terminals."""


class ReportFormat(StrEnum):
    """The formats of ``-o`` for checks."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    TAP = "tap"


class Report:
    """Takes findings in order, and writes them in one format.

    Args:
        name: of the whole, ``check default/snap-a → snap-b``.
        about: facts that stand at the top, by name.
        shows_evidence: a line starts with the evidence, as for doctor, and not with the title of the check.
    """

    def __init__(
        self,
        form: ReportFormat,
        write: Write,
        screen: OutputTarget,
        name: str,
        about: dict[str, str],
        *,
        shows_evidence: bool = False,
    ) -> None:
        self._form = form
        self._write = write
        self._screen = screen
        if form is not ReportFormat.JSON:  # which escapes what it has to
            name, about = printable(name), {printable(what): printable(value) for what, value in about.items()}
        self._name = name
        self._about = about
        self._shows_evidence = shows_evidence
        self.findings: list[Finding] = []

    def begin(self) -> None:
        """Print what is known before the first check."""
        if self._form is ReportFormat.TABLE:
            self._write(f"{self._name}\n")
            self._write("".join(f"  {what:<10} {value}\n" for what, value in self._about.items()) + "\n")

    def add(self, finding: Finding) -> None:
        """Add a finding; a table shows it at once."""
        if self._form is not ReportFormat.JSON:
            finding = _printable(finding)
        self.findings.append(finding)
        if self._form is ReportFormat.TABLE:
            draw = _hop if self._shows_evidence else _case
            self._write("\n".join(draw(finding, self._screen)) + "\n")

    def end(self, *, complete: bool) -> None:
        """The rest of the document.

        Args:
            complete: whether all was checked that was to be.
        """
        tally = Tally.of(self.findings)
        if self._form is ReportFormat.TABLE:
            self._write(f"\n{tally}{'' if complete else '; not everything was checked'}\n")
        elif self._form is ReportFormat.JSON:
            self._write(_json(self._name, self._about, self.findings, tally, complete=complete))
        elif self._form is ReportFormat.JUNIT:
            self._write(_junit(self._name, self.findings, tally))
        else:
            self._write(_tap(self.findings, complete=complete))


def _printable(finding: Finding) -> Finding:
    """Make all texts printable: they can come from a driver or a server, and contain control characters.

    A fix can have several lines; all other texts, and each piece of evidence, have one.
    """
    changes: dict[str, Any] = {field.name: getattr(finding, field.name) for field in fields(finding)}
    changes |= {name: one_line(text) for name, text in changes.items() if type(text) is str}
    changes |= {
        "evidence": tuple(map(one_line, finding.evidence)),
        "fix": "\n".join(map(printable, finding.fix.split("\n"))),
    }
    return replace(finding, **changes)


def _mark(finding: Finding, screen: OutputTarget) -> str:
    mark = _MARKS[finding.verdict]
    return f"\x1b[{_COLORS[finding.verdict]}m{mark}\x1b[0m" if screen.color_system else mark


def _hop(finding: Finding, screen: OutputTarget) -> list[str]:
    """The evidence, or the problem and how to fix it."""
    skipped = "skipped: " if finding.verdict is Verdict.SKIPPED else ""
    first, *rest = finding.evidence or (finding.title,)
    column = " " * max(_HOP_COLUMN, 2 + len(finding.id) + 1)
    lines = _folded(f"{'':2}{finding.id}".ljust(len(column)), skipped + first, column, screen)
    # The mark last: its color codes have no width.
    lines[0] = _mark(finding, screen) + lines[0][1:]
    lines += [line for text in rest for line in _folded(column, text, column, screen)]
    for number, text in enumerate(_lines(finding.fix)):
        label = "     " if number else "fix: "
        lines += _folded(column + label, text, column + "     ", screen)
    return lines


def _case(finding: Finding, screen: OutputTarget) -> list[str]:
    """The expectation; if it is not met, also what was sent and received, the spec, and the usual bug."""
    where = " ".join(
        part for part in (finding.rule, finding.level if finding.verdict is not Verdict.PASS else "") if part
    )
    lines = [f"{_mark(finding, screen)} {finding.id:<24} {finding.title}" + (f"   {where}" if where else "")]
    if finding.verdict in (Verdict.WARN, Verdict.FAIL):
        lines += _wrapped("sent", finding.sent, screen) if finding.sent else []
        for number, line in enumerate(finding.evidence):
            lines += _wrapped("came" if finding.sent and not number else "", line, screen)
        lines += _wrapped("spec", finding.source, screen) if finding.source else []
        for number, line in enumerate(_lines(finding.fix)):
            lines += _wrapped("fix" if not number else "", line, screen)
    else:
        lines += [line for text in finding.evidence for line in _wrapped("", text, screen)]
    return lines


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _wrapped(label: str, text: str, screen: OutputTarget) -> list[str]:
    return _folded(f"  {label:<6} ", text, " " * 9, screen)


def _folded(first: str, text: str, indent: str, screen: OutputTarget) -> list[str]:
    """Lines for a terminal's width; elsewhere one."""
    width = screen.width if screen.is_terminal and screen.width >= _TAKES_SPACE else 10_000
    # A command that is split cannot be pasted: only longer lines than the screen are wrapped, at spaces.
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]


def _json(name: str, about: dict[str, str], findings: list[Finding], tally: Tally, *, complete: bool) -> str:
    document = {
        "apiVersion": API_VERSION,
        "kind": "Report",
        "name": name,
        "about": about,
        "findings": [_document(finding) for finding in findings],
        "passed": tally.passed,
        "warned": tally.warned,
        "failed": tally.failed,
        "skipped": tally.skipped,
        "complete": complete,
    }
    return as_json(document).decode() + "\n"


def _document(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "title": finding.title,
        "verdict": finding.verdict.value,
        "level": finding.level or None,
        "rule": finding.rule or None,
        "source": finding.source or None,
        "sent": finding.sent or None,
        "evidence": list(finding.evidence),
        "fix": finding.fix or None,
        "seconds": round(finding.seconds, 3),
    }


def _junit(name: str, findings: list[Finding], tally: Tally) -> str:
    """One test case per finding; a warning passes, and its output contains what was found."""
    seconds = f"{sum(finding.seconds for finding in findings):.3f}"
    counts = {
        "tests": str(len(findings)),
        "failures": str(tally.failed),
        "skipped": str(tally.skipped),
        "time": seconds,
    }
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": name, "errors": "0", **counts})
    for finding in findings:
        facts = {"classname": name, "name": f"{finding.id}: {finding.title}", "time": f"{finding.seconds:.3f}"}
        _junit_case(ET.SubElement(suite, "testcase", facts), finding)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _junit_case(case: ET.Element, finding: Finding) -> None:
    first = finding.evidence[0] if finding.evidence else ""
    if finding.verdict is Verdict.FAIL:
        ET.SubElement(case, "failure", {"message": first}).text = _in_full(finding)
    elif finding.verdict is Verdict.SKIPPED:
        ET.SubElement(case, "skipped", {"message": first})
    elif finding.verdict is Verdict.WARN:
        ET.SubElement(case, "system-out").text = f"warning\n{_in_full(finding)}"


def _in_full(finding: Finding) -> str:
    parts = (
        ("rule", " ".join(part for part in (finding.rule, finding.level) if part)),
        ("sent", finding.sent),
        ("came", "\n".join(finding.evidence)),
        ("spec", finding.source),
        ("fix", finding.fix),
    )
    return "\n".join(f"{what}: {text}" for what, text in parts if text)


def _tap(findings: list[Finding], *, complete: bool) -> str:
    lines = ["TAP version 14", f"1..{len(findings)}"]
    for number, finding in enumerate(findings, 1):
        result = "not ok" if finding.verdict is Verdict.FAIL else "ok"
        # In a description "#" begins a directive, and "# TODO" lets a failure pass.
        what = f"{finding.id}: {finding.title}".replace("\\", "\\\\").replace("#", "\\#")
        skipped = f" # SKIP {' '.join(finding.evidence)}" if finding.verdict is Verdict.SKIPPED else ""
        lines.append(f"{result} {number} - {what}{skipped}")
        if finding.verdict in (Verdict.FAIL, Verdict.WARN):
            kind = "" if finding.verdict is Verdict.FAIL else "warning\n"
            lines += [f"# {line}" for line in (kind + _in_full(finding)).split("\n")]
    if not complete:
        lines.append("Bail out! not everything was checked")
    return "\n".join(lines) + "\n"
