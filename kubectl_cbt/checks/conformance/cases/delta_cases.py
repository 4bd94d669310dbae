"""Relations that must exist between the answers for one volume, whatever its data. See analysis/set_algebra.py."""

from __future__ import annotations

from kubectl_cbt.analysis.set_algebra import ByteRanges, missing_from_combined, not_in_delta, unexplained_by_steps
from kubectl_cbt.checks.check import Check, CheckResult
from kubectl_cbt.checks.conformance.comparison import describe_ranges
from kubectl_cbt.checks.conformance.driver_context import DriverContext
from kubectl_cbt.checks.conformance.requirements import BASE, THREE
from kubectl_cbt.model.results import MUST

_SOURCE = "The purpose of the two calls: copying the delta onto a copy of the base must produce the target."
_DATA_LOSS = (
    "A backup that copies the delta would miss these bytes: silent data loss. Do not trust incremental backups with"
    " this driver until the cause is known."
)


def _contains_new_blocks(context: DriverContext, result: CheckResult) -> None:
    result.sent = "allocated(target) − allocated(base) ⊆ delta(base, target)"
    base, target = BASE.of(context), context.volume.target
    before, after = context.whole(context.allocated(base)), context.whole(context.allocated(target))
    delta = context.whole(context.delta(base, target))
    missing = not_in_delta(before.runs, after.runs, delta.runs)
    _expect_none(result, missing, "allocated since the base, not in the delta")


def _explained_by_steps(context: DriverContext, result: CheckResult) -> None:
    result.sent = "delta(a, c) ⊆ delta(a, b) ∪ delta(b, c)"
    _expect_none(result, unexplained_by_steps(*_three(context)), "in delta(a, c), and in neither step")


def _contains_single_changes(context: DriverContext, result: CheckResult) -> None:
    result.sent = "delta(a, b) △ delta(b, c) ⊆ delta(a, c)"
    _expect_none(result, missing_from_combined(*_three(context)), "changed in only one step, not in delta(a, c)")


def _expect_none(result: CheckResult, ranges: ByteRanges, what: str) -> None:
    if len(ranges):
        result.fail(describe_ranges(ranges, what))


def _three(context: DriverContext) -> tuple[ByteRanges, ByteRanges, ByteRanges]:
    """The deltas over the first step, the second, and both."""
    a, b, c = THREE.of(context)
    first, second, whole = (context.whole(context.delta(*pair)).runs for pair in ((a, b), (b, c), (a, c)))
    return first, second, whole


LAWS: tuple[Check[DriverContext, None], ...] = (
    Check(
        id="law-new-blocks",
        title="newly allocated blocks appear in the delta",
        level=MUST,
        rule="L1",
        source=_SOURCE,
        procedure="Compares three answers: the allocated extents of both snapshots, and the delta between them.",
        rationale=_DATA_LOSS,
        usual_bug="The change bitmap is started after the base was taken, not at that moment; writes in flight while a"
        " snapshot is taken are counted in neither; or a bitmap that was full, or lost at a restart, is treated as"
        " empty.",
        run=_contains_new_blocks,
        needs=(BASE,),
    ),
    Check(
        id="law-steps",
        title="blocks that changed over two steps changed in at least one of them",
        level=MUST,
        rule="L2",
        source=_SOURCE,
        procedure="Compares the three deltas between three snapshots, in order of age.",
        rationale="One of the three is wrong. If it is one of the steps, a backup that copied it has missed these"
        " bytes.",
        usual_bug="A step's delta loses changes (see law-new-blocks); or the delta over both falls back to all"
        " allocated blocks because one bitmap was deleted: return FAILED_PRECONDITION instead.",
        run=_explained_by_steps,
        needs=(THREE,),
    ),
    Check(
        id="law-nothing-lost",
        title="blocks that changed in only one of two steps appear in the delta over both",
        level=MUST,
        rule="L3",
        source=_SOURCE,
        procedure="Compares the three deltas between three snapshots. A block that both steps wrote may have its first"
        " contents again; a block that one step wrote differs.",
        rationale=_DATA_LOSS,
        usual_bug="The bitmaps of the snapshots in between are not merged, or one was deleted with its snapshot. A step"
        " that reports more than what changed also breaks this law, which is harmless.",
        run=_contains_single_changes,
        needs=(THREE,),
    ),
)
