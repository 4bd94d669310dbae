"""``verify -o junit``: for CI, test cases for the data, the stream, its rules and the sizes."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.analysis.rules.all_rules import CHECKED_IDS
from kubectl_cbt.model.finding import Finding, Verdict
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.results import MUST
from kubectl_cbt.model.verification import Verification, VerificationVerdict
from kubectl_cbt.output.report import Report, ReportFormat
from kubectl_cbt.output.subject import subject_title
from kubectl_cbt.output.verification.verification_formats import FirstRangesWriter
from kubectl_cbt.output.verification.verification_words import (
    answer,
    differs,
    granularity_sentence,
    needless_sentence,
    verdict_sentence,
)
from kubectl_cbt.output.writer import OutputTarget

_DATA = {
    VerificationVerdict.CORRECT: Verdict.PASS,
    VerificationVerdict.MISSING: Verdict.FAIL,
    VerificationVerdict.INCOMPLETE: Verdict.SKIPPED,
}
"""Of the case for the data, which is not decided by a part of them."""


class VerificationJunitWriter(FirstRangesWriter):
    """A report of a finding for the data, one for the stream, one for its rules, and warnings."""

    def end(self, result: Verification, first: Batch | None) -> None:
        name = f"verify {subject_title(self._resolved)}"
        report = Report(
            ReportFormat.JUNIT,
            lambda text: self._write(text.encode()),
            OutputTarget(),
            name,
            {"devices": ", ".join(self._devices)},
        )
        for finding in self._findings(result):
            report.add(finding)
        report.end(complete=result.is_complete)

    def _findings(self, result: Verification) -> Iterator[Finding]:
        first = tuple(f"{start}+{end - start}" for start, end in self._first)
        yield Finding(
            "data",
            f"every byte that {differs(result.operation)} is in the {answer(result.operation)}",
            _DATA[result.verdict],
            MUST,
            evidence=(verdict_sentence(result), *first),
            seconds=result.outcome.seconds,
        )
        yield Finding(
            "complete",
            "the whole volume was compared",
            Verdict.PASS if result.is_complete else Verdict.FAIL,
            evidence=result.problems,
        )
        broken = tuple(
            f"{violation.rule} ({violation.level}): {violation.title}" for violation in result.outcome.violations
        )
        if result.outcome.has_messages or broken:
            rules = Verdict.FAIL if result.outcome.broke_a_must else Verdict.WARN if broken else Verdict.PASS
            kept = CHECKED_IDS if result.outcome.has_messages else "the rules for extents"
            yield Finding("rules", f"the stream keeps {kept}", rules, MUST, evidence=broken)
        if result.notes:
            title = "the end of the volume is known, and is that of every device"
            yield Finding("sizes", title, Verdict.WARN, evidence=result.notes)
        if result.needless_bytes:
            tracking = granularity_sentence(result)
            yield Finding(
                "needless",
                f"nothing is in the {answer(result.operation)} without need",
                Verdict.WARN,
                evidence=(needless_sentence(result), *((tracking,) if tracking else ())),
            )
