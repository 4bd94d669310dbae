"""The sentences and figures of a comparison that its formats share."""

from __future__ import annotations

from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.model.comparison_outcome import ComparisonOutcome, ComparisonResult, RangeClass
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead

_RESULTS = {
    ComparisonResult.EQUAL: "equal",
    ComparisonResult.DIFFERENT: "DIFFERENT",
    ComparisonResult.COVERED: "{left} contains {right}",
    ComparisonResult.NOT_COVERED: "NOT COVERED: a backup by {left} would miss what is only in {right}",
}
_OTHER_VOLUME = "NOT COVERED: {left} is of a volume of another size than {right}"


def result_sentence(head: ComparisonHead, outcome: ComparisonOutcome) -> str:
    """The result, and whether it is that of all of both lists."""
    result = outcome.result(covers=head.covers)
    if result is ComparisonResult.INCOMPLETE:
        found = "nothing that is missing was found" if head.covers else "no difference was found"
        return f"INCOMPLETE: {found}, but not everything could be compared"
    if result is ComparisonResult.NOT_COVERED and not outcome.figures[RangeClass.ONLY_RIGHT].ranges:
        return _OTHER_VOLUME.format(left=head.left.name, right=head.right.name)
    so_far = "" if outcome.complete else ", as far as both are known"
    return _RESULTS[result].format(left=head.left.name, right=head.right.name) + so_far


def known_range(outcome: ComparisonOutcome) -> KnownRange:
    """The bytes of the volume that were compared."""
    capacity = outcome.capacity_bytes or 0
    end = capacity if outcome.end is None else outcome.end
    return KnownRange(outcome.start, end, capacity, outcome.complete)
