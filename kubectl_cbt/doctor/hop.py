"""A hop: one thing that has to be right on the way, and how to see whether it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kubectl_cbt.doctor.walk import Walk


@dataclass(slots=True)
class Seen:
    """What a hop saw, a line each.

    Attributes:
        evidence: what is there.
        warnings: what works and should not be so.
        failures: what is broken.
        fix: the cause, and the command or YAML that mends it.
    """

    evidence: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    fix: list[str] = field(default_factory=list)

    def warn(self, what: str, fix: str = "") -> None:
        """Something should not be so."""
        self.warnings.append(what)
        self._mend(fix)

    def fail(self, what: str, fix: str = "") -> None:
        """Something is broken."""
        self.failures.append(what)
        self._mend(fix)

    def _mend(self, fix: str) -> None:
        if fix and fix not in self.fix:
            self.fix.append(fix)


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop.

    Attributes:
        title: what should be.
        needs: ids of hops without which there is nothing to look at.
        look: sees; a CbtError it raises is a failure with its hint as the fix.
    """

    id: str
    title: str
    look: Callable[[Walk, Seen], None]
    needs: tuple[str, ...] = ()
