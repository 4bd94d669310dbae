"""Saved documents in any layout and in any pieces; the fast parser agrees with the general one."""

import io
import json
import os
import threading

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import CAPACITY, batch, outcome_of
from saved_documents import (
    GOLDEN,
    MESSAGES,
    REFORMATS,
    Trickle,
    any_extents,
    document,
    each_value,
    few,
    keys_backwards,
    received,
    saved,
    small_reads,
    with_notes,
    written,
)
from strategies import cut, cuts, law

from kubectl_cbt.documents.extent_columns import OURS, UPSTREAM, parsed_columns, regular_columns
from kubectl_cbt.documents.lister_batches import regular_messages
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.errors import CbtError, Interrupted
from kubectl_cbt.output.json import JsonWriter
from kubectl_cbt.output.lister_json import ListerJsonWriter
from kubectl_cbt.output.ndjson import NdjsonWriter

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


# The fast path and the general one


layouts = st.tuples(*(st.sampled_from(["", " ", "\n   ", "\t", "\r\n"]) for _ in range(7)))


@given(extents=any_extents, layout=layouts, size_first=st.booleans(), names=st.sampled_from([OURS, UPSTREAM]))
@law
def test_the_fast_path_agrees_with_orjson_in_any_layout(extents, layout, size_first, names):
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
def test_the_fast_path_accepts_no_extents_that_orjson_rejects(at, byte, how):
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
def test_the_fast_path_leaves_irregular_text_to_the_general_one(text):
    assert regular_columns(text, OURS, b",") is None


def test_similar_messages_are_parsed_together_except_the_last():
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
def test_messages_parsed_together_are_those_that_orjson_finds(at, new, length):
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
