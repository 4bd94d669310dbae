"""A check as data: a hop of doctor, or a case of the conformance suite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

ContextT = TypeVar("ContextT", bound="CheckContext", contravariant=True)
FactT = TypeVar("FactT", covariant=True)
SameContext = TypeVar("SameContext", bound="CheckContext")
Found = TypeVar("Found")


class Inconclusive(Exception):  # not an error: the check is skipped, with this text as the reason
    """The check cannot reach a verdict."""


class CheckFailed(Exception):
    """The check failed and has no fact to return."""

    def __init__(self, text: str, fix: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.fix = fix


@dataclass(slots=True)
class CheckResult:
    """What a check reports while it runs, one line per entry.

    Attributes:
        sent: description of the query, or of the general form of several; empty without one.
        notes: observations.
        warnings: what works but is likely to cause problems.
        failures: what is wrong. For a SHOULD that is a warning.
        fix: causes, and commands or YAML that fix them.
    """

    sent: str = ""
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    fix: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Report what is there."""
        self.notes.append(text)

    def warn(self, text: str, fix: str = "") -> None:
        """Report what works, and is likely to cause trouble."""
        self.warnings.append(text)
        self._add_fix(fix)

    def fail(self, text: str, fix: str = "") -> None:
        """Report what is wrong."""
        self.failures.append(text)
        self._add_fix(fix)

    def _add_fix(self, fix: str) -> None:
        if fix and fix not in self.fix:
            self.fix.append(fix)


@dataclass(frozen=True, slots=True, eq=False)
class Capability(Generic[ContextT, FactT]):
    """A part of the context that some checks need.

    Attributes:
        missing: why a check is skipped without it.
        get: the value; None when the context does not have it.
    """

    missing: str
    get: Callable[[ContextT], FactT | None]

    def of(self, context: ContextT) -> FactT:
        """The value.

        Raises:
            Inconclusive: the context does not have it.
        """
        found = self.get(context)
        if found is None:
            raise Inconclusive(self.missing)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Check(Generic[ContextT, FactT]):
    """One check.

    Attributes:
        id: stable, ``resume-unaligned``.
        title: what should be true; no full stop at its end.
        run: performs the check, reports into the result and returns the fact it found. May raise Inconclusive,
            CheckFailed, or a CbtError, which is a failure with its hint as the fix.
        needs: checks that must not fail before this one, and capabilities of the context. Without one it is skipped.
        uses: checks whose facts this one takes when they are there.
        level: MUST or SHOULD; empty without a specification.
        rule: id as in docs/rules.md; empty when there is none.
        source: where the spec requires it; empty when it does not.
        procedure: what is done, for ``--explain``.
        rationale: why it matters.
        usual_bug: the usual bug that makes it fail; the fix of a failure that has none of its own.
        judges_recordings: whether a recording contains all that the check looks at.
    """

    id: str
    title: str
    run: Callable[[ContextT, CheckResult], FactT]
    needs: tuple[Check[ContextT, object] | Capability[ContextT, object], ...] = ()
    uses: tuple[Check[ContextT, object], ...] = ()
    level: str = ""
    rule: str = ""
    source: str = ""
    procedure: str = ""
    rationale: str = ""
    usual_bug: str = ""
    judges_recordings: bool = False

    def depends_on(self, other: Check[Any, Any]) -> bool:
        """Whether this check needs the other, directly or through a third."""
        needed = [need for need in self.needs if isinstance(need, Check)]
        return other in needed or any(need.depends_on(other) for need in needed)


class Facts:
    """What checks found, each under the check that found it: a fact has the type that its check returns."""

    def __init__(self) -> None:
        self._found: dict[Check[Any, Any], Any] = {}

    def add(self, check: Check[Any, Found], fact: Found) -> None:
        """Keep what a check returned."""
        self._found[check] = fact

    def __getitem__(self, check: Check[Any, Found]) -> Found:
        found: Found = self._found[check]
        return found

    def get(self, check: Check[Any, Found]) -> Found | None:
        """What the check found; None when it found nothing."""
        found: Found | None = self._found.get(check)
        return found


@dataclass(eq=False)
class CheckContext:
    """What the checks of one run share.

    Attributes:
        facts: what they found so far.
        running: the check that runs; None before the first.
        is_recording: whether what is checked is a recording, which cannot be queried.
    """

    is_recording: ClassVar[bool] = False
    facts: Facts = field(default_factory=Facts, init=False, repr=False)
    running: Check[Any, Any] | None = field(default=None, init=False, repr=False)

    def fact(self: SameContext, check: Check[SameContext, Found]) -> Found:
        """What a check found that the running one needs.

        Raises:
            LookupError: the running check does not need it, so that it may not have been found.
        """
        if self.running is None or not self.running.depends_on(check):
            raise LookupError(f"{self.running.id if self.running else 'nothing'} does not need {check.id}")
        return self.facts[check]

    def fact_if_found(self: SameContext, check: Check[SameContext, Found]) -> Found | None:
        """What a check found that the running one uses; None when it failed or was skipped.

        Raises:
            LookupError: the running check does not declare that it uses it.
        """
        if self.running is None or check not in self.running.uses:
            raise LookupError(f"{self.running.id if self.running else 'nothing'} does not use {check.id}")
        return self.facts.get(check)


def check_sequence(*checks: Check[SameContext, Found]) -> tuple[Check[SameContext, Found], ...]:
    """Checks in the order in which they run, each after those it needs and uses.

    Raises:
        ValueError: a check comes before one that it needs, or without it; or two have the same id.
    """
    for place, check in enumerate(checks):
        for other in (*check.needs, *check.uses):
            if isinstance(other, Check) and other not in checks[:place]:
                raise ValueError(f"check {check.id} needs {other.id}, which does not come before it")
    ids = [check.id for check in checks]
    if len(set(ids)) < len(ids):
        raise ValueError(f"two checks have the same id: {', '.join(ids)}")
    return checks
