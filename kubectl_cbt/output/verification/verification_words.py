"""The sentences about a verification that its formats share."""

from __future__ import annotations

from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.model.verification import Granularity, Verification, VerificationVerdict
from kubectl_cbt.units import counted, human_bytes, human_count, percent


def differs(operation: Operation) -> str:
    """What makes a byte of the data belong to the answer."""
    return "differs" if operation is Operation.DELTA else "is not zero"


def answer(operation: Operation) -> str:
    """What the driver reported."""
    return "delta" if operation is Operation.DELTA else "allocated extents"


def verdict_sentence(result: Verification) -> str:
    """The verdict, as a sentence."""
    answered, bytes_of_data = answer(result.operation), f"every byte that {differs(result.operation)}"
    if result.verdict is VerificationVerdict.MISSING:
        sentence = (
            f"MISSING: {human_bytes(result.missing_bytes)} in {counted(result.missing_ranges, 'range')}"
            f" {'differ' if result.operation is Operation.DELTA else 'are not zero'} and are not in the {answered}"
        )
        return sentence if result.is_complete else f"{sentence}; not all was compared"
    if result.verdict is VerificationVerdict.INCOMPLETE:
        return "INCOMPLETE: nothing is missing so far, but not all was compared"
    compared = "" if result.start == 0 else f", from {human_bytes(result.start)} on,"
    return f"correct: {bytes_of_data}{compared} is in the {answered}"


def needless_sentence(result: Verification) -> str:
    """What was reported without need."""
    if result.needless_bytes is None:
        return "not measured (--quick)"
    if not result.needless_bytes:
        return "nothing"
    same = "equal" if result.operation is Operation.DELTA else "zero"
    share = percent(result.needless_bytes, result.reported_bytes)
    return f"{human_bytes(result.needless_bytes)}   {share} of the {answer(result.operation)} are {same}"


def granularity_sentence(result: Verification) -> str:
    """In which blocks the driver tracks; empty if that is unknown."""
    found = result.granularity
    if found is None:
        return ""
    size = human_bytes(found.block_bytes)
    if not found.unexplained:
        return f"{size} blocks explain all that is reported"
    return (
        f"no block size explains what is reported: extents are multiples of {size}, and"
        f" {human_count(found.unexplained)} of {counted(found.blocks, 'such block')} {_without(result, found)}"
    )


def _without(result: Verification, found: Granularity) -> str:
    is_one = found.unexplained == 1
    if result.operation is Operation.DELTA:
        return "has no difference" if is_one else "have no difference"
    return "is zero" if is_one else "are zero"
