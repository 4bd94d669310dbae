"""Streams that fail: when the loop retries, from which offset, and after which pause."""

import contextlib
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resuming_streams import AT_ONCE, CUT, FINAL, PASSING, PASSING_LATER, Driver, assert_given_up, by_name, resuming
from strategies import law, legal_extents
from test_stream import CAPACITY, KeptSource, encoded, extents_of, query, read

from kubectl_cbt.errors import (
    ApiError,
    DriverFailed,
    OffsetOutOfRange,
    ServiceUnreachable,
    StreamCut,
    StreamDeadline,
    TokenUnavailable,
    Unauthenticated,
)
from kubectl_cbt.model.stream_query import DEFAULT_MAX_RESULTS
from kubectl_cbt.stream.loop import ExtentStream
from kubectl_cbt.stream.resume import Retries, RetryState, smaller_max_results

# The whole comes out, however it was cut.


@law
@given(legal_extents(), st.integers(1, 5), st.lists(st.integers(0, 4), max_size=8), st.booleans())
def test_the_joined_stream_is_the_uncut_one(extents, per_message, breaks, ignores_offset):
    """Also of a driver that ignores the starting offset: then all it has sent before is left out."""
    patient = Retries(limit=len(breaks), first_seconds=0.0)
    breaks = [1, *breaks]  # a service that was never reached is given up on at once
    driver = Driver(extents, per_message, breaks, ignores_offset=ignores_offset)
    stream = ExtentStream(driver, query(), retries=replace(patient, limit=len(breaks)))
    assert extents_of(list(stream)) == extents
    assert stream.extents == len(extents)
    outcome = stream.outcome()
    assert outcome.complete
    assert not outcome.clipped
    allowed = {"R7"} if ignores_offset else set()
    assert {violation.rule for violation in outcome.violations} <= allowed


@pytest.mark.parametrize("messages", range(9))
def test_a_stream_cut_after_any_message_is_resumed_from_the_end_of_its_last_extent(messages):
    extents = [(8192 * index, 4096) for index in range(8)]
    driver = Driver(extents, 1, [messages])
    stream = resuming(driver)
    assert extents_of(list(stream)) == extents
    assert [resolved.starting_offset for resolved in driver.queries] == [0, max(8192 * messages - 4096, 0)][
        : stream.resumes + 1
    ]
    assert stream.outcome().resumes == 1


def test_a_resume_clips_the_first_extent():
    source = KeptSource([encoded((0, 4096)), CUT], [encoded((0, 8192), (16384, 4096))])
    stream = resuming(source)
    assert extents_of(list(stream)) == [(0, 4096), (4096, 4096), (16384, 4096)]
    outcome = stream.outcome()
    assert (outcome.extents, outcome.clipped, outcome.violations) == (3, 0, ())


def test_a_resume_that_begins_too_early_breaks_a_rule_and_repeats_nothing():
    source = KeptSource([encoded((0, 4096)), CUT], [encoded((0, 4096), (8192, 4096))])
    stream = resuming(source)
    assert extents_of(list(stream)) == [(0, 4096), (8192, 4096)]
    assert [violation.rule for violation in stream.outcome().violations] == ["R7"]


def test_type_and_capacity_have_to_stay_the_same_over_a_resume():
    source = KeptSource([encoded((0, 4096)), CUT], [encoded((8192, 4096), block_type=1, capacity=2 * CAPACITY)])
    stream = resuming(source)
    list(stream)
    assert [violation.rule for violation in stream.outcome().violations] == ["R3", "R4"]


def test_messages_are_numbered_on_over_a_resume():
    source = KeptSource([encoded((0, 4096)), CUT], [encoded((8192, 4096)), encoded((16384, 4096))])
    assert [record.number for batch in resuming(source) for record in batch.records] == [1, 2, 3]


def test_a_stream_out_of_order_is_not_resumed():
    """What lies in front of its furthest extent may not have been sent yet."""
    source = KeptSource([encoded((8192, 4096)), encoded((0, 4096)), CUT])
    stream = resuming(source)
    _, error = read(stream)
    assert error is CUT
    assert len(source.queries) == 1


# What is retried, and what is not.


@pytest.mark.parametrize("error", PASSING, ids=by_name)
def test_a_transient_error_is_retried(error):
    source = KeptSource([error], [encoded((0, 4096))])
    stream = resuming(source)
    assert extents_of(list(stream)) == [(0, 4096)]
    assert stream.outcome().resumes == 1


@pytest.mark.parametrize("error", PASSING_LATER, ids=by_name)
def test_an_unreachable_service_is_retried_if_it_was_reached_before(error):
    never = KeptSource([error])
    assert read(resuming(never))[1] is error
    assert len(never.queries) == 1
    source = KeptSource([encoded((0, 4096)), error], [error], [encoded((8192, 4096))])
    assert extents_of(list(resuming(source))) == [(0, 4096), (8192, 4096)]


@pytest.mark.parametrize("error", FINAL, ids=by_name)
def test_a_permanent_error_is_not_retried(error):
    source = KeptSource([encoded((0, 4096)), error])
    stream = resuming(source)
    assert read(stream)[1] is error
    assert stream.outcome(error).resumes == 0


def test_an_expired_token_is_replaced_once():
    refused = Unauthenticated("expired", code="UNAUTHENTICATED")
    source = KeptSource([encoded((0, 4096)), CUT], [refused], [encoded((8192, 4096))])
    assert extents_of(list(resuming(source))) == [(0, 4096), (8192, 4096)]
    again = KeptSource([encoded((0, 4096)), CUT], [refused], [refused])
    assert_given_up(read(resuming(again))[1], refused, "2 retries")
    never_taken = KeptSource([refused])
    assert read(resuming(never_taken))[1] is refused


def test_without_retries_nothing_is_retried():
    source = KeptSource([encoded((0, 4096)), CUT])
    assert read(ExtentStream(source, query()))[1] is CUT


def test_progress_resets_the_count():
    scripts = [[encoded((8192 * index, 4096)), StreamCut("cut")] for index in range(20)]
    source = KeptSource(*scripts, [])
    stream = ExtentStream(source, query(), retries=Retries(limit=1, first_seconds=0.0))
    assert len(list(stream)) == 20
    assert stream.outcome().resumes == 20


def test_a_stream_without_progress_is_given_up_and_the_error_is_reported():
    error = StreamCut("the connection broke")
    source = KeptSource([encoded((0, 4096)), error], *([error] for _ in range(6)))
    stream = resuming(source)
    batches, raised = read(stream)
    assert extents_of(batches) == [(0, 4096)]
    assert_given_up(raised, error, "6 retries")
    assert raised.message == "the connection broke; gave up after 6 retries"
    outcome = stream.outcome(raised)
    assert (outcome.complete, outcome.resumes, outcome.next_offset) == (False, 6, 4096)


def test_messages_without_extents_are_not_progress():
    source = KeptSource([encoded((0, 4096)), CUT], *([encoded(), CUT] for _ in range(6)))
    assert_given_up(read(resuming(source))[1], CUT, "6 retries")


# The end of the volume.


@pytest.mark.parametrize("error", [*PASSING, *PASSING_LATER], ids=by_name)
def test_no_query_follows_an_extent_that_ends_at_the_capacity(error):
    """Some drivers call that out of range. All that there is has come."""
    for stream in (
        ExtentStream(KeptSource([encoded((0, CAPACITY)), error]), query(), retries=AT_ONCE, probe=True),
        ExtentStream(KeptSource([encoded((0, CAPACITY)), error]), query(), probe=True),
    ):
        assert extents_of(list(stream)) == [(0, CAPACITY)]
        assert stream.outcome().complete


def test_the_tail_block_may_run_past_the_capacity():
    source = KeptSource([encoded((CAPACITY - 4096, 8192)), CUT])
    stream = resuming(source, probe=True)
    list(stream)
    assert (stream.outcome().complete, len(source.queries)) == (True, 1)


def test_an_error_of_the_drivers_own_at_the_capacity_stays_an_error():
    error = DriverFailed("lost my place")
    assert read(resuming(KeptSource([encoded((0, CAPACITY)), error])))[1] is error


def test_out_of_range_after_the_last_extent_means_complete():
    """For a driver that does not send the capacity; otherwise there is no query."""
    source = KeptSource([encoded((0, 4096), capacity=0)], [OffsetOutOfRange("4096 is the capacity")])
    stream = resuming(source, probe=True)
    assert len(list(stream)) == 1
    assert stream.outcome().complete


def test_out_of_range_to_the_users_own_offset_is_an_error():
    error = OffsetOutOfRange("no")
    assert read(resuming(KeptSource([error]), query(start=CAPACITY), probe=True))[1] is error


# A deadline with nothing to show for it.


def test_a_deadline_without_an_extent_is_retried_with_fewer_results():
    late = StreamDeadline("too old")
    source = KeptSource([late], [encoded(), late], [late], [encoded((4096, 4096))])
    assert extents_of(list(resuming(source))) == [(4096, 4096)]
    assert [resolved.max_results for resolved in source.queries] == [4096, 256, 16, 1]


def test_a_deadline_after_extents_is_retried_with_as_many_results():
    source = KeptSource([encoded((0, 4096)), StreamDeadline("too old")], [])
    list(resuming(source))
    assert [resolved.max_results for resolved in source.queries] == [4096, 4096]


def test_reducing_max_results_ends_at_one():
    steps = [0]
    while steps[-1] != 1:
        steps.append(smaller_max_results(steps[-1]))
    assert steps == [0, 256, 16, 1]
    assert smaller_max_results(1) == 1


# Patience.


def test_pauses_double_up_to_a_limit():
    patience = RetryState(Retries(limit=5, first_seconds=1.0, longest_seconds=5.0))
    assert [patience.pause_after(CUT) for _ in range(6)] == [1.0, 2.0, 4.0, 5.0, 5.0, None]
    patience.progress()
    assert patience.pause_after(CUT) == 1.0


def test_a_stream_that_grew_too_old_is_resumed_at_once():
    patience = RetryState(Retries(limit=5, first_seconds=1.0))
    patience.progress()
    assert patience.pause_after(StreamDeadline("too old")) == 0.0
    assert patience.pause_after(StreamDeadline("too old")) == 2.0


def test_a_pause_ends_when_the_stream_is_cancelled():
    source = KeptSource([encoded((0, 4096)), CUT])
    said = threading.Event()
    stream = ExtentStream(source, query(), retries=Retries(first_seconds=3600, longest_seconds=3600))
    stream.notify_to(lambda text: said.set())
    ended = []
    thread = threading.Thread(target=lambda: ended.append(read(stream)))
    thread.start()
    assert said.wait(30)
    stream.cancel()
    thread.join(30)
    assert ended[0][1] is CUT
    assert stream.outcome(CUT).resumes == 0


def test_the_user_is_notified():
    said: list[str] = []
    source = KeptSource([encoded((0, 8192)), StreamCut("the connection broke")], [])
    stream = ExtentStream(source, query(), retries=Retries(first_seconds=0.001))
    stream.notify_to(said.append)
    list(stream)
    assert said == ["resuming at 8 KiB in 0.001 s: the connection broke"]


def test_a_break_before_the_first_message_is_resumed():
    source = KeptSource([CUT], [ServiceUnreachable("not up yet")], [encoded((0, 4096))])
    assert extents_of(list(resuming(source))) == [(0, 4096)]


@pytest.mark.parametrize(("status", "is_retried"), [(429, True), (500, True), (503, True), (403, False), (422, False)])
def test_an_api_server_that_is_busy_passes_and_one_that_refuses_does_not(status, is_retried):
    error = ApiError("no token", status=status)
    stream = resuming(KeptSource([encoded((0, 4096)), CUT], [error], [encoded((8192, 4096))]))
    raised = read(stream)[1]
    if is_retried:
        assert raised is None
    else:
        assert_given_up(raised, error, "1 retry")


def test_a_stream_cancelled_between_two_queries_sends_no_more():
    source = KeptSource([encoded((0, 4096)), CUT], [encoded((8192, 4096))])
    stream = resuming(source)
    stream.notify_to(lambda text: stream.cancel())
    assert read(stream)[1] is CUT
    assert len(source.queries) == 1


def test_pauses_stay_at_the_limit_after_many_retries():
    patience = RetryState(Retries(limit=5000, first_seconds=0.5, longest_seconds=30.0))
    assert [patience.pause_after(CUT) for _ in range(5000)][-1] == 30.0


def test_after_a_quiet_range_the_full_max_results_is_requested():
    late = StreamDeadline("too old")
    few, many = encoded((4096, 4096)), [encoded((8192 * at, 4096)) for at in range(2, 20)]
    source = KeptSource([late], [few, late], [*many, late], [])
    list(resuming(source))
    assert [resolved.max_results for resolved in source.queries] == [4096, 256, 256, 4096]


def test_a_token_that_cannot_be_had_again_ends_the_stream():
    class NoToken(KeptSource):
        def query(self, query, cancellation):
            if self.queries:
                raise TokenUnavailable("gone")
            yield from super().query(query, cancellation)

    stream = resuming(NoToken([encoded((0, 4096)), CUT]))
    batches, error = read(stream)
    assert (extents_of(batches), type(error)) == ([(0, 4096)], TokenUnavailable)
    assert stream.next_offset == 4096


# A stream that ended early, resumed by a person.


@settings(law, max_examples=40)
@given(legal_extents(), st.integers(1, 5), st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=8))
def test_a_stream_that_ended_early_is_resumed_to_the_whole(extents, per_message, ends):
    """Whether it broke after some messages or was stopped as well, and however often."""
    stream = ExtentStream(Driver([], 1, []), query(), read_ahead=False)
    found = []
    for messages, is_stopped in [*ends, (10**6, False)]:
        driver = Driver(extents, per_message, [messages])
        came_to = stream.next_offset
        stream.resume(driver)
        with contextlib.suppress(StreamCut):
            for batch in stream:
                found += extents_of([batch])
                if is_stopped:
                    stream.cancel()
        assert [resolved.starting_offset for resolved in driver.queries] == [came_to]
    assert found == extents
    outcome = stream.outcome()
    assert (outcome.extents, outcome.resumes, outcome.violations) == (len(extents), len(ends) + 1, ())


def test_a_quiet_stream_that_a_user_resumes_is_queried_with_fewer_results():
    stream = ExtentStream(KeptSource([StreamDeadline("too old")]), query())
    with pytest.raises(StreamDeadline):
        list(stream)
    before = stream.seconds
    rest = KeptSource([encoded((0, 4096))])
    stream.resume(rest)
    assert extents_of(list(stream)) == [(0, 4096)]
    assert [resolved.max_results for resolved in rest.queries] == [DEFAULT_MAX_RESULTS // 16]
    assert stream.seconds >= before
