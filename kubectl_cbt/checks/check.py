"""A hop: one thing that has to be right on the way, and how to see whether it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.security.pem import block_count
from kubectl_cbt.units import counted


@dataclass(slots=True)
class HopResult:
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

    def skipped_blocks(self, what: str, pem: bytes, read: int) -> None:
        """Warn of a bundle some of whose blocks are not used: the client skips them, as others do.

        Args:
            what: names the bundle.
            read: how many of its blocks are used.
        """
        blocks = block_count(pem)
        if read < blocks:
            self.warn(
                f"{blocks - read} of {counted(blocks, 'certificate')} in {what} cannot be read, and are skipped",
                f"remove or replace what is damaged in {what}",
            )

    def _mend(self, fix: str) -> None:
        if fix and fix not in self.fix:
            self.fix.append(fix)


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop.

    Attributes:
        title: what should be.
        needs: hops without which there is nothing to look at.
        look: sees; a CbtError it raises is a failure with its hint as the fix.
    """

    id: str
    title: str
    look: Callable[[DiagnosisContext, HopResult], None]
    needs: tuple[Hop, ...] = ()


class HopSequence(tuple[Hop, ...]):
    """Hops in the order in which they are looked at, each after those it needs.

    Raises:
        ValueError: a hop comes before one that it needs, or without it; or two have the same id.
    """

    __slots__ = ()

    def __new__(cls, hops: Iterable[Hop]) -> HopSequence:
        hops = super().__new__(cls, hops)
        for place, hop in enumerate(hops):
            for need in hop.needs:
                if need not in hops[:place]:
                    raise ValueError(f"hop {hop.id} needs {need.id}, which does not come before it")
        ids = [hop.id for hop in hops]
        if len(set(ids)) < len(ids):
            raise ValueError(f"two hops have the same id: {', '.join(ids)}")
        return hops
