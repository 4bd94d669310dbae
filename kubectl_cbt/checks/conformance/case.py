"""A case: what is checked, why, and how. Adding one is a function and an entry in a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kubectl_cbt.checks.conformance.driver_context import DriverContext
from kubectl_cbt.model.results import MUST

SHOULD = "SHOULD"
__all__ = ["MUST", "SHOULD", "Case", "Needs", "Observed"]

SPEC = "CSI spec 1.13, SnapshotMetadata service"


class Needs(StrEnum):
    """What a case cannot do without; the value says what is missing."""

    DELTA = "needs two snapshots: check BASE TARGET"
    THREE = "needs a third snapshot of the volume: --third"
    SIDECAR = "is about the sidecar, and there is none at a driver's socket"
    ASKING = "needs a driver that can be asked"
    HOSTILE = "may leave a driver spinning: --hostile"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a case saw.

    Attributes:
        sent: the question, in words; of several the general form.
        breaches: what is wrong, a line each; none when nothing is.
        notes: what is good to know, said when nothing is wrong.
        fix: what to do about the breaches, when it is not the case's usual bug.
    """

    sent: str = ""
    breaches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        title: what should be.
        level: MUST or SHOULD; what the spec leaves open is a SHOULD.
        rule: id as in docs/rules.md; empty when there is none.
        source: where the spec says it.
        procedure: what is done, for ``--explain``.
        rationale: why anyone should care.
        usual_bug: the usual bug behind it; also shown with a breach.
        look: does it; raises CannotTell.
    """

    id: str
    title: str
    level: str
    procedure: str
    rationale: str
    usual_bug: str
    look: Callable[[DriverContext], Observed]
    rule: str = ""
    source: str = SPEC
    needs: tuple[Needs, ...] = ()
