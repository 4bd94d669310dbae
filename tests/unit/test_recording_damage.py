"""Recordings that are cut, damaged or of another kind are recognized."""

import io
import zlib

import pytest
from recordings_made import RESOLVED, encoded, read, record, replayed

from kubectl_cbt.cli.check_recording import is_recording
from kubectl_cbt.core.file_backend import FileBackend, open_recording
from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.documents.kinds import RECORDING
from kubectl_cbt.documents.open_document import recognise
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import (
    DocumentError,
    StreamCut,
)
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.recording.format import FIRST_LINE, FRAME
from kubectl_cbt.system.cancellation import Cancellation


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.cbtrec"
    record(path, [encoded((0, 4096)), encoded((8192, 4096)), StreamCut("it broke")], [encoded((2**20, 1))], [])
    return path.read_bytes()


def test_a_file_cut_anywhere_gives_everything_before_the_cut(whole, tmp_path):
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


def test_the_end_of_a_cut_file_is_reported(whole, tmp_path):
    """After the last record nothing is lost; the first cut that loses it is reported."""
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
        (FIRST_LINE + zlib.compress(b"H\0\0\0\x02[]"), "not a JSON object"),
        (FIRST_LINE + zlib.compress(b"H\xff\xff\xff\xff{}"), "a record of 4294967295 bytes"),
        (FIRST_LINE + zlib.compress(b"H\0\0\0\x09{}"), "in the middle of a record"),
        (FIRST_LINE + zlib.compress(b"H\0\0\0\x02{}"), "asking is missing"),
    ],
)
def test_a_file_that_is_not_a_recording_is_reported_with_the_reason(data, message):
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
def test_invalid_records_are_damage(whole, records, message):
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
def test_a_number_out_of_range_is_damage(whole, kind, value):
    data = zlib.decompressobj().decompress(whole.removeprefix(FIRST_LINE))
    at = data.index(b'"microseconds": ', data.index(kind + b"\0\0")) + len(b'"microseconds": ')
    end = min(data.index(mark, at) for mark in (b",", b"}") if mark in data[at:])
    changed = _resized(data, at, end, value)
    error = read(open_recording(RewindableInput(io.BytesIO(FIRST_LINE + zlib.compress(changed)), "it"))[2])[1]
    assert isinstance(error, DocumentError)
    assert error.message.startswith("it is damaged: ")


def test_a_lone_surrogate_in_a_text_is_damage(whole):
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


def test_data_after_the_end_is_damage(whole):
    _, _, stream = open_recording(RewindableInput(io.BytesIO(whole + b"\n"), "it"))
    list(stream)
    with pytest.raises(DocumentError, match="unexpected data after its end"):
        list(stream._source.query(RESOLVED.query, Cancellation()))


def test_a_recording_is_not_parsed_as_a_document(whole):
    with pytest.raises(DocumentError, match="it is a recording"):
        recognise(io.BytesIO(whole), "it").open()


def test_a_recording_of_another_kind_than_requested_is_rejected(whole):
    with pytest.raises(DocumentError, match="is a recording of delta, not of allocated"):
        FileBackend(io.BytesIO(whole), "it", ReadingOptions(Operation.ALLOCATED)).open()


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
    """Like a pipe: not seekable, and one byte at a time."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._data.readinto(memoryview(buffer)[:1])


def test_a_snapshot_is_not_a_recording(tmp_path, monkeypatch, whole):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "snap-a").write_bytes(b"a file that happens to be here")
    (tmp_path / "other").write_bytes(whole)
    assert [is_recording(name) for name in ("snap-a", "snap-b", "vs/snap-a", ".")] == [False] * 4
    assert is_recording("other")
    assert is_recording("not-there.cbtrec")
