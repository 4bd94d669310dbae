"""Recordings: what is written is replayed, and the file is written safely."""

import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from recorded_again import ScriptedSource, live, recording_of
from recordings_made import RESOLVED, Clock, encoded, read, record, replayed, same, unpacked
from strategies import cut, cuts, law, legal_extents

from kubectl_cbt import errors
from kubectl_cbt.core.stream_recorder import next_recording_path
from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.errors import (
    ApiError,
    CbtError,
    DocumentError,
    Interrupted,
    InvalidRequest,
    OutputError,
    ServiceNotReady,
    StreamCut,
    StreamError,
    UsageError,
)
from kubectl_cbt.recording.error_json import error_of, values_of
from kubectl_cbt.recording.format import Recording, StreamEnding
from kubectl_cbt.recording.recorded_source import RecordedSource
from kubectl_cbt.recording.recorder import RecordingSource, RecordingWriter
from kubectl_cbt.recording.replay import ReplayedStream, StreamSettings
from kubectl_cbt.system.cancellation import Cancellation

# Replaying gives what was recorded.


def test_messages_come_out_verbatim_with_the_times_they_came_at(tmp_path):
    path = tmp_path / "a.cbtrec"
    sent = [b"anything", b"", encoded((0, 4096))]
    writer = RecordingWriter(path, {"some": "head"}, pytest.fail, Clock())
    answer = writer.query(RESOLVED.query)
    for message in sent:
        writer.message(answer, message)
    writer.end(answer, StreamEnding("OK", None))
    writer.close()
    with path.open("rb") as data:
        recording = Recording(RewindableInput(data, "a"))
        (found,) = recording.answers()
        assert recording.head == {"some": "head"}
        assert found.query == RESOLVED.query
        assert (found.ending.code, found.ending.error) == ("OK", None)
    with path.open("rb") as data:
        found = next(Recording(RewindableInput(data, "a")).answers())
        assert list(found.messages()) == [(1_000_000, sent[0]), (2_000_000, sent[1]), (3_000_000, sent[2])]
    assert found.microseconds == 1_000_000
    assert found.ending.microseconds == 5_000_000


@law
@given(
    extents=legal_extents(),
    at=cuts,
    breaks=st.lists(
        st.sampled_from([StreamCut("it broke", code="UNAVAILABLE", details="Socket closed"), ServiceNotReady("soon")]),
        max_size=3,
    ),
)
def test_a_stream_however_broken_comes_out_as_it_was(tmp_path_factory, extents, at, breaks):
    path = tmp_path_factory.mktemp("law") / "a.cbtrec"
    script = [encoded(*part) for part in cut(extents, at)]
    scripts = [[*script, error] for error in breaks]
    same(record(path, *scripts, script, script), replayed(path))


@pytest.mark.parametrize(
    "scripts",
    [
        [[], []],
        [[encoded((0, 4096))], []],
        [[encoded((0, 4096))], [encoded((8192, 4096))], []],
        [[encoded((0, 4096))], [StreamError("no", code="UNKNOWN")]],
        [[encoded((0, 4096)), StreamError("for good", code="UNKNOWN", details="for good", hint="go away")]],
        [[InvalidRequest("max_results is too large")], [encoded((0, 4096))], []],
        [[encoded((0, 4096)), b"\xff\xff"]],
        [[ApiError("too busy", status=429, reason="TooManyRequests", hint="wait")]],
        [[encoded((8192, 4096), (0, 4096))]],
        [[encoded((0, samples.CAPACITY))]],
    ],
    ids=[
        "nothing", "complete", "first page", "probe refused", "failed", "without max_results", "malformed",
        "no token", "out of order", "to the end",
    ],
)  # fmt: skip
def test_a_stream_comes_out_as_it_was(tmp_path, scripts):
    path = tmp_path / "a.cbtrec"
    same(record(path, *scripts), replayed(path))


def test_exhausted_retries_are_replayed_as_exhausted(tmp_path):
    path = tmp_path / "a.cbtrec"
    scripts = [[encoded((0, 4096)), StreamCut("it broke")], [StreamCut("again")], [StreamCut("and again")]]
    made = record(path, *scripts, retries=2)
    assert "gave up after 2 retries" in str(made[1].message)
    same(made, replayed(path))


def test_the_seconds_are_those_it_took(tmp_path):
    path = tmp_path / "a.cbtrec"
    writer = RecordingWriter(path, {}, pytest.fail, Clock())
    list(live(RecordingSource(ScriptedSource([encoded((0, 4096))]), writer), RESOLVED, probe=False))
    writer.close()
    with path.open("rb") as data:
        source = RecordedSource(Recording(RewindableInput(data, "a")))
        stream = ReplayedStream(source, RESOLVED, StreamSettings(0, probe=False, max_results_is_ours=True))
        list(stream)
    # A second until the question, one until the message, one until the end.
    assert (stream.seconds, stream.outcome().seconds) == (3.0, 3.0)
    assert (source.first_message_seconds, source.slowest_gap_seconds) == (1.0, 1.0)


def test_an_interrupted_stream_ends_as_interrupted(tmp_path):
    path = tmp_path / "a.cbtrec"
    goes_on = threading.Event()
    source = recording_of(path, ScriptedSource([encoded((0, 4096)), goes_on, encoded((8192, 4096))]), RESOLVED)
    batches = iter(live(source, RESOLVED))
    next(batches)
    source.close()
    goes_on.set()
    found, error, outcome = replayed(path)
    assert found == [(0, 4096)]
    assert isinstance(error, Interrupted)
    assert not outcome.complete


def test_a_probe_that_was_interrupted_does_not_make_the_stream_whole(tmp_path):
    path = tmp_path / "a.cbtrec"
    writer_source = recording_of(path, ScriptedSource([encoded((0, 4096))], [Interrupted("interrupted")]), RESOLVED)
    read(live(writer_source, RESOLVED))
    writer_source.close()
    error = replayed(path)[1]
    assert isinstance(error, Interrupted)


def test_a_stream_interrupted_before_a_retry_ends_as_interrupted(tmp_path):
    path = tmp_path / "a.cbtrec"
    scripts = [[encoded((0, 4096)), StreamCut("it broke")], [encoded((8192, 4096)), StreamCut("it broke")]]
    source = recording_of(path, ScriptedSource(*scripts), RESOLVED)
    stream = live(source, RESOLVED)
    waits = []
    stream.notify_to(lambda text: waits.append(text) or (len(waits) == 2 and stream.cancel()))
    found, error = read(stream)
    source.close()
    again, error_again, outcome = replayed(path)
    assert (found, stream.resumes, outcome.resumes) == (again, 1, 1)
    assert isinstance(error, StreamCut)  # which the command reports as an interruption
    assert isinstance(error_again, Interrupted)


def test_only_the_recorded_queries_are_replayed(tmp_path):
    path = tmp_path / "a.cbtrec"
    record(path, [encoded((0, 4096))], [])
    with path.open("rb") as data:
        source = RecordedSource(Recording(RewindableInput(data, "a.cbtrec")))
        with pytest.raises(DocumentError, match="the next one recorded is from byte 0"):
            list(source.query(samples.resolved(delta=False).query, Cancellation()))
    record(tmp_path / "b.cbtrec", [encoded((0, 4096))], probe=False)
    with (tmp_path / "b.cbtrec").open("rb") as data:
        source = RecordedSource(Recording(RewindableInput(data, "b.cbtrec")))
        list(source.query(RESOLVED.query, Cancellation()))
        with pytest.raises(Interrupted):
            list(source.query(RESOLVED.query, Cancellation()))


# Writing.


def writer_of(path: Path, failed=pytest.fail) -> RecordingWriter:
    return RecordingWriter(path, {}, failed)


def test_the_file_is_readable_only_by_the_user(tmp_path):
    for name in ("new", "empty"):
        path = tmp_path / name
        if name == "empty":
            path.touch(0o644)
        writer_of(path).close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_with_something_in_it_is_never_overwritten(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    with pytest.raises(UsageError, match="the file is not empty"):
        writer_of(path)
    assert path.read_bytes() == b"x"
    with pytest.raises(UsageError, match="No such file or directory"):
        writer_of(tmp_path / "no" / "a")


def test_the_source_is_closed_when_it_cannot_be_recorded(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    source = ScriptedSource()
    with pytest.raises(UsageError):
        recording_of(path, source, RESOLVED)
    assert source.closed


def test_a_disk_that_is_full_from_the_beginning_is_an_error():
    with pytest.raises(OutputError, match="No space left on device"):
        writer_of(Path("/dev/full"))


@pytest.fixture
def pipe(tmp_path):
    """A named pipe, and its reading end."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path, os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def test_a_failed_write_is_reported_and_the_stream_continues(pipe):
    path, reader = pipe
    said = []
    goes_on = threading.Event()
    script = [encoded((0, 4096)), goes_on, encoded((8192, 4096))]
    source = RecordingSource(ScriptedSource(script), writer_of(path, said.append))
    batches = iter(live(source, RESOLVED, probe=False))
    next(batches)
    os.close(reader)
    goes_on.set()
    assert len(list(batches)) == 1
    source.close()
    assert len(said) == 2
    assert said[0] == said[1]
    assert "Broken pipe: the recording ends here" in said[0]


def test_a_record_that_a_signal_cut_is_the_last(tmp_path, monkeypatch):
    path = tmp_path / "a.cbtrec"
    scripts = [[encoded((0, 4096)), StreamCut("it broke")], [os.urandom(2**18)]]
    source = recording_of(path, ScriptedSource(*scripts), RESOLVED)
    batches = iter(live(source, RESOLVED))
    next(batches)

    def interrupted(file: int, data: bytes) -> int:
        if len(data) > 2**16:
            raise KeyboardInterrupt
        return write(file, data)

    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(batches)
    source.close()
    found, error, _ = replayed(path)
    assert found == [(0, 4096)]
    assert "the recording ends here" in error.message


def test_a_last_message_is_soon_in_the_file(tmp_path):
    path = tmp_path / "a.cbtrec"
    writer = writer_of(path)
    answer = writer.query(RESOLVED.query)
    writer.message(answer, b"the last one before it hangs")
    for _ in range(1000):  # the writer's own thread does it
        if b"the last one before it hangs" in unpacked(path):
            break
        time.sleep(0.01)
    assert b"the last one before it hangs" in unpacked(path)
    writer.close()


def test_a_burst_is_flushed_in_between(tmp_path):
    path = tmp_path / "a.cbtrec"
    writer = writer_of(path)
    answer = writer.query(RESOLVED.query)
    for _ in range(3):
        writer.message(answer, os.urandom(2**16))
    assert len(unpacked(path)) > 3 * 2**16
    writer.close()


def test_a_late_message_of_an_answer_that_is_over_is_left_out(tmp_path):
    path = tmp_path / "a.cbtrec"
    writer = writer_of(path)
    first, second = writer.query(RESOLVED.query), writer.query(RESOLVED.query)
    writer.message(first, b"late")
    writer.end(first, StreamEnding("OK", None))
    writer.end(second, StreamEnding("OK", None))
    writer.close()
    writer.close()
    with path.open("rb") as data:
        found = [
            (list(answer.messages()), answer.ending.code) for answer in Recording(RewindableInput(data, "a")).answers()
        ]
    assert found == [([], "CANCELLED"), ([], "OK")]


def test_further_streams_of_the_screens_get_files_of_their_own(tmp_path):
    first = tmp_path / "map.cbtrec"
    assert next_recording_path(first, 0) is first
    assert next_recording_path(first, 1) == tmp_path / "map-2.cbtrec"
    (tmp_path / "map-2.cbtrec").touch()
    assert next_recording_path(first, 1) == tmp_path / "map-3.cbtrec"


# Errors.

ALL_ERRORS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, CbtError) and not issubclass(kind, ApiError)
]


@pytest.mark.parametrize("kind", ALL_ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_is_replayed_unchanged(kind):
    more = {"code": "UNAVAILABLE", "details": "what it said"} if issubclass(kind, StreamError) else {}
    error = kind("it went wrong", hint="try\nthis", **more)
    found = error_of(json.loads(json.dumps(values_of(error))))
    assert type(found) is kind
    assert vars(found) == vars(error)


def test_an_error_of_the_api_server_keeps_how_kubectl_would_begin_it():
    found = error_of(values_of(errors.Forbidden("no", status=403, reason="Forbidden", hint="ask")))
    assert (type(found), found.prefix, found.hint) == (errors.Forbidden, "Error from server (Forbidden): ", "ask")


@pytest.mark.parametrize("name", ["OfNextYear", "annotations", "ExitCode"])
def test_an_error_that_is_not_known_here_is_one_of_the_stream(name):
    assert type(error_of({"type": name, "message": "m", "hint": ""})) is StreamError
