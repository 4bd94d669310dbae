"""Whatever file a user has: it opens, or is named together with what can be done. And messages as protobuf's JSON."""

import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saved_documents import Trickle, received
from strategies import cut, cuts, law, legal_extents

from kubectl_cbt.documents.document_stream import SavedStream
from kubectl_cbt.documents.jsonstream.json_cursor import HINT_OPENABLE
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.unsupported import DISK_IMAGE
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.results import Violation

FILES = Path(__file__).parent.parent / "files" / "open"
TWO = [(0, 4096), (376832, 4096)]
OPENED = {
    # extents, type, capacity, rules that are broken
    "lister-small.json": (TWO, 1, 10485760, []),
    "protojson-names.json": (TWO, 1, 10485760, []),
    "grpcurl.json": ([*TWO, (380928, 4096)], 1, 10485760, []),
    "cap0.json": ([(0, 4096), (8192, 4096)], 2, None, ["R4"]),
    "capsmaller.json": ([(0, 4096), (8192, 4096)], 2, 4096, ["W2"]),
    "resize.json": ([(0, 65536), (65536, 65536)], 1, 10737418240, ["R4"]),
}
REFUSED = {
    "array-of-null.json": ("is a JSON array that begins with null, not an array of messages", HINT_OPENABLE),
    "null.json": ("is the JSON value null, not a document", HINT_OPENABLE),
    "number.json": ("is the JSON value 1, not a document", HINT_OPENABLE),
    "string.json": ('is the JSON value "x", not a document', HINT_OPENABLE),
    "volumesnapshot.yaml": (
        "is the VolumeSnapshot snap-a of Kubernetes, not saved extents",
        "query it instead: kubectl cbt allocated snap-a -n default",
    ),
}


def opened(data: bytes, name: str = "x.json") -> SavedStream:
    return open_document(io.BytesIO(data), name)


def refusal(data: bytes, name: str = "x.json") -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        opened(data, name)
    return caught.value


def test_every_file_of_the_folder_is_in_a_table():
    assert sorted(path.name for path in FILES.iterdir()) == sorted([*OPENED, *REFUSED])


def rules(violations: tuple[Violation, ...]) -> list[str]:
    return [violation.rule for violation in violations]


@pytest.mark.parametrize(("name", "wanted"), OPENED.items(), ids=OPENED)
@pytest.mark.parametrize("reads", [[2**20], [1], [7, 30]])
def test_messages_open_however_they_arrive(name, wanted, reads):
    extents, number, capacity, broken = wanted
    stream = open_document(Trickle((FILES / name).read_bytes(), reads), name)
    assert received(stream) == (extents, None)
    outcome = stream.outcome()
    assert (outcome.block_metadata_type, outcome.volume_capacity_bytes) == (number, capacity)
    assert (outcome.complete, rules(outcome.violations)) == (True, broken)


@pytest.mark.parametrize(("name", "wanted"), REFUSED.items(), ids=REFUSED)
@pytest.mark.parametrize("reads", [[2**20], [1]])
def test_other_files_are_named_with_what_can_be_done(name, wanted, reads):
    with pytest.raises(DocumentError) as caught:
        open_document(Trickle((FILES / name).read_bytes(), reads), name)
    assert caught.value.message == f"{name} {wanted[0]}"
    assert wanted[1] in caught.value.hint


def test_names_in_hints_are_quoted_or_left_out():
    lz4 = b"\x04\x22\x4d\x18"
    packed = refusal(lz4, "a b;c.json.lz4")
    assert packed.hint == "decompress it first: lz4 -dc 'a b;c.json.lz4' > FILE"
    assert refusal(lz4, "standard input").hint == "decompress it first: ... | lz4 -dc | ..."
    item = {"apiVersion": "x/v1", "kind": "VolumeSnapshot", "metadata": {"name": "$(reboot)", "namespace": "a"}}
    assert refusal(json.dumps(item).encode()).hint == "query it instead: kubectl cbt allocated NAME -n a"
    assert refusal(b"\0" * 600).hint == DISK_IMAGE


# Messages as protobuf's JSON


def proto_message(extents: list[tuple[int, int]], *, names: bool, quote: bool) -> dict[str, object]:
    keys = ("block_metadata_type", "volume_capacity_bytes", "block_metadata", "byte_offset", "size_bytes")
    if not names:
        keys = ("blockMetadataType", "volumeCapacityBytes", "blockMetadata", "byteOffset", "sizeBytes")
    number = str if quote else int
    # What is 0, or empty, protobuf leaves out.
    rows = [{key: number(value) for key, value in zip(keys[3:], row, strict=True) if value} for row in extents]
    message = {keys[0]: "VARIABLE_LENGTH", keys[1]: number(2**50)}
    return message | ({keys[2]: rows} if rows else {})


@given(
    extents=st.one_of(legal_extents(grain=4096), legal_extents()),
    at=cuts,
    names=st.booleans(),
    quote=st.booleans(),
    indent=st.sampled_from([None, 2]),
    array=st.booleans(),
    reads=st.lists(st.integers(1, 70), min_size=1, max_size=4),
)
@settings(law, max_examples=60)
def test_messages_of_protobufs_json_are_read_in_every_form(extents, at, names, quote, indent, array, reads):
    messages = [list(part) for part in cut(extents, at)]
    values = [proto_message(part, names=names, quote=quote) for part in messages]
    if array:
        data = json.dumps(values, indent=indent)
    else:
        data = "\n".join(json.dumps(value, indent=indent) for value in values)
    if not data:
        return
    stream = open_document(Trickle(data.encode(), reads), "x.json")
    assert received(stream) == ([row for part in messages for row in part], None)
    outcome = stream.outcome()
    assert (outcome.complete, outcome.messages) == (True, len(messages))
    assert outcome.block_metadata_type == (2 if messages else None)


def test_a_sequence_of_messages_has_a_note_that_its_end_is_unknown():
    notes: list[str] = []
    for name in ("grpcurl.json", "lister-small.json"):
        stream = opened((FILES / name).read_bytes())
        stream.notify_to(notes.append)
        list(stream)
    assert notes == ["these messages may be incomplete: only an array of messages records the end of the stream"]


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (b"ERROR:\n  Code: Unavailable\n", "x.json: line 24: grpcurl reported that the call failed"),
        (b"[]", "x.json: line 24: unexpected data after the end of the document"),
        (b'{"blockMetadataType": "MIXED"}', 'x.json: line 24: message 3.blockMetadataType is "MIXED", not a type of'),
        (b'{"volumeCapacityBytes": "9999999999999999999"}', "not an integer of 64 bits"),
        (b'{"blockMetadata": [], "block_metadata": []}', "message 3 has block_metadata twice, under both of its names"),
        (b'{"blockMetadata": [{"byte_offset": 4096, "size_bytes": 1}]}', "with neither byteOffset nor sizeBytes"),
        (b'{"blockMetadata": [', "x.json ends in the middle of its messages, at line 24"),
    ],
)
def test_a_problem_after_messages_is_reported_after_their_extents(added, message):
    extents, error = received(opened((FILES / "grpcurl.json").read_bytes() + added))
    assert extents == OPENED["grpcurl.json"][0]
    assert message in error.message


def test_a_pipe_of_messages_shows_each_as_it_comes():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write(
            b'{"blockMetadataType": "FIXED_LENGTH", "volumeCapacityBytes": 9, "blockMetadata": [{"sizeBytes": "4"}]}\n'
        )
        found = iter(open_document(file, "standard input"))
        assert len(next(found)) == 1
        pipe.write(b'{"blockMetadataType": "FIXED_LENGTH", "volumeCapacityBytes": "9"}\n')
        assert len(next(found)) == 0
        pipe.close()
        assert list(found) == []
