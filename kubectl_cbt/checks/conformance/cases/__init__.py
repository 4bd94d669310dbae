"""Every case, in the order they are run: what others build on comes first."""

from __future__ import annotations

from kubectl_cbt.checks.conformance.case import Case
from kubectl_cbt.checks.conformance.cases.argument_cases import ARGUMENTS
from kubectl_cbt.checks.conformance.cases.delta_cases import LAWS
from kubectl_cbt.checks.conformance.cases.hostile_cases import HOSTILE
from kubectl_cbt.checks.conformance.cases.offset_cases import OFFSETS
from kubectl_cbt.checks.conformance.cases.paging_cases import PAGING
from kubectl_cbt.checks.conformance.cases.stream_cases import STREAMS
from kubectl_cbt.checks.conformance.cases.timing_cases import TIMING


def registered(*cases: Case) -> tuple[Case, ...]:
    """The cases.

    Raises:
        ValueError: two have the same id.
    """
    ids = [case.id for case in cases]
    if len(set(ids)) < len(ids):
        raise ValueError(f"two cases have the same id: {', '.join(ids)}")
    return cases


CASES = registered(*STREAMS, *PAGING, *OFFSETS, *LAWS, *ARGUMENTS, *TIMING, *HOSTILE)
