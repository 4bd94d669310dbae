"""Saved documents of snapshot-metadata-lister."""

import io

import pytest
from recorded import RECORDINGS
from saved_documents import REFORMATS, Trickle, document, received, saved

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.documents import lister_document
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.results import Occurrence
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.output.lister_json import ListerJsonWriter
from kubectl_cbt.output.writer import OutputTarget

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


@pytest.mark.parametrize("kind", [Operation.DELTA, Operation.ALLOCATED, None])
def test_a_lister_document_has_the_kind_that_the_user_gives(kind):
    stream = open_document(io.BytesIO(b"[]"), "backups/monday.json", ReadingOptions(kind))
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


def test_a_lister_document_cut_in_a_message_keeps_its_extents_and_breaks_no_rule():
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
