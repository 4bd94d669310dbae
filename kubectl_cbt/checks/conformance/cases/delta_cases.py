"""Laws that need no data: what the answers about one volume say of each other. See analysis/set_algebra.py."""

from __future__ import annotations

from kubectl_cbt.analysis.set_algebra import ByteRanges, missing_from_combined, not_in_delta, unexplained_by_steps
from kubectl_cbt.checks.conformance.case import MUST, Case, Needs, Observed
from kubectl_cbt.checks.conformance.comparison import in_words
from kubectl_cbt.checks.conformance.driver_context import CannotTell, Exam

_SOURCE = "What the two calls are for: a backup that copies the delta onto a copy of the base has to give the target."
_DATA_LOSS = (
    "A backup that copies the delta would miss these bytes: silent data loss. Do not trust incremental backups of this"
    " driver until it is understood."
)


def _tells_of_new_blocks(exam: Exam) -> Observed:
    base, target = exam.volume.base, exam.volume.target
    if base is None:
        raise CannotTell(Needs.DELTA)
    before, after = exam.whole(exam.allocated(base)), exam.whole(exam.allocated(target))
    delta = exam.whole(exam.delta(base, target))
    missed = not_in_delta(before.runs, after.runs, delta.runs)
    breaches = [line for line in [in_words(missed, "allocated since the base and not in the delta")] if line]
    return Observed("allocated(target) − allocated(base) ⊆ delta(base, target)", tuple(breaches))


def _steps_and_whole(exam: Exam) -> Observed:
    first, second, whole = _three(exam)
    extra = unexplained_by_steps(first, second, whole)
    breaches = [line for line in [in_words(extra, "in delta(a, c), and in neither step")] if line]
    return Observed("delta(a, c) ⊆ delta(a, b) ∪ delta(b, c)", tuple(breaches))


def _nothing_lost(exam: Exam) -> Observed:
    first, second, whole = _three(exam)
    lost = missing_from_combined(first, second, whole)
    breaches = [line for line in [in_words(lost, "changed in one step alone, and not in delta(a, c)")] if line]
    return Observed("delta(a, b) △ delta(b, c) ⊆ delta(a, c)", tuple(breaches))


def _three(exam: Exam) -> tuple[ByteRanges, ByteRanges, ByteRanges]:
    """The deltas over the first step, the second, and both."""
    a, b, c = exam.volume.in_order
    first, second, whole = (exam.whole(exam.delta(*pair)).runs for pair in ((a, b), (b, c), (a, c)))
    return first, second, whole


LAWS: tuple[Case, ...] = (
    Case(
        id="law-new-blocks",
        title="what is allocated now and was not before is in the delta",
        level=MUST,
        rule="L1",
        source=_SOURCE,
        checks="Three answers: what each snapshot holds, and the delta between them.",
        matters=_DATA_LOSS,
        usually="The change bitmap is started after the base was taken, and not at it; writes in flight while a"
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
        checks="The three deltas between three snapshots, in order of age.",
        matters="One of the three is wrong. If it is one of the steps, a backup that copied it has missed these bytes.",
        usually="A step's delta loses changes (see law-new-blocks); or the delta over both falls back to everything"
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
        checks="The three deltas between three snapshots. What both steps wrote may be as it was; what one wrote is"
        " not.",
        matters=_DATA_LOSS,
        usually="The bitmaps of the snapshots in between are not merged, or one was deleted with its snapshot. A"
        " step that"
        " tells of more than changed breaks this law as well: harmless, and worth knowing.",
        look=_nothing_lost,
        needs=(Needs.ASKING, Needs.THREE),
    ),
)
