"""Every case, in the order they are run: what others build on comes first."""

from __future__ import annotations

from kubectl_cbt.conformance.case import Case
from kubectl_cbt.conformance.cases.arguments import ARGUMENTS
from kubectl_cbt.conformance.cases.hostile import HOSTILE
from kubectl_cbt.conformance.cases.laws import LAWS
from kubectl_cbt.conformance.cases.offsets import OFFSETS
from kubectl_cbt.conformance.cases.paging import PAGING
from kubectl_cbt.conformance.cases.streams import STREAMS
from kubectl_cbt.conformance.cases.timing import TIMING


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
