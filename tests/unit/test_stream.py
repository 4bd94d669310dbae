"""The loop over an in-memory source: clipping, progress, retries and the outcome."""

from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Extent, bytes_of, cut, cuts, law, legal_extents, pairs

from kubectl_cbt.errors import (
    CbtError,
    InvalidRequest,
    MalformedMessage,
    OutputError,
    ServiceUnreachable,
    StreamCut,
    StreamError,
)
from kubectl_cbt.model.record import INT64_MAX, Batch
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.stream_query import DEFAULT_MAX_RESULTS, Query
from kubectl_cbt.stream.loop import ExtentStream
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.snapshot_metadata_pb2 import BlockMetadata, GetMetadataDeltaResponse
from kubectl_cbt.wire.source import Origin

CAPACITY = 2**20

Script = list[bytes | CbtError]


class KeptSource:
    """Answers the first query with the first script, and so on; an error in a script ends its answer."""

    origin = Origin("direct")

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.queries: list[Query] = []
        self.cancellations: list[Cancellation] = []

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        self.queries.append(query)
        self.cancellations.append(cancellation)
        for item in self._scripts.pop(0):
            if isinstance(item, CbtError):
                raise item
            yield item

    def close(self) -> None:
        """There is nothing to free."""


def query(start: int = 0, max_results: int = DEFAULT_MAX_RESULTS) -> Query:
    return Query(SnapshotRef("shop", "pg-tue"), SnapshotHandle("handle of pg-mon"), start, max_results)


def encoded(*extents: Extent, block_type: int = 2, capacity: int = CAPACITY) -> bytes:
    response = GetMetadataDeltaResponse(
        block_metadata_type=block_type,
        volume_capacity_bytes=capacity,
        block_metadata=[BlockMetadata(byte_offset=offset, size_bytes=size) for offset, size in extents],
    )
    return response.SerializeToString()


def script_of(extents: list[Extent], at: list[int]) -> Script:
    return [encoded(*part) for part in cut(extents, at)]


def read(stream: ExtentStream) -> tuple[list[Batch], CbtError | None]:
    """All batches up to the end, and what ended it early."""
    found: list[Batch] = []
    try:
        for batch in stream:
            found.append(batch)
    except CbtError as error:
        return found, error
    return found, None


def extents_of(batches: list[Batch]) -> list[Extent]:
    return [extent for batch in batches for extent in pairs(batch.offsets, batch.sizes)]


# Clipping.


@law
@given(legal_extents(), cuts, st.integers(0, 400), st.booleans())
def test_the_response_starts_at_the_starting_offset(extents, at, start, sends_all):
    """Also of a driver that ignores the starting offset and sends all it has."""
    sent = [extent for extent in extents if sends_all or sum(extent) > start]
    stream = ExtentStream(KeptSource(script_of(sent, at)), query(start))
    found = extents_of(list(stream))
    assert found == [
        (max(offset, start), offset + size - max(offset, start)) for offset, size in sent if offset + size > start
    ]
    assert bytes_of(found) == {byte for byte in bytes_of(extents) if byte >= start}
    assert stream.clipped == sum(offset < start for offset, _ in sent)
    assert stream.extents == len(sent)
    assert stream.next_offset == max([start, *map(sum, sent)])


def test_the_first_extent_is_clipped_and_its_record_is_not():
    stream = ExtentStream(KeptSource([encoded((0, 8192), (16384, 4096))]), query(4096))
    (batch,) = stream
    assert pairs(batch.offsets, batch.sizes) == [(4096, 4096), (16384, 4096)]
    assert pairs(batch.records.offsets, batch.records.sizes) == [(0, 8192), (16384, 4096)]
    assert stream.outcome().clipped == 1


def test_an_extent_that_ends_at_the_starting_offset_is_left_out_and_breaks_a_rule():
    stream = ExtentStream(KeptSource([encoded((0, 4096), (8192, 4096))]), query(4096))
    assert extents_of(list(stream)) == [(8192, 4096)]
    outcome = stream.outcome()
    assert outcome.clipped == 1
    assert [violation.rule for violation in outcome.violations] == ["R7"]


def test_nothing_is_copied_where_nothing_is_clipped():
    stream = ExtentStream(KeptSource([encoded((4096, 4096)), encoded()]), query(4096))
    for batch in stream:
        assert batch.offsets is batch.records.offsets
        assert batch.sizes is batch.records.sizes


@law
@given(legal_extents(), cuts, st.integers(0, 400), st.integers(0, 6), cuts)
def test_a_stream_cut_anywhere_and_resumed_is_complete(extents, at, start, messages, at_again):
    whole = [extent for extent in extents if sum(extent) > start]
    first = ExtentStream(KeptSource([*script_of(whole, at)[:messages], StreamCut("cut")]), query(start))
    batches, error = read(first)
    assert type(error) is StreamCut
    rest = [extent for extent in extents if sum(extent) > first.next_offset]
    again = ExtentStream(KeptSource(script_of(rest, at_again)), query(first.next_offset))
    found = extents_of([*batches, *again])
    assert bytes_of(found) == {byte for byte in bytes_of(extents) if byte >= start}
    assert sum(size for _, size in found) == len(bytes_of(found))


def test_an_extent_that_ends_nowhere_does_not_move_the_next_offset():
    stream = ExtentStream(KeptSource([encoded((0, 4096)), encoded((8192, INT64_MAX))]), query())
    assert len(extents_of(list(stream))) == 2
    assert stream.next_offset == 4096


# The outcome.


def test_a_stream_that_ends_is_complete_with_its_figures():
    stream = ExtentStream(KeptSource([encoded((0, 4096)), encoded(), encoded((8192, 4096), (16384, 1))]), query())
    batches = list(stream)
    outcome = stream.outcome()
    assert [record.number for batch in batches for record in batch.records] == [1, 2, 3]
    assert (outcome.complete, outcome.failure) == (True, None)
    assert (outcome.messages, outcome.extents, outcome.next_offset, outcome.clipped) == (3, 3, 16385, 0)
    assert (outcome.block_metadata_type, outcome.volume_capacity_bytes) == (2, CAPACITY)
    assert (outcome.violations, outcome.resumes) == ((), 0)


def test_a_stream_without_messages_is_complete_and_knows_no_type():
    stream = ExtentStream(KeptSource([]), query(4096))
    assert list(stream) == []
    outcome = stream.outcome()
    assert (outcome.complete, outcome.messages, outcome.next_offset) == (True, 0, 4096)
    assert (outcome.block_metadata_type, outcome.volume_capacity_bytes) == (None, None)
    assert stream.outcome(restore_size_bytes=CAPACITY).volume_capacity_bytes == CAPACITY


def test_a_capacity_from_the_stream_wins_over_the_restore_size():
    stream = ExtentStream(KeptSource([encoded((0, 1))]), query())
    list(stream)
    assert stream.outcome(restore_size_bytes=5 * CAPACITY).volume_capacity_bytes == CAPACITY


def test_type_and_capacity_are_those_of_the_first_message():
    later = encoded((4096, 1), block_type=1, capacity=7 * CAPACITY)
    stream = ExtentStream(KeptSource([encoded((0, 1)), later]), query())
    list(stream)
    outcome = stream.outcome()
    assert (outcome.block_metadata_type, outcome.volume_capacity_bytes) == (2, CAPACITY)
    assert [violation.rule for violation in outcome.violations] == ["R3", "R4"]
    assert outcome.broke_a_must


def test_a_stream_that_fails_is_incomplete_and_keeps_what_came_before():
    error = StreamCut("the connection broke", code="UNAVAILABLE", details="Socket closed", hint="try again")
    stream = ExtentStream(KeptSource([encoded((0, 4096)), error]), query())
    found, raised = read(stream)
    assert raised is error
    assert extents_of(found) == [(0, 4096)]
    outcome = stream.outcome(error)
    assert (outcome.complete, outcome.messages, outcome.next_offset) == (False, 1, 4096)
    assert outcome.failure == Failure("StreamCut", "UNAVAILABLE", "the connection broke", "try again")


def test_a_failure_that_is_not_the_streams_own_has_no_code():
    stream = ExtentStream(KeptSource([encoded((0, 4096))]), query())
    list(stream)
    outcome = stream.outcome(OutputError("no space left", hint="free some"))
    assert (outcome.complete, outcome.failure) == (False, Failure("OutputError", "", "no space left", "free some"))


def test_a_message_that_cannot_be_read_ends_the_stream_with_its_number():
    source = KeptSource([encoded((0, 4096)), b"\xff\xff", encoded((8192, 4096))])
    stream = ExtentStream(source, query())
    with pytest.raises(MalformedMessage, match="message 2"):
        list(stream)
    assert (stream.messages, stream.next_offset) == (1, 4096)
    assert source.cancellations[0].is_cancelled


# Asking once more without max_results.

REJECTED = InvalidRequest("max_results is too large", code="INVALID_ARGUMENT")


def test_a_driver_that_rejects_our_max_results_is_queried_once_more_without():
    many = [(8192 * index, 4096) for index in range(DEFAULT_MAX_RESULTS + 1)]
    source = KeptSource([REJECTED], [encoded(*many, capacity=2**40)])
    stream = ExtentStream(source, query(0), max_results_is_ours=True)
    assert extents_of(list(stream)) == many
    assert [resolved.max_results for resolved in source.queries] == [DEFAULT_MAX_RESULTS, 0]
    outcome = stream.outcome()
    # Nor is the rule held against it any more that a message holds no more than was asked for.
    assert (outcome.complete, outcome.messages, outcome.violations) == (True, 1, ())


def test_the_second_question_differs_in_nothing_but_max_results():
    source = KeptSource([REJECTED], [])
    list(ExtentStream(source, query(4096), max_results_is_ours=True))
    assert source.queries == [query(4096), query(4096, max_results=0)]


def test_a_driver_that_rejects_the_second_query_too_is_not_queried_again():
    source = KeptSource([REJECTED], [InvalidRequest("no"), encoded()])
    with pytest.raises(InvalidRequest, match="no"):
        list(ExtentStream(source, query(), max_results_is_ours=True))
    assert len(source.queries) == 2
    assert source.cancellations[-1].is_cancelled


def test_a_max_results_of_the_users_is_never_changed():
    source = KeptSource([REJECTED])
    stream = ExtentStream(source, query(max_results=DEFAULT_MAX_RESULTS))
    with pytest.raises(InvalidRequest):
        list(stream)
    assert len(source.queries) == 1


def test_nothing_is_retried_after_a_message():
    source = KeptSource([encoded((0, 4096)), REJECTED])
    stream = ExtentStream(source, query(), max_results_is_ours=True)
    with pytest.raises(InvalidRequest):
        list(stream)
    assert len(source.queries) == 1
    assert stream.messages == 1


@pytest.mark.parametrize(
    "error", [ServiceUnreachable("no"), StreamCut("no"), StreamError("no")], ids=lambda error: type(error).__name__
)
def test_no_other_error_is_treated_as_a_rejected_max_results(error):
    source = KeptSource([error])
    with pytest.raises(type(error)):
        list(ExtentStream(source, query(), max_results_is_ours=True))
    assert len(source.queries) == 1


# Cancelling.


@pytest.mark.parametrize(
    "scripts",
    [
        [[encoded((0, 4096))]],
        [[]],
        [[encoded((0, 4096)), StreamCut("cut")]],
        [[ServiceUnreachable("no")]],
        [[b"\xff"]],
        [[REJECTED], [encoded((0, 4096))]],
        [[REJECTED], [REJECTED]],
    ],
    ids=["complete", "empty", "cut", "unreachable", "malformed", "asked again", "rejected twice"],
)
def test_the_answer_is_cancelled_at_the_end(scripts):
    source = KeptSource(*scripts)
    read(ExtentStream(source, query(), max_results_is_ours=True))
    assert source.cancellations[-1].is_cancelled


def test_the_answer_is_cancelled_when_the_reader_stops_early():
    source = KeptSource([encoded((0, 4096)), encoded((8192, 4096))])
    batches = iter(ExtentStream(source, query()))
    next(batches)
    assert not source.cancellations[0].is_cancelled
    batches.close()
    assert source.cancellations[0].is_cancelled


def test_a_running_stream_can_be_cancelled_more_than_once():
    source = KeptSource([encoded((0, 4096)), encoded((8192, 4096))])
    stream = ExtentStream(source, query())
    batches = iter(stream)
    next(batches)
    stream.cancel()
    stream.cancel()
    assert source.cancellations[0].is_cancelled


def test_cancelling_a_stream_that_was_never_read_sends_nothing():
    source = KeptSource([encoded((0, 4096))])
    ExtentStream(source, query()).cancel()
    assert source.queries == []


def test_the_time_stops_when_the_stream_has_ended():
    stream = ExtentStream(KeptSource([encoded((0, 4096))]), query())
    list(stream)
    assert stream.seconds == stream.seconds == stream.outcome().seconds
