"""Every case, in the order in which they run: the ones that others build on come first."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from kubectl_cbt.checks.check import Check, check_sequence
from kubectl_cbt.checks.conformance.cases.argument_cases import ARGUMENTS
from kubectl_cbt.checks.conformance.cases.delta_cases import LAWS
from kubectl_cbt.checks.conformance.cases.hostile_cases import HOSTILE
from kubectl_cbt.checks.conformance.cases.offset_cases import OFFSETS
from kubectl_cbt.checks.conformance.cases.paging_cases import PAGING
from kubectl_cbt.checks.conformance.cases.stream_cases import STREAMS
from kubectl_cbt.checks.conformance.cases.timing_cases import TIMING
from kubectl_cbt.checks.conformance.driver_context import DriverContext

Case = Check[DriverContext, None]

CASES = check_sequence(*STREAMS, *PAGING, *OFFSETS, *LAWS, *ARGUMENTS, *TIMING, *HOSTILE)


def select_cases(only: Sequence[str], skip: Sequence[str]) -> list[Case]:
    """The cases whose id matches a pattern of ``only`` (all, when empty) and none of ``skip``."""
    return [
        case
        for case in CASES
        if (not only or any(fnmatchcase(case.id, pattern) for pattern in only))
        and not any(fnmatchcase(case.id, pattern) for pattern in skip)
    ]
