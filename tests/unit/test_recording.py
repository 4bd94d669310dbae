"""Recordings: what goes in comes out, also of a file that was cut; what is secret does not go in."""

import io
import json
import os
import stat
import threading
import time
import zlib
from pathlib import Path

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from recorded import STYLES, cases
from recorded_again import Script, ScriptedSource, live, record_case, recording_of
from strategies import Extent, cut, cuts, law, legal_extents

from kubectl_cbt import errors
from kubectl_cbt.checks.conformance.cases import CASES
from kubectl_cbt.checks.conformance.comparison import differences
from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotSeries
from kubectl_cbt.checks.conformance.recorded_context import RecordedContext
from kubectl_cbt.checks.runner import run
from kubectl_cbt.cli.check_recording import is_recording
from kubectl_cbt.core.file_backend import FileBackend, open_recording
from kubectl_cbt.core.stream_recorder import next_recording_path
from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.documents.kinds import RECORDING
from kubectl_cbt.documents.open_document import recognise
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
from kubectl_cbt.model.finding import Verdict
from kubectl_cbt.model.refs import SnapshotIds
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.recording.error_json import error_of, values_of
from kubectl_cbt.recording.format import FIRST_LINE, FRAME, Recording, StreamEnding
from kubectl_cbt.recording.recorded_source import RecordedSource
from kubectl_cbt.recording.recorder import RecordingSource, RecordingWriter
from kubectl_cbt.recording.replay import ReplayedStream, StreamSettings
from kubectl_cbt.security.redact import MASKED, redact_for_publication, redact_message
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.snapshot_metadata_pb2 import BlockMetadata, GetMetadataDeltaResponse

RESOLVED = samples.resolved()


def encoded(*extents: Extent, capacity: int = samples.CAPACITY) -> bytes:
    response = GetMetadataDeltaResponse(
        block_metadata_type=2,
        volume_capacity_bytes=capacity,
        block_metadata=[BlockMetadata(byte_offset=offset, size_bytes=size) for offset, size in extents],
    )
    return response.SerializeToString()


def read(stream) -> tuple[list, CbtError | None]:
    found = []
    try:
        for batch in stream:
            found += zip(batch.offsets.tolist(), batch.sizes.tolist(), strict=True)
    except CbtError as error:
        return found, error
    return found, None


def record(path: Path, *scripts: Script, **settings) -> tuple[list, CbtError | None, object]:
    """Record a stream; returns what the live one gave."""
    asking = {"no_probe": not settings.get("probe", True), "retries": settings.get("retries", 6)}
    source = recording_of(path, ScriptedSource(*scripts), RESOLVED, **asking)
    stream = live(source, RESOLVED, **settings)
    found, error = read(stream)
    source.close()
    return found, error, stream.outcome(error)


def replayed(path: Path) -> tuple[list, CbtError | None, object]:
    with path.open("rb") as data:
        _, _, stream = open_recording(RewindableInput(data, path.name))
        found, error = read(stream)
    return found, error, stream.outcome(error)


def same(one, other) -> None:
    """Extents, error and outcome but for the time."""
    assert one[0] == other[0]
    assert (type(one[1]), str(one[1])) == (type(other[1]), str(other[1]))
    without_time = [{**_fields(outcome), "seconds": None} for outcome in (one[2], other[2])]
    assert without_time[0] == without_time[1]


def _fields(outcome) -> dict:
    return {name: getattr(outcome, name) for name in outcome.__slots__}


def unpacked(path: Path) -> bytes:
    line, _, packed = path.read_bytes().partition(b"\n")
    assert line + b"\n" == FIRST_LINE
    return zlib.decompressobj().decompress(packed)


class Clock:
    """Goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


# What goes in comes out.


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


def test_retries_that_were_used_up_are_used_up_again(tmp_path):
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


def test_what_was_interrupted_ends_as_interrupted(tmp_path):
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


def test_what_was_interrupted_while_it_waited_to_go_on_ends_as_interrupted(tmp_path):
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
    assert isinstance(error, StreamCut)  # which the command says to be an interruption
    assert isinstance(error_again, Interrupted)


def test_only_the_recorded_questions_are_answered(tmp_path):
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


# Broken files.


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.cbtrec"
    record(path, [encoded((0, 4096)), encoded((8192, 4096)), StreamCut("it broke")], [encoded((2**20, 1))], [])
    return path.read_bytes()


def test_a_file_cut_anywhere_gives_what_is_in_front_of_the_cut(whole, tmp_path):
    path = tmp_path / "cut.cbtrec"
    path.write_bytes(whole)
    extents = replayed(path)[0]
    most = 0
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            found, error, outcome = replayed(path)
        except DocumentError:
            assert not most
            continue
        assert isinstance(error, DocumentError) or outcome.complete
        assert found == extents[: len(found)]
        assert len(found) >= most
        most = len(found)
    assert most == len(extents)


def test_the_end_of_a_cut_file_says_so(whole, tmp_path):
    """Behind its last record nothing is lost; the first cut that loses that is told of."""
    path = tmp_path / "cut.cbtrec"
    for missing in range(1, len(whole)):
        path.write_bytes(whole[:-missing])
        found, error, outcome = replayed(path)
        assert len(found) == 3
        if not outcome.complete:
            break
    assert not outcome.complete
    assert "cut.cbtrec: the recording ends here" in error.message


def test_a_damaged_file_is_an_error_of_ours_or_harmless(whole, tmp_path):
    path = tmp_path / "damaged.cbtrec"
    for position in range(len(whole)):
        spoiled = bytearray(whole)
        spoiled[position] ^= 0x55
        path.write_bytes(spoiled)
        try:
            replayed(path)
        except DocumentError as error:
            assert "damaged.cbtrec" in error.message  # noqa: PT017  # every position raises something else


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a recording"),
        (b"{}", "is not a recording"),
        (b"kubectl-cbt recording 2\nxyz", "version '2', not 1"),
        (b"kubectl-cbt recording " + b"9" * 500, "version"),
        (FIRST_LINE, "the recording ends here"),
        (FIRST_LINE + b"no zlib at all", "does not decompress"),
        (FIRST_LINE + zlib.compress(b""), "does not begin with a head"),
        (FIRST_LINE + zlib.compress(b"H\0\0\0\x02[]"), "no JSON object"),
        (FIRST_LINE + zlib.compress(b"H\xff\xff\xff\xff{}"), "a record of 4294967295 bytes"),
        (FIRST_LINE + zlib.compress(b"H\0\0\0\x09{}"), "in the middle of a record"),
        (FIRST_LINE + zlib.compress(b"H\0\0\0\x02{}"), "asking is missing"),
    ],
)
def test_a_file_that_is_none_says_why(data, message):
    with pytest.raises(DocumentError, match="the file") as raised:
        open_recording(RewindableInput(io.BytesIO(data), "the file"))
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([(b"M", b"12345678")], "an answer without a query"),
        ([(b"Q", b"{}")], "a query that cannot be read"),
        ([(b"Q", b"Q"), (b"M", b"1234")], "a message without a time"),
        ([(b"Q", b"Q")], "an answer without an end"),
        ([(b"Q", b"Q"), (b"?", b"")], "an answer without an end"),
        ([(b"Q", b"Q"), (b"E", b'{"code": "OK"}')], "an end that cannot be read"),
        ([(b"Q", b"Q"), (b"E", b'{"code": "", "microseconds": 1, "error": {"type": 1}}')], "an end that cannot"),
    ],
)
def test_records_that_make_no_sense_are_damage(whole, records, message):
    unpacked = zlib.decompressobj().decompress(whole.removeprefix(FIRST_LINE))
    _, length = FRAME.unpack_from(unpacked)
    head = unpacked[: FRAME.size + length]
    _, length = FRAME.unpack_from(unpacked, len(head))
    query = unpacked[len(head) + FRAME.size :][:length]
    written = [(kind, query if payload == b"Q" else payload) for kind, payload in records]
    data = head + b"".join(FRAME.pack(kind, len(payload)) + payload for kind, payload in written)
    _, _, stream = open_recording(RewindableInput(io.BytesIO(FIRST_LINE + zlib.compress(data)), "it"))
    error = read(stream)[1]
    assert isinstance(error, DocumentError)
    assert error.message.startswith("it is damaged: ")
    assert message in error.message


@pytest.mark.parametrize("kind", [b"Q", b"E"])
@pytest.mark.parametrize(
    "value",
    [
        b"Infinity",
        b"NaN",
        b"1e400",
        b"9" * 5000,
        b"9223372036854775808",
        b"-1",
        b"1.5",
        b"true",
        b'"5"',
        b"null",
        b"[]",
    ],
    ids=lambda value: value[:12].decode(),
)
def test_a_number_that_no_recording_holds_is_damage(whole, kind, value):
    data = zlib.decompressobj().decompress(whole.removeprefix(FIRST_LINE))
    at = data.index(b'"microseconds": ', data.index(kind + b"\0\0")) + len(b'"microseconds": ')
    end = min(data.index(mark, at) for mark in (b",", b"}") if mark in data[at:])
    changed = _resized(data, at, end, value)
    error = read(open_recording(RewindableInput(io.BytesIO(FIRST_LINE + zlib.compress(changed)), "it"))[2])[1]
    assert isinstance(error, DocumentError)
    assert error.message.startswith("it is damaged: ")


def test_half_a_letter_in_a_text_is_damage(whole):
    data = zlib.decompressobj().decompress(whole.removeprefix(FIRST_LINE))
    at = data.index(b'"code": "') + len(b'"code": "')
    changed = _resized(data, at, data.index(b'"', at), b"\\ud800")
    error = read(open_recording(RewindableInput(io.BytesIO(FIRST_LINE + zlib.compress(changed)), "it"))[2])[1]
    assert isinstance(error, DocumentError)


def _resized(data: bytes, at: int, end: int, value: bytes) -> bytes:
    """Another value in the record that holds these bytes, and its length in front."""
    position = 0
    while True:
        kind, length = FRAME.unpack_from(data, position)
        if position + FRAME.size + length > at:
            break
        position += FRAME.size + length
    longer = FRAME.pack(kind, length + len(value) - (end - at))
    return data[:position] + longer + data[position + FRAME.size : at] + value + data[end:]


def test_something_behind_the_end_is_damage(whole):
    _, _, stream = open_recording(RewindableInput(io.BytesIO(whole + b"\n"), "it"))
    list(stream)
    with pytest.raises(DocumentError, match="unexpected data after its end"):
        list(stream._source.query(RESOLVED.query, Cancellation()))


def test_a_recording_is_not_parsed_as_a_document(whole):
    with pytest.raises(DocumentError, match="it is a recording"):
        recognise(io.BytesIO(whole), "it").open()


def test_a_recording_of_another_kind_than_was_said_is_refused(whole):
    with pytest.raises(DocumentError, match="is a recording of delta, not of allocated"):
        FileBackend(io.BytesIO(whole), "it", Operation.ALLOCATED).open()


# Telling them apart.


def test_a_recording_is_seen_in_a_file_and_in_a_pipe_that_trickles(whole):
    for data in (io.BytesIO(whole), Trickle(whole)):
        found = recognise(data, "it")
        assert found.kind is RECORDING
        assert read(open_recording(found.rewound())[2])[1] is None


@pytest.mark.parametrize("text", [b"", b"{", b'{"apiVersion": 1}', b"kubectl-cbt is a name", b"k"])
def test_anything_else_is_given_back_whole(text):
    for data in (io.BytesIO(text), Trickle(text)):
        found = recognise(data, "it")
        assert found.kind is not RECORDING
        assert b"".join(iter(found.rewound().read, b"")) == text
        with pytest.raises(DocumentError, match=r"^it "):
            recognise(io.BytesIO(text), "it").open()


class Trickle(io.RawIOBase):
    """As a pipe: no way back, and no more than a byte at a time."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._data.readinto(memoryview(buffer)[:1])


def test_a_snapshot_is_no_recording(tmp_path, monkeypatch, whole):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "snap-a").write_bytes(b"a file that happens to be here")
    (tmp_path / "other").write_bytes(whole)
    assert [is_recording(name) for name in ("snap-a", "snap-b", "vs/snap-a", ".")] == [False] * 4
    assert is_recording("other")
    assert is_recording("not-there.cbtrec")


# Writing.


def writer_of(path: Path, failed=pytest.fail) -> RecordingWriter:
    return RecordingWriter(path, {}, failed)


def test_the_file_is_for_nobody_else(tmp_path):
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


def test_a_write_that_fails_is_said_and_the_stream_goes_on(pipe):
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


def test_a_message_behind_which_nothing_comes_is_in_the_file_soon(tmp_path):
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
def test_an_error_comes_back_as_what_it_was(kind):
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


# Masking.

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMifQ.c2lnbmF0dXJlc2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        f"unauthenticated user: {JWT}",
        f"Authorization: Bearer {JWT[:30]}",
        JWT.rpartition(".")[0],
        JWT.split(".")[1],
        "authorization: bearer abc",
        'header "Bearer 0123456789abcdef"',
        "S" + "aB3" * 60,
        f"-----BEGIN CERTIFICATE-----\n{'A' * 64}\n{'B' * 64}\n-----END CERTIFICATE-----",
        f"-----BEGIN PRIVATE KEY-----\n{'A' * 64}",
        'User "jane@example.com" cannot create serviceaccounts/token',
    ],
)
def test_what_looks_like_a_secret_is_masked(text):
    found = redact_for_publication(f"before {text} behind")
    assert found.startswith("before ")
    assert MASKED in found
    for part in (*JWT.split("."), "abcdef", "jane", "A" * 64, "aB3aB3", " abc "):
        assert part not in found


@pytest.mark.parametrize(
    "text",
    [
        "failed to get VolumeSnapshot 'a/b': volumesnapshots.snapshot.storage.k8s.io \"b\" not found",
        'User "system:serviceaccount:storage:csi-snapshot-metadata" cannot get resource "volumesnapshotclasses"',
        "unauthenticated user",
        "invalid bearer token",
        "invalid bearer authentication.",
        "0" * 20 + "f" * 64 + "-" + "a" * 64,
        "projects/p-1234567890123456789012345/global/snapshots/snapshot-ac2c6c0e-5d5c-4a4f-8bd2-8bd6f8ae4d1c",
        "/csi/csi.sock: rpc error: code = Unknown desc = exit status 1",
    ],
)
def test_what_a_driver_says_is_left_as_it_is(text):
    assert redact_for_publication(text) == text


def test_the_home_directory_is_not_named(monkeypatch):
    monkeypatch.setenv("HOME", "/home/jane")
    assert redact_for_publication("--token-file /home/jane/token: no such file") == "--token-file ~/token: no such file"
    monkeypatch.setenv("HOME", "/")
    assert redact_for_publication("/csi/csi.sock") == "/csi/csi.sock"


def test_a_message_keeps_its_length_when_something_in_it_is_masked():
    plain = encoded((0, 4096), (8192, 4096))
    assert redact_message(plain) is plain
    unknown_field = b"\x7a" + bytes([len(JWT)]) + JWT.encode()
    found = redact_message(plain + unknown_field)
    assert found == plain + unknown_field[:2] + b"*" * len(JWT)
    assert redact_message(b"eyJust some bytes") == b"eyJust some bytes"


# Checking what was recorded.

LOOKED_AT = {case.id for case in CASES if case.id.startswith("rule-")} | {"complete", "timing"}


def recorded(path: Path) -> RecordedContext:
    with path.open("rb") as data:
        _, source, stream = open_recording(RewindableInput(data, path.name))
        return RecordedContext(source, stream)


def verdicts(path: Path) -> dict[str, Verdict]:
    context = recorded(path)
    return {finding.id: finding.verdict for finding in run(CASES, context, lambda case_id: None)}


def passed(found: dict[str, Verdict]) -> set[str]:
    return {case_id for case_id, verdict in found.items() if verdict is Verdict.PASS}


REAL = [(style, name) for style in STYLES for name, case in cases(style).items() if case["code"] == "OK"]


@pytest.mark.parametrize(("style", "name"), REAL, ids=["-".join(case) for case in REAL])
def test_what_a_real_driver_sent_keeps_the_rules(tmp_path, style, name):
    found = verdicts(record_case(tmp_path / "a.cbtrec", style, name))
    assert set(found) == {case.id for case in CASES}
    assert Verdict.FAIL not in found.values()
    assert passed(found) >= LOOKED_AT - {"complete"}
    assert {case_id for case_id, verdict in found.items() if verdict is Verdict.SKIPPED} >= set(found) - LOOKED_AT


@pytest.mark.parametrize("style", STYLES)
def test_the_tail_from_an_unaligned_offset_shows_the_real_drivers_mistake(tmp_path, style):
    whole, tail = (
        recorded(record_case(tmp_path / f"{name}.cbtrec", style, name))
        for name in ("delta-a-b", "delta-a-b-from-unaligned")
    )
    (query,) = tail.queries.values()
    assert query.starting_offset > 0
    (resolved,) = whole.queries.values()
    assert differences(whole.whole(resolved), tail.whole(query), query.starting_offset)


def test_a_probe_that_found_more_fails_and_one_that_found_nothing_passes(tmp_path):
    record(tmp_path / "first-page", [encoded((0, 4096))], [encoded((8192, 4096))], [])
    assert verdicts(tmp_path / "first-page")["complete"] is Verdict.FAIL
    record(tmp_path / "whole", [encoded((0, 4096))], [])
    assert passed(verdicts(tmp_path / "whole")) == LOOKED_AT
    record(tmp_path / "to-the-end", [encoded((0, samples.CAPACITY))])
    assert verdicts(tmp_path / "to-the-end")["complete"] is Verdict.PASS


def test_an_end_that_was_not_probed_is_not_judged(tmp_path):
    record(tmp_path / "unasked", [encoded((0, 4096))], probe=False)
    assert verdicts(tmp_path / "unasked")["complete"] is Verdict.SKIPPED
    record(tmp_path / "refused", [encoded((0, 4096))], [StreamError("no", code="UNKNOWN")])
    assert verdicts(tmp_path / "refused")["complete"] is Verdict.SKIPPED


def test_a_rule_that_was_broken_in_front_of_an_error_is_found(tmp_path):
    record(tmp_path / "a", [encoded((8192, 4096), (0, 4096)), StreamError("it failed", code="UNKNOWN")])
    found = verdicts(tmp_path / "a")
    assert found["rule-r2"] is Verdict.FAIL
    assert (found["complete"], found["timing"]) == (Verdict.SKIPPED, Verdict.SKIPPED)


def test_resumes_are_one_answer(tmp_path):
    record(tmp_path / "a", [encoded((0, 4096)), StreamCut("it broke")], [encoded((0, 8192), (16384, 1))], [])
    context = recorded(tmp_path / "a")
    taken = context.whole(RESOLVED.query)
    assert taken.runs.first(3) == [(0, 8192), (16384, 16385)]
    assert passed(verdicts(tmp_path / "a")) == LOOKED_AT


def test_the_cases_that_judge_a_recording_say_so():
    assert {case.id for case in CASES if case.judges_recordings} == LOOKED_AT


def test_an_end_that_a_driver_does_not_reach_is_not_judged():
    complete = next(case for case in CASES if case.id == "complete")
    source = ScriptedSource([encoded((0, 4096)), StreamError("it failed", code="UNKNOWN")])
    context = DriverContext(source, SnapshotSeries(SnapshotIds(RESOLVED.target.ref, RESOLVED.target.handle)))
    (finding,) = run([complete], context, lambda case_id: None)
    assert finding.verdict is Verdict.SKIPPED
