"""Saved documents: reading one gives what was written."""

import json
import subprocess
import sys
from itertools import accumulate

import orjson
import pytest
from samples import CAPACITY, batch, batches, outcome_of, resolved
from saved_documents import DOCUMENTS, FAILURE, GOLDEN, REFORMATS, again, document, each_value, received, saved, written
from strategies import cut

from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.refs import SnapshotHandle
from kubectl_cbt.model.results import MUST, Occurrence, Outcome, Violation
from kubectl_cbt.output.json import JsonWriter
from kubectl_cbt.output.lister_json import ListerJsonWriter
from kubectl_cbt.output.ndjson import NdjsonWriter


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
def test_a_document_contains_the_query(make, delta):
    stream = saved(written(make, batches(), outcome_of(3, 5), delta=delta))
    original = resolved(delta=delta)
    assert stream.resolved.query == original.query
    assert (stream.resolved.target, stream.resolved.base) == (original.target, original.base)
    assert stream.operation == ("delta" if delta else "allocated")
    assert stream.capacity_bytes == CAPACITY
    assert stream.resolved.query.end_offset is None


def test_an_excerpt_contains_its_end():
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


def test_a_document_without_capacity_uses_the_size_of_the_snapshot():
    value = json.loads((GOLDEN / "empty.json").read_bytes()) | {"volumeCapacityBytes": None}
    stream = saved(orjson.dumps(value))
    assert received(stream) == ([], None)
    assert stream.capacity_bytes is None
    assert stream.outcome().volume_capacity_bytes is None
    assert stream.outcome(restore_size_bytes=77).volume_capacity_bytes == 77


def test_a_document_of_messages_without_extents_has_their_type():
    data = written(JsonWriter, [batch(1, [], [])], outcome_of(1, 0))
    assert [len(one) for one in saved(data)] == [0]
    assert again(JsonWriter, data) == data


# A cut document is shown, and never passes for a whole one


@pytest.mark.parametrize("reformat", [bytes, REFORMATS["jq ."], REFORMATS["jq -c ."]])
@pytest.mark.parametrize("make", [JsonWriter, NdjsonWriter, ListerJsonWriter])
def test_a_truncated_document_has_the_extents_before_its_end_and_is_incomplete(make, reformat):
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


def test_a_truncated_document_is_reported_with_its_end():
    whole = (GOLDEN / "complete.json").read_bytes()
    stream = saved(whole[: whole.index(b'{"byteOffset":33554432') + 9])
    extents, error = received(stream)
    assert len(extents) == 3
    assert str(error) == "delta.json ends in the middle of its extents, at line 36"
    assert stream.outcome().failure.type == "DocumentError"
    assert stream.outcome().next_offset == 1572864
