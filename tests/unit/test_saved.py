"""Saved documents: what was written is read back, however it was reformatted and however the bytes arrive."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import RECORDINGS
from samples import CAPACITY, batch, batches, outcome_of, resolved
from strategies import Extent, cut, cuts, law, legal_extents, wild_extents

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.documents import lister_document
from kubectl_cbt.documents.document_stream import SavedStream
from kubectl_cbt.documents.extent_columns import OURS, UPSTREAM, parsed_columns, regular_columns
from kubectl_cbt.documents.lister_batches import regular_messages
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.errors import CbtError, DocumentError, Interrupted
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.results import MUST, Failure, Occurrence, Outcome, Violation
from kubectl_cbt.output.json import JsonWriter
from kubectl_cbt.output.lister_json import ListerJsonWriter
from kubectl_cbt.output.ndjson import NdjsonWriter
from kubectl_cbt.output.writer import OutputTarget, Writer

GOLDEN = Path(__file__).parent.parent / "golden" / "files"
DOCUMENTS = sorted([*GOLDEN.glob("*.json"), *GOLDEN.glob("*.ndjson")])
FAILURE = Failure("StreamCut", "UNAVAILABLE", "the connection broke", "try again")

Reformat = Callable[[bytes], bytes]


class Trickle(io.RawIOBase):
    """A file that gives a few bytes at a time, and cannot go back unless it is told to be able to."""

    def __init__(self, data: bytes, reads: list[int], *, seekable: bool = False) -> None:
        self._inner = io.BytesIO(data)
        self._reads = reads
        self._turn = 0
        self._seekable = seekable

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._turn += 1
        return self._inner.read(self._reads[self._turn % len(self._reads)])

    def seekable(self) -> bool:
        return self._seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        assert self._seekable
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        assert self._seekable
        return self._inner.tell()


def saved(data: bytes, kind: str | None = None) -> SavedStream:
    return open_document(io.BytesIO(data), "delta.json", kind)


def received(stream: SavedStream) -> tuple[list[Extent], CbtError | None]:
    """All extents, and what ended them."""
    extents: list[Extent] = []
    try:
        for one in stream:
            extents += zip(one.offsets.tolist(), one.sizes.tolist(), strict=True)
    except CbtError as error:
        return extents, error
    return extents, None


def written(make: type[Writer], messages: list[Batch], outcome: Outcome, *, delta: bool = True) -> bytes:
    text: list[bytes] = []
    writer = make(text.append, resolved(delta=delta), OutputTarget())
    figures = SummaryBuilder()
    for one in messages:
        figures.add(one)
        writer.batch(one)
    writer.end(outcome, figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete))
    return b"".join(text)


def document(make: type[Writer], messages: list[list[Extent]]) -> bytes:
    """A complete document of these messages."""
    stream = [
        batch(number, [offset for offset, _ in one], [size for _, size in one])
        for number, one in enumerate(messages, 1)
    ]
    return written(make, stream, outcome_of(len(messages), sum(map(len, messages))))


def again(make: type[Writer], data: bytes) -> bytes:
    """The document read and written once more."""
    stream = saved(data)
    text: list[bytes] = []
    writer = make(text.append, stream.resolved, OutputTarget())
    figures = SummaryBuilder(stream.resolved.query.starting_offset)
    for one in stream:
        figures.add(one)
        writer.batch(one)
    outcome = stream.outcome()
    writer.end(outcome, figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete))
    return b"".join(text)


def python_dump(**options: object) -> Reformat:
    return lambda data: json.dumps(json.loads(data), **options).encode()  # type: ignore[arg-type]


def each_value(reformat: Reformat) -> Reformat:
    """As ``jq`` does with ndjson: value after value."""
    return lambda data: b"\n".join(map(reformat, data.splitlines()))


def keys_backwards(data: bytes) -> bytes:
    return json.dumps(_backwards(json.loads(data))).encode()


def _backwards(value: object) -> object:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(one) for one in value] if isinstance(value, list) else value


def with_notes(data: bytes) -> bytes:
    """Fields that a later version may add, with everything in them that could mislead."""
    value = json.loads(data)
    value["note"] = value["query"]["note"] = '"]}, \\ {["kind"'
    for extent in value["extents"]:
        extent["note"] = {"kind": ["]", {"sizeBytes": 1}]}
    return json.dumps(value, indent=1).encode()


REFORMATS: dict[str, Reformat] = {
    "as it is": bytes,
    "jq .": python_dump(indent=2),
    "jq -c .": python_dump(separators=(",", ":")),
    "jq -S .": python_dump(indent=2, sort_keys=True),
    "python": python_dump(),
    "tabs": python_dump(indent="\t"),
    "windows": lambda data: data.replace(b"\n", b"\r\n"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "backwards": keys_backwards,
}
few = settings(law, max_examples=20)
small_reads = st.lists(st.integers(1, 70), min_size=1, max_size=5)
any_extents = st.one_of(legal_extents(grain=4096, first=10**12), legal_extents(), wild_extents(lowest=-5))


def test_opening_a_document_loads_no_client_library():
    code = """
import io, sys
from kubectl_cbt.documents.open_document import open_document
list(open_document(io.BytesIO(b"[]"), "x"))
print(sorted({"kubernetes", "grpc", "google", "typer", "textual", "rich", "yaml"} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout == "[]\n"


# What was written is read


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
@pytest.mark.parametrize("make", [JsonWriter, NdjsonWriter])
def test_a_document_that_is_opened_and_saved_again_is_the_same_byte_for_byte(path, make):
    wanted = path.with_suffix(".json" if make is JsonWriter else ".ndjson")
    assert again(make, path.read_bytes()) == wanted.read_bytes()


@pytest.mark.parametrize("delta", [True, False])
@pytest.mark.parametrize("make", [JsonWriter, NdjsonWriter])
def test_a_document_says_what_was_asked(make, delta):
    stream = saved(written(make, batches(), outcome_of(3, 5), delta=delta))
    original = resolved(delta=delta)
    assert stream.resolved.query == original.query
    assert (stream.resolved.target, stream.resolved.base) == (original.target, original.base)
    assert stream.operation == ("delta" if delta else "allocated")
    assert stream.capacity_bytes == CAPACITY
    assert stream.resolved.query.end_offset is None


def test_an_excerpt_says_where_it_ends():
    value = json.loads((GOLDEN / "complete.json").read_bytes())
    value["query"]["endOffset"] = 2**40
    assert saved(orjson.dumps(value)).resolved.query.end_offset == 2**40


def test_a_base_of_which_only_the_handle_is_known_stays_that():
    value = json.loads((GOLDEN / "complete.json").read_bytes())
    value["base"] = {"handle": "change id 52 d0"}
    stream = saved(orjson.dumps(value))
    assert stream.resolved.query.base == stream.resolved.query.base == SnapshotHandle("change id 52 d0")
    assert stream.resolved.base is None


@pytest.mark.parametrize("make", [JsonWriter, NdjsonWriter])
def test_the_outcome_is_the_one_that_was_saved(make):
    examples = (
        Occurrence(1, 2, 4096, 0, "size is not greater than 0"),
        Occurrence(2, None, None, None, "type is UNKNOWN"),
    )
    violations = (Violation("R1", MUST, "size_bytes is greater than 0", 7, examples),)
    outcome = Outcome(False, 2, CAPACITY, 3, 5, 41947136, 1, 2, 1.0, violations, FAILURE)
    stream = saved(written(make, batches(), outcome))
    _, error = received(stream)
    assert error is None
    found = stream.outcome()
    assert found.seconds < 60
    for name in set(Outcome.__slots__) - {"seconds"}:
        assert getattr(found, name) == getattr(outcome, name), name


@pytest.mark.parametrize(
    ("name", "number"), [("UNKNOWN", 0), ("FIXED_LENGTH", 1), ("UNRECOGNIZED_7", 7), ("UNRECOGNIZED_-1", -1), (None, 0)]
)
def test_every_type_has_its_number_back(name, number):
    value = json.loads((GOLDEN / "complete.json").read_bytes()) | {"blockMetadataType": name}
    records = [record for one in saved(orjson.dumps(value)) for record in one.records]
    assert [(record.number, record.block_metadata_type) for record in records] == [(1, number)]


def test_a_document_without_capacity_takes_the_size_of_the_snapshot():
    value = json.loads((GOLDEN / "empty.json").read_bytes()) | {"volumeCapacityBytes": None}
    stream = saved(orjson.dumps(value))
    assert received(stream) == ([], None)
    assert stream.capacity_bytes is None
    assert stream.outcome().volume_capacity_bytes is None
    assert stream.outcome(restore_size_bytes=77).volume_capacity_bytes == 77


def test_a_document_of_messages_without_extents_still_says_their_type():
    data = written(JsonWriter, [batch(1, [], [])], outcome_of(1, 0))
    assert [len(one) for one in saved(data)] == [0]
    assert again(JsonWriter, data) == data


# Whoever wrote it, and however it arrives


@pytest.mark.parametrize("reformat", [*REFORMATS.values(), with_notes], ids=[*REFORMATS, "notes"])
@given(extents=any_extents, at=cuts, reads=small_reads, seekable=st.booleans())
@few
def test_json_reads_the_same_in_any_layout_and_in_any_pieces(reformat, extents, at, reads, seekable):
    data = reformat(document(JsonWriter, cut(extents, at)))
    for file in (io.BytesIO(data), Trickle(data, reads, seekable=seekable)):
        stream = open_document(file, "delta.json")
        assert received(stream) == (extents, None)
        assert stream.outcome().complete
        assert stream.extents == len(extents)


@pytest.mark.parametrize("name", [name for name in REFORMATS if name != "windows"])
@given(extents=any_extents, at=cuts, reads=small_reads)
@few
def test_ndjson_reads_the_same_in_any_layout_and_in_any_pieces(name, extents, at, reads):
    data = each_value(REFORMATS[name])(document(NdjsonWriter, cut(extents, at)))
    if name == "byte order mark":
        data = REFORMATS[name](document(NdjsonWriter, cut(extents, at)))
    for file in (io.BytesIO(data), Trickle(data, reads)):
        stream = open_document(file, "delta.ndjson")
        assert received(stream) == (extents, None)
        assert stream.outcome().complete


@pytest.mark.parametrize("reformat", REFORMATS.values(), ids=REFORMATS)
@given(extents=any_extents, at=cuts, reads=small_reads)
@few
def test_every_message_of_a_lister_document_is_a_record(reformat, extents, at, reads):
    messages = cut(extents, at)
    data = reformat(document(ListerJsonWriter, messages))
    for file in (io.BytesIO(data), Trickle(data, reads)):
        stream = open_document(file, "lister.json")
        records = [record for one in stream for record in one.records]
        assert [record.number for record in records] == list(range(1, len(messages) + 1))
        assert [list(zip(one.offsets, one.sizes, strict=True)) for one in records] == [list(one) for one in messages]
        assert {(one.block_metadata_type, one.volume_capacity_bytes) for one in records} <= {(2, CAPACITY)}
        outcome = stream.outcome()
        assert (outcome.complete, outcome.messages, outcome.extents) == (True, len(messages), len(extents))


def test_many_extents_in_many_chunks_are_the_same_in_every_document():
    sizes = np.arange(1, 60_000, dtype=np.int64) * 512 + 1
    offsets = np.cumsum(sizes) - sizes
    offsets[30_000:] += 10**15
    messages = [batch(1, [], []), *(batch(2, o.tolist(), s.tolist()) for o, s in [(offsets, sizes)])]
    for make in (JsonWriter, NdjsonWriter, ListerJsonWriter):
        data = written(make, messages, outcome_of(2, len(sizes)))
        assert len(data) > 2**21
        for reformat in (bytes, keys_backwards) if make is JsonWriter else (bytes,):
            found = list(saved(reformat(data)))
            assert np.array_equal(np.concatenate([one.offsets for one in found]), offsets)
            assert np.array_equal(np.concatenate([one.sizes for one in found]), sizes)


def test_batches_come_as_the_pipe_is_written_to():
    lines = (GOLDEN / "complete.ndjson").read_bytes().splitlines(keepends=True)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write(lines[0])
        stream = open_document(file, "standard input")
        found = iter(stream)
        for count, line in enumerate(lines[1:-1], 1):
            pipe.write(line)
            assert len(next(found)) == 1
            assert stream.extents == count
        assert not stream.outcome().complete
        pipe.write(lines[-1])
        pipe.close()
        assert list(found) == []
        assert stream.outcome().complete


def test_a_sorted_document_from_a_pipe_is_copied_and_read_twice():
    data = REFORMATS["jq -S ."]((GOLDEN / "complete.json").read_bytes())
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb") as pipe:
        pipe.write(data)
        pipe.close()
        stream = open_document(file, "standard input")
        assert received(stream) == (received(saved(data))[0], None)


def test_a_reader_that_waits_for_a_pipe_can_be_cancelled():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write((GOLDEN / "complete.ndjson").read_bytes().splitlines(keepends=True)[0])
        stream = open_document(file, "standard input")
        errors: list[CbtError | None] = []
        waiting = threading.Thread(target=lambda: errors.append(received(stream)[1]))
        waiting.start()
        stream.cancel()
        waiting.join()
    assert isinstance(errors[0], Interrupted)
    assert not stream.outcome().complete


def test_a_stream_that_was_cancelled_is_not_complete():
    stream = saved((GOLDEN / "complete.json").read_bytes())
    stream.cancel()
    extents, error = received(stream)
    assert (extents, type(error)) == ([], Interrupted)
    assert stream.outcome(error).failure.type == "Interrupted"


def test_cancelling_at_the_end_changes_nothing():
    stream = saved((GOLDEN / "complete.json").read_bytes())
    assert received(stream)[1] is None
    stream.cancel()
    assert stream.outcome().complete


def test_progress_can_be_seen_while_it_is_read():
    stream = saved(document(ListerJsonWriter, [[(0, 5)], [(10, 5)]]))
    assert (stream.extents, stream.next_offset, stream.capacity_bytes) == (0, 0, None)
    seen = [(stream.extents, stream.next_offset, stream.capacity_bytes) for _ in stream]
    assert seen == [(1, 5, CAPACITY), (2, 15, CAPACITY)]


# The fast way and the right way


layouts = st.tuples(*(st.sampled_from(["", " ", "\n   ", "\t", "\r\n"]) for _ in range(7)))


@given(extents=any_extents, layout=layouts, size_first=st.booleans(), names=st.sampled_from([OURS, UPSTREAM]))
@law
def test_the_fast_way_agrees_with_orjson_in_any_layout(extents, layout, size_first, names):
    a, b, c, d, e, f, g = layout
    first, second = (1, 0) if size_first else (0, 1)
    rows = [f'{{{a}"{names[first]}"{b}:{c}{row[first]}{d},{e}"{names[second]}":{row[second]}{f}}}' for row in extents]
    text = f"{g},{a}".join(rows).encode()
    fast, right = regular_columns(text, names, b","), parsed_columns(b"[" + text + b"]", names)
    if len(extents) > 1 and min(min(row) for row in extents) >= 0:
        assert fast is not None
    if fast is not None:
        assert right is not None
        assert [column.tolist() for column in fast] == [column.tolist() for column in right]


THREE = (
    b'{"byteOffset":10,"sizeBytes":20},\n    {"byteOffset":30,"sizeBytes":400},\n    {"byteOffset":1000,"sizeBytes":1}'
)


@given(
    at=st.integers(0, len(THREE) - 1), byte=st.sampled_from(b'0123456789-+.eE {}[]:,"bS\n\x00'), how=st.integers(0, 2)
)
@law
def test_the_fast_way_takes_no_extents_that_orjson_would_not(at, byte, how):
    text = THREE[:at] + bytes([byte]) * (how > 0) + THREE[at + (how < 2) :]
    fast, right = regular_columns(text, OURS, b","), parsed_columns(b"[" + text + b"]", OURS)
    if fast is not None:
        assert right is not None
        assert [column.tolist() for column in fast] == [column.tolist() for column in right]


@pytest.mark.parametrize(
    "text",
    [
        b'{"byteOffset":1 2\n3,"sizeBytes":4}, {"byteOffset":5,"sizeBytes":6}',
        b'{"byteOffset":1,"sizeBytes":2}, {"byteOffset":,"sizeBytes":6}',
        b'{"byteOffset":1,"sizeBytes":2}, {"byte5Offset":,"sizeBytes":6}',
        b'{"byteOffset":1,"sizeBytes":2}, {"byteOffset":05,"sizeBytes":6}',
        b'{"byteOffset":1,"sizeBytes":2} {"byteOffset":5,"sizeBytes":6}',
        b'{"byteOffset":1,"sizeBytes":2}, {"sizeBytes":5,"byteOffset":6}',
        b'{"byteOffset":1,"byteOffset":2}, {"byteOffset":5,"byteOffset":6}',
        b'{"byteOffset":1,"sizeBytes":2}, {"byteOffset":9223372036854775808,"sizeBytes":6}',
    ],
)
def test_the_fast_way_leaves_what_is_irregular_to_the_right_one(text):
    assert regular_columns(text, OURS, b",") is None


MESSAGES = document(ListerJsonWriter, [[(512, 8), (1024, 8)], [(4096, 16)], [(8192, 1), (9000, 2)], [(10000, 5)]])[1:-1]


def test_messages_that_are_alike_are_taken_together_up_to_the_last_but_one():
    found = regular_messages(MESSAGES, 0)
    assert (found.block_metadata_type, found.volume_capacity_bytes) == (2, CAPACITY)
    assert [offsets.tolist() for offsets, _ in found.parts] == [[512, 1024], [4096], [8192, 9000]]
    assert [sizes.tolist() for _, sizes in found.parts] == [[8, 8], [16], [1, 2]]
    assert json.loads(MESSAGES[found.end :])["block_metadata"] == [{"byte_offset": 10000, "size_bytes": 5}]


@given(
    at=st.integers(0, len(MESSAGES) - 1),
    new=st.binary(max_size=2) | st.sampled_from([b"]},", b"},{"]),
    length=st.integers(0, 3),
)
@law
def test_messages_taken_together_are_those_that_orjson_finds(at, new, length):
    data = MESSAGES[:at] + new + MESSAGES[at + length :]
    found = regular_messages(data, 0)
    if found is not None:
        messages = orjson.loads(b"[" + data[: found.end - 1] + b"]")
        assert {(one["block_metadata_type"], one["volume_capacity_bytes"]) for one in messages} == {found[:2]}
        extents = [[(row["byte_offset"], row["size_bytes"]) for row in one["block_metadata"]] for one in messages]
        assert [list(zip(*map(list, part), strict=True)) for part in found.parts] == extents


def test_a_change_of_type_or_capacity_between_messages_is_seen():
    data = b"[" + MESSAGES.replace(b'type":2', b'type":1', 1) + b"," + MESSAGES.replace(b"67108864", b"4096", 2) + b"]"
    stream = saved(data)
    assert [record.block_metadata_type for one in stream for record in one.records] == [1, 2, 2, 2, 2, 2, 2, 2]
    violations = {violation.rule: violation for violation in stream.outcome().violations}
    assert [example.record for example in violations["R3"].examples] == [2, 3, 4, 5, 6]
    assert [example.record for example in violations["R4"].examples] == [5, 6]


# Documents of snapshot-metadata-lister


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*/*.reference.json")), ids=lambda path: path.parent.name)
def test_what_upstreams_lister_printed_is_read_and_printed_again_byte_for_byte(path):
    text: list[bytes] = []
    with path.open("rb") as file:
        stream = open_document(file, path.name)
        writer = ListerJsonWriter(text.append, stream.resolved, OutputTarget())
        for one in stream:
            writer.batch(one)
    outcome = stream.outcome()
    writer.end(outcome, SummaryBuilder().summary(None))
    assert b"".join(text) == path.read_bytes()
    assert outcome.complete
    assert outcome.violations == ()


@pytest.mark.parametrize("kind", ["delta", "allocated", None])
def test_a_lister_document_is_of_the_kind_the_user_says(kind):
    stream = open_document(io.BytesIO(b"[]"), "backups/monday.json", kind)
    assert stream.operation == kind
    assert stream.resolved.target.ref == SnapshotRef("unknown", "monday.json")
    assert stream.resolved.query.max_results == 0
    base = SnapshotHandle("unknown") if kind == "delta" else None
    assert stream.resolved.query.base == stream.resolved.query.base == base


def test_an_empty_lister_document_is_a_complete_answer():
    stream = saved(b" [ ]\n")
    assert received(stream) == ([], None)
    outcome = stream.outcome(restore_size_bytes=9)
    assert (outcome.complete, outcome.block_metadata_type, outcome.volume_capacity_bytes) == (True, None, 9)


def test_the_rules_are_watched_once_more_over_a_lister_document():
    data = (
        b'[{"block_metadata_type":1,"volume_capacity_bytes":8,"block_metadata":[{"size_bytes":4},{"byte_offset":2}]}]'
    )
    stream = saved(data)
    assert received(stream) == ([(0, 4), (2, 0)], None)
    violations = {violation.rule: violation for violation in stream.outcome().violations}
    assert violations.keys() == {"R1", "R2", "R5", "W3"}
    assert violations["R1"].examples == (Occurrence(1, 1, 2, 0, "size is not greater than 0"),)


def test_a_lister_document_cut_in_a_message_shows_its_extents_and_blames_no_driver():
    data = REFORMATS["jq -S ."](document(ListerJsonWriter, [[(0, 5), (10, 5), (20, 5)]]))
    stream = saved(data[: data.index(b"20")])
    extents, error = received(stream)
    assert extents == [(0, 5), (10, 5)]
    assert isinstance(error, DocumentError)
    assert not stream.outcome().complete
    assert stream.outcome().violations == ()


def test_a_message_longer_than_any_comes_in_parts(monkeypatch):
    monkeypatch.setattr(lister_document, "LONGEST_RECORD", 4)
    extents = [(10 * index, 5) for index in range(11)]
    stream = open_document(Trickle(document(ListerJsonWriter, [extents]), [80]), "lister.json")
    found = list(stream)
    assert len(found) > 1
    assert max(map(len, found)) < 8
    assert [row for one in found for row in zip(one.offsets, one.sizes, strict=True)] == extents
    assert [record.number for one in found for record in one.records] == list(range(1, len(found) + 1))
    assert stream.outcome().violations == ()


# A cut document is shown, and never passes for a whole one


@pytest.mark.parametrize("reformat", [bytes, REFORMATS["jq ."], REFORMATS["jq -c ."]])
@pytest.mark.parametrize("make", [JsonWriter, NdjsonWriter, ListerJsonWriter])
def test_a_cut_document_holds_the_extents_in_front_of_the_cut_and_is_incomplete(make, reformat):
    extents = [(0, 10), (10, 25), (700, 7), (4096, 512)]
    whole = document(make, cut(extents, [1, 3]))
    whole = each_value(reformat)(whole) if make is NdjsonWriter else reformat(whole)
    counts = []
    for length in range(len(whole.rstrip())):
        try:
            stream = saved(whole[:length])
        except DocumentError:
            counts.append(0)
            continue
        found, error = received(stream)
        assert found == extents[: len(found)]
        assert isinstance(error, DocumentError)
        outcome = stream.outcome(error)
        assert not outcome.complete
        assert not stream.outcome().complete
        assert outcome.failure.message == error.message
        assert outcome.extents == len(found)
        counts.append(len(found))
    assert counts == list(accumulate(counts, max))
    assert counts[-1] == len(extents)


def test_a_document_says_where_it_was_cut():
    whole = (GOLDEN / "complete.json").read_bytes()
    stream = saved(whole[: whole.index(b'{"byteOffset":33554432') + 9])
    extents, error = received(stream)
    assert len(extents) == 3
    assert str(error) == "delta.json ends in the middle of its extents, at line 36"
    assert stream.outcome().failure.type == "DocumentError"
    assert stream.outcome().next_offset == 1572864
