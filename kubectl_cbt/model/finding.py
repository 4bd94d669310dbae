"""The result of a check as data; reports are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kubectl_cbt.project import REPORT_A_BUG

SHOULD = "SHOULD"
"""The level of a check that the spec recommends, or leaves open; the other one is MUST."""


class Verdict(StrEnum):
    """The outcome of a check."""

    PASS = "pass"  # noqa: S105  # not a password
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that ran, or was skipped.

    Attributes:
        id: stable, ``resume-unaligned``.
        title: what should be true.
        verdict: a breach of a SHOULD is a warning.
        level: MUST or SHOULD; empty without a specification.
        rule: id of the rule or law, ``R7``; empty when there is none.
        source: where the spec requires it; empty when it does not.
        sent: description of the query; empty without one.
        evidence: what was found, a line each; for a skipped check the reason.
        fix: a cause, a command, YAML; may have several lines.
    """

    id: str
    title: str
    verdict: Verdict
    level: str = ""
    rule: str = ""
    source: str = ""
    sent: str = ""
    evidence: tuple[str, ...] = ()
    fix: str = ""
    seconds: float = 0.0


REPORT_THE_BUG = f"this is a bug in kubectl-cbt, not a finding about the driver or the cluster: {REPORT_A_BUG}"


def internal_error(error: Exception) -> str:
    """Type and place of an unexpected exception, as a line of evidence; its message may hold secrets."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)[-1:]
    places = [f" at {frame.filename.rpartition('kubectl_cbt/')[2]}:{frame.lineno}" for frame in frames]
    return f"internal error: {type(error).__name__}{''.join(places)}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many checks had which verdict."""

    passed: int
    warned: int
    failed: int
    skipped: int

    @classmethod
    def of(cls, findings: list[Finding]) -> Tally:
        """Count verdicts."""
        verdicts = [finding.verdict for finding in findings]
        return cls(*(verdicts.count(verdict) for verdict in Verdict))

    def __str__(self) -> str:
        counts = {"passed": self.passed, "warned": self.warned, "failed": self.failed, "skipped": self.skipped}
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing was checked"
