"""Every case works with every driver: any response gives a finding, and no forbidden query is sent."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import INT64_MIN, Extent, law

from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.checks.check import CheckResult
from kubectl_cbt.checks.conformance.cases import CASES, Case
from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotSeries
from kubectl_cbt.checks.runner import run
from kubectl_cbt.errors import CbtError, DriverFailed, NotFound, OffsetOutOfRange
from kubectl_cbt.model.finding import Finding, Verdict
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotIds, SnapshotRef
from kubectl_cbt.model.stream_query import MAX_MAX_RESULTS, Query
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.snapshot_metadata_pb2 import BlockMetadata, GetMetadataDeltaResponse
from kubectl_cbt.wire.source import Origin

BLOCK = 4096
SNAPSHOTS = tuple(SnapshotIds(SnapshotRef("n", name), SnapshotHandle(name)) for name in "abc")


@dataclass
class Driver:
    """Answers every question with the same messages.

    Attributes:
        heeds_offset: leave out what begins before the starting offset.
        ends: the error after the messages; None for OK.
    """

    messages: Sequence[tuple[int, int, Sequence[Extent]]]
    heeds_offset: bool = False
    ends: CbtError | None = None
    queries: list[Query] = field(default_factory=list)

    origin = Origin("direct")

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        self.queries.append(query)
        start = query.starting_offset if self.heeds_offset and query.starting_offset else INT64_MIN
        for kind, capacity, extents in self.messages:
            yield _encoded(kind, capacity, extents, start)
        if self.ends is not None:
            raise self.ends

    def close(self) -> None:
        """Nothing is open."""


def _encoded(kind: int, capacity: int, extents: Sequence[Extent], start: int) -> bytes:
    blocks = [BlockMetadata(byte_offset=offset, size_bytes=size) for offset, size in extents if offset >= start]
    return GetMetadataDeltaResponse(
        block_metadata_type=kind, volume_capacity_bytes=capacity, block_metadata=blocks
    ).SerializeToString()


def judged(driver: Driver, cases: Sequence[Case] = CASES) -> dict[str, Finding]:
    base, target, third = SNAPSHOTS
    context = DriverContext(
        driver,
        SnapshotSeries(target, base, (base, target, third)),
        deadline_seconds=5,
        refused_source=driver,
        hostile=True,
    )
    return {finding.id: finding for finding in run(cases, context, lambda case_id: None)}


def check_questions(resolved: Sequence[Query]) -> None:
    """Only what fits the wire; negative numbers are for the hostile cases, which are asked last."""
    for query in resolved:
        assert -1 <= query.starting_offset <= INT64_MAX
        assert -1 <= query.max_results <= MAX_MAX_RESULTS


numbers = st.one_of(
    st.integers(-2, 40),
    st.sampled_from([INT64_MIN, INT64_MIN + 1, -(2**62), 2**31, 2**32, 2**62, INT64_MAX - 1, INT64_MAX]),
    st.integers(INT64_MIN, INT64_MAX),
)
messages = st.lists(
    st.tuples(st.sampled_from([0, 1, 2, 3, -1]), numbers, st.lists(st.tuples(numbers, numbers), max_size=6)), max_size=3
)
endings = st.sampled_from(
    [None, DriverFailed("x", code="INTERNAL"), OffsetOutOfRange("x", code="OUT_OF_RANGE"), NotFound("x", status=404)]
)


@settings(law, max_examples=20)
@given(messages, st.booleans(), endings)
def test_every_case_judges_any_numbers(sent, heeds_offset, ends):
    driver = Driver(sent, heeds_offset, ends)
    findings = judged(driver)
    assert set(findings) == {case.id for case in CASES}
    assert not [finding for finding in findings.values() if "internal error" in " ".join(finding.evidence)]
    check_questions(driver.queries)
    offsets = {query.starting_offset for query in driver.queries if query.max_results >= 0}
    assert {offset for offset in offsets if offset < 0} <= {-1}
    sizes = [size for _, _, extents in sent for _, size in extents]
    if any(size <= 0 for size in sizes) and driver.ends is None:
        assert findings["rule-r1"].verdict is Verdict.FAIL
    if any(capacity <= 0 for _, capacity, _ in sent):
        assert findings["rule-r4"].verdict is Verdict.FAIL


def test_only_hostile_cases_send_negative_numbers():
    driver = Driver([(2, INT64_MAX, [(-5, 10), (INT64_MAX - 1, INT64_MAX), (INT64_MIN, INT64_MIN), (0, 0)])])
    judged(driver, [case for case in CASES if not case.id.startswith("hostile-")])
    assert driver.queries
    assert all(query.starting_offset >= 0 and query.max_results >= 0 for query in driver.queries)


def test_a_driver_whose_sizes_are_all_none_breaks_r1_and_nothing_else_crashes():
    driver = Driver([(2, 2**30, [(0, 0), (4096, -4096), (8192, 0)])])
    findings = judged(driver)
    assert findings["rule-r1"].verdict is Verdict.FAIL
    assert findings["rule-r1"].evidence[0].startswith("delta, starting_offset 0: 3 times, first in message 1, extent 0")
    assert findings["resume-extent-ends"].verdict is Verdict.SKIPPED
    assert findings["answers"].verdict is Verdict.PASS


def test_a_capacity_of_all_int64_has_nothing_beyond_it():
    driver = Driver([(2, INT64_MAX, [(0, 4096), (8192, 4096)])], heeds_offset=True)
    findings = judged(driver)
    assert findings["offset-beyond"].verdict is Verdict.SKIPPED
    assert findings["offset-beyond"].evidence == ("the capacity is so large that no offset lies 1 GiB beyond it",)
    for case in ("offset-capacity", "offset-last-block", "complete", "resume-extent-ends", "rule-w2"):
        assert findings[case].verdict is Verdict.PASS, findings[case]


class ReferenceDriver(Driver):
    """Two images, compared as the reference driver does: in windows from the offset on, named by their first block.

    Of the last block only bytes before the last one differ: a window of one byte at the end finds no difference.
    """

    def __init__(self, *, fixed_length: bool) -> None:
        super().__init__([])
        self._fixed_length = fixed_length
        self._changed = np.zeros(64 * BLOCK, dtype=np.bool_)
        for block in (0, 1, 2, 7, 8, 40):
            self._changed[block * BLOCK + 5 : (block + 1) * BLOCK] = True
        self._changed[-BLOCK:-1] = True

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        self.queries.append(query)
        start = max(query.starting_offset, 0)
        windows = range(start, len(self._changed), BLOCK)
        found = [at // BLOCK * BLOCK for at in windows if self._changed[at : at + BLOCK].any()]
        extents = [(offset, BLOCK) for offset in found]
        if not self._fixed_length:
            extents = ByteRanges.of(*np.array(extents, dtype=np.int64).reshape(-1, 2).T).first(len(extents))
            extents = [(low, high - low) for low, high in extents]
        yield _encoded(2 - self._fixed_length, len(self._changed), extents, 0)


@pytest.mark.parametrize("fixed_length", [True, False])
def test_what_the_reference_driver_makes_of_an_unaligned_offset_breaks_no_must(fixed_length):
    cases = [case for case in CASES if case.id.startswith(("resume-", "offset-"))]
    driver = ReferenceDriver(fixed_length=fixed_length)
    findings = judged(driver, cases)
    wrong = {
        name: finding.verdict for name, finding in findings.items() if finding.verdict in (Verdict.WARN, Verdict.FAIL)
    }
    assert wrong == {"resume-unaligned": Verdict.WARN, "offset-beyond": Verdict.WARN}
    offsets = {query.starting_offset for query in driver.queries}
    assert {63 * BLOCK, 64 * BLOCK - 1} <= offsets


@pytest.mark.parametrize("tail", [0, 512, 1536])
def test_the_last_block_of_a_volume_is_found_by_its_grain(tail):
    """Whether or not the last extent is cut at the capacity."""
    capacity = 16 * BLOCK + tail
    driver = Driver([(2, capacity, [(0, 2 * BLOCK), (5 * BLOCK, BLOCK), (14 * BLOCK, capacity - 14 * BLOCK)])])
    judged(driver, [case for case in CASES if case.id == "offset-last-block"])
    assert driver.queries[-1].starting_offset == (16 if tail else 15) * BLOCK


@pytest.mark.parametrize("sent", [[], [(2, 2**30, [])] * 3])
def test_a_driver_that_sends_nothing_is_judged(sent):
    findings = judged(Driver(sent))
    assert not [finding for finding in findings.values() if "internal error" in " ".join(finding.evidence)]


def test_an_exception_of_ours_in_a_case_is_the_finding_of_that_case():
    def fails(context: DriverContext, result: CheckResult) -> None:
        raise ZeroDivisionError("a secret")

    cases = [replace(CASES[0], run=fails, needs=()), CASES[1]]
    findings = judged(Driver([(2, 2**30, [(0, 4096)])]), cases)
    broken = findings[CASES[0].id]
    assert broken.verdict is Verdict.FAIL
    assert broken.evidence[0].startswith("internal error: ZeroDivisionError at ")
    assert "secret" not in str(broken)
    assert "please report it" in broken.fix
    assert findings[CASES[1].id].verdict is Verdict.PASS


def test_a_signal_in_a_case_ends_the_report():
    class Stop(BaseException):
        pass

    def stops(context: DriverContext, result: CheckResult) -> None:
        raise Stop

    with pytest.raises(Stop):
        judged(Driver([]), [replace(CASES[0], run=stops, needs=())])
