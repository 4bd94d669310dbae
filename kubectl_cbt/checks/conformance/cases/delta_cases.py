"""Laws that need no data: what the answers about one volume say of each other. See analysis/set_algebra.py."""

from __future__ import annotations

from kubectl_cbt.analysis.set_algebra import ByteRanges, missing_from_combined, not_in_delta, unexplained_by_steps
from kubectl_cbt.checks.conformance.case import MUST, Case, Needs, Observed
from kubectl_cbt.checks.conformance.comparison import describe
from kubectl_cbt.checks.conformance.driver_context import DriverContext, Inconclusive

_SOURCE = "What the two calls are for: a backup that copies the delta onto a copy of the base has to give the target."
_DATA_LOSS = (
    "A backup that copies the delta would miss these bytes: silent data loss. Do not trust incremental backups of this"
    " driver until it is understood."
)


def _tells_of_new_blocks(context: DriverContext) -> Observed:
    base, target = context.volume.base, context.volume.target
    if base is None:
        raise Inconclusive(Needs.DELTA)
    before, after = context.whole(context.allocated(base)), context.whole(context.allocated(target))
    delta = context.whole(context.delta(base, target))
    missed = not_in_delta(before.runs, after.runs, delta.runs)
    breaches = [line for line in [describe(missed, "allocated since the base and not in the delta")] if line]
    return Observed("allocated(target) − allocated(base) ⊆ delta(base, target)", tuple(breaches))


def _steps_and_whole(context: DriverContext) -> Observed:
    first, second, whole = _three(context)
    extra = unexplained_by_steps(first, second, whole)
    breaches = [line for line in [describe(extra, "in delta(a, c), and in neither step")] if line]
    return Observed("delta(a, c) ⊆ delta(a, b) ∪ delta(b, c)", tuple(breaches))


def _nothing_lost(context: DriverContext) -> Observed:
    first, second, whole = _three(context)
    lost = missing_from_combined(first, second, whole)
    breaches = [line for line in [describe(lost, "changed in one step alone, and not in delta(a, c)")] if line]
    return Observed("delta(a, b) △ delta(b, c) ⊆ delta(a, c)", tuple(breaches))


def _three(context: DriverContext) -> tuple[ByteRanges, ByteRanges, ByteRanges]:
    """The deltas over the first step, the second, and both."""
    a, b, c = context.volume.in_order
    first, second, whole = (context.whole(context.delta(*pair)).runs for pair in ((a, b), (b, c), (a, c)))
    return first, second, whole


LAWS: tuple[Case, ...] = (
    Case(
        id="law-new-blocks",
        title="what is allocated now and was not before is in the delta",
        level=MUST,
        rule="L1",
        source=_SOURCE,
        procedure="Three answers: what each snapshot holds, and the delta between them.",
        rationale=_DATA_LOSS,
        usual_bug="The change bitmap is started after the base was taken, and not at it; writes in flight while a"
        " snapshot is"
        " taken are counted to neither; a bitmap that was full, or lost at a restart, passes for empty.",
        look=_tells_of_new_blocks,
        needs=(Needs.ASKING, Needs.DELTA),
    ),
    Case(
        id="law-steps",
        title="what changed over two steps changed in one of them",
        level=MUST,
        rule="L2",
        source=_SOURCE,
        procedure="The three deltas between three snapshots, in order of age.",
        rationale="One of the three is wrong. If it is one of the steps, a backup that copied it has missed"
        " these bytes.",
        usual_bug="A step's delta loses changes (see law-new-blocks); or the delta over both falls back to everything"
        " that is"
        " allocated, because one bitmap is gone: then say FAILED_PRECONDITION.",
        look=_steps_and_whole,
        needs=(Needs.ASKING, Needs.THREE),
    ),
    Case(
        id="law-nothing-lost",
        title="what changed in one of two steps alone is in the delta over both",
        level=MUST,
        rule="L3",
        source=_SOURCE,
        procedure="The three deltas between three snapshots. What both steps wrote may be as it was; what one wrote is"
        " not.",
        rationale=_DATA_LOSS,
        usual_bug="The bitmaps of the snapshots in between are not merged, or one was deleted with its snapshot. A"
        " step that"
        " tells of more than changed breaks this law as well: harmless, and worth knowing.",
        look=_nothing_lost,
        needs=(Needs.ASKING, Needs.THREE),
    ),
)
