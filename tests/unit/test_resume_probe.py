"""Streams that end with OK: the loop probes whether the volume's end was reached."""

import pytest
from hypothesis import given
from resuming_streams import CUT, by_name, resuming
from strategies import bytes_of, cut, cuts, law, legal_extents
from test_stream import KeptSource, encoded, extents_of, query, read

from kubectl_cbt.errors import (
    DriverFailed,
    InvalidRequest,
    MalformedMessage,
    MessageTooLarge,
    OffsetOutOfRange,
    TokenUnavailable,
)
from kubectl_cbt.model.record import INT64_MAX

# Whether OK was the end.


def test_a_driver_that_sent_its_first_page_only_is_found_out_and_the_rest_fetched():
    source = KeptSource([encoded((0, 4096))], [encoded((8192, 4096))], [encoded((16384, 4096))], [])
    stream = resuming(source, probe=True)
    assert extents_of(list(stream)) == [(0, 4096), (8192, 4096), (16384, 4096)]
    outcome = stream.outcome()
    (violation,) = outcome.violations
    assert (violation.rule, violation.level, violation.count) == ("R8", "MUST", 2)
    assert [example.record for example in violation.examples] == [2, 3]
    assert "ended with OK at byte 4096" in violation.examples[0].text
    assert (outcome.complete, outcome.broke_a_must, outcome.resumes) == (True, True, 0)
    assert [resolved.starting_offset for resolved in source.queries] == [0, 4096, 12288, 20480]


@law
@given(legal_extents(), cuts)
def test_any_pages_that_end_with_ok_come_together(extents, pages):
    scripts = [[encoded(*page)] for page in cut(extents, pages) if page]
    stream = resuming(KeptSource(*scripts, [], []), probe=True)
    assert bytes_of(extents_of(list(stream))) == bytes_of(extents)


def test_a_complete_stream_is_probed_once():
    source = KeptSource([encoded((0, 4096))], [])
    stream = resuming(source, probe=True)
    list(stream)
    assert [resolved.starting_offset for resolved in source.queries] == [0, 4096]
    assert (stream.outcome().violations, stream.outcome().resumes) == ((), 0)


def test_no_probe_trusts_the_drivers_ok():
    source = KeptSource([encoded((0, 4096))])
    list(resuming(source))
    assert len(source.queries) == 1


@pytest.mark.parametrize("empty", [[], [encoded()]], ids=["no message", "no extent"])
@pytest.mark.parametrize("again", [[], [encoded()]], ids=["no message", "no extent"])
@pytest.mark.parametrize("start", [0, 4096])
def test_an_answer_without_anything_is_queried_once_more(empty, again, start):
    source = KeptSource(empty, again)
    stream = resuming(source, query(start), probe=True)
    assert extents_of(list(stream)) == []
    assert [resolved.starting_offset for resolved in source.queries] == [start, start]
    outcome = stream.outcome()
    assert (outcome.complete, outcome.broke_a_must, outcome.resumes) == (True, False, 0)


@pytest.mark.parametrize("empty", [[], [encoded()]], ids=["no message", "no extent"])
def test_an_answer_without_anything_that_differs_the_second_time_has_ended_early(empty):
    source = KeptSource(empty, [encoded((0, 4096))], [])
    stream = resuming(source, probe=True)
    assert extents_of(list(stream)) == [(0, 4096)]
    (violation,) = stream.outcome().violations
    assert (violation.rule, violation.count) == ("R8", 1)
    assert "ended with OK at byte 0" in violation.examples[0].text
    assert [resolved.starting_offset for resolved in source.queries] == [0, 0, 4096]


def test_an_answer_without_anything_that_fails_the_second_time_leaves_the_end_in_doubt():
    stream = resuming(KeptSource([], [DriverFailed("no such snapshot")]), probe=True)
    assert extents_of(list(stream)) == []
    assert [violation.rule for violation in stream.outcome().violations] == ["W4"]


def test_no_probe_trusts_an_empty_response():
    source = KeptSource([])
    list(resuming(source))
    assert len(source.queries) == 1


def test_a_resume_that_brings_nothing_more_is_queried_once_more():
    source = KeptSource([encoded((0, 4096)), CUT], [], [])
    stream = resuming(source, probe=True)
    list(stream)
    assert (len(source.queries), stream.outcome().complete, stream.resumes) == (3, True, 1)
    lost = resuming(KeptSource([encoded((0, 4096)), CUT], [], [encoded((8192, 4096))], []), probe=True)
    assert extents_of(list(lost)) == [(0, 4096), (8192, 4096)]
    assert [violation.rule for violation in lost.outcome().violations] == ["R8"]


def test_a_probe_that_gives_what_came_before_once_more_finds_nothing():
    source = KeptSource([encoded((0, 4096), (8192, 4096))], [encoded((8192, 4096))])
    stream = resuming(source, probe=True)
    assert extents_of(list(stream)) == [(0, 4096), (8192, 4096)]
    assert [violation.rule for violation in stream.outcome().violations] == ["R7"]


def test_a_probe_that_breaks_is_retried():
    source = KeptSource([encoded((0, 4096))], [CUT], [encoded((8192, 4096))], [])
    stream = resuming(source, probe=True)
    assert extents_of(list(stream)) == [(0, 4096), (8192, 4096)]
    assert [violation.rule for violation in stream.outcome().violations] == ["R8"]


@pytest.mark.parametrize(
    "error", [DriverFailed("no such cursor"), InvalidRequest("no"), TokenUnavailable("no"), OffsetOutOfRange("no")]
)
def test_a_probe_that_fails_leaves_the_end_in_doubt(error):
    """OUT_OF_RANGE within the capacity is not a confirmation either."""
    stream = resuming(KeptSource([encoded((0, 4096))], [error]), probe=True)
    assert extents_of(list(stream)) == [(0, 4096)]
    (violation,) = stream.outcome().violations
    assert (violation.rule, violation.level) == ("W4", "WARNING")
    assert violation.examples[0].text == "from byte 4096: no such cursor" or violation.examples[0].text.endswith(": no")
    assert stream.outcome().complete


@pytest.mark.parametrize("error", [MalformedMessage("message 2 of the stream"), MessageTooLarge("5 MiB")], ids=by_name)
def test_a_probe_that_gets_rubbish_is_an_error(error):
    assert read(resuming(KeptSource([encoded((0, 4096))], [error]), probe=True))[1] is error


def test_a_stream_with_changing_capacities_never_reaches_the_end():
    source = KeptSource([encoded((0, 4096), capacity=8192), encoded((8192, 4096)), CUT], [encoded((16384, 4096))], [])
    stream = resuming(source, probe=True)
    assert extents_of(list(stream)) == [(0, 4096), (8192, 4096), (16384, 4096)]


def test_one_extent_that_ends_nowhere_does_not_make_its_message_come_twice():
    source = KeptSource([encoded((0, 4096), (4096, INT64_MAX)), CUT], [encoded((8192, 4096))])
    found = extents_of(list(resuming(source)))
    assert found.count((0, 4096)) == 1
    assert source.queries[1].starting_offset == 4096
