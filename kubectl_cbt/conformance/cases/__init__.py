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

CASES: tuple[Case, ...] = (*STREAMS, *PAGING, *OFFSETS, *LAWS, *ARGUMENTS, *TIMING, *HOSTILE)
