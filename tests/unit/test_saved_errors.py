"""Errors for files that are not documents or are broken; only our own errors are raised."""

import io
import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.documents.document_stream import SavedStream
from kubectl_cbt.documents.jsonstream.json_cursor import HINT_CUT, HINT_OPENABLE, HINT_WRONG
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import CbtError, DocumentError
from kubectl_cbt.model.stream_query import Operation

GOLDEN = Path(__file__).parent.parent / "golden" / "files"
JSON, NDJSON, LISTER = ((GOLDEN / f"complete.{form}").read_bytes() for form in ("json", "ndjson", "lister-json"))
EXTENTS = [(0, 4096), (8192, 4096), (1048576, 524288), (33554432, 8388608), (41943040, 4096)]
"""Of each of them; in JSON they stand on lines 33 to 37."""

Extents = list[tuple[int, int]]


def saved(data: bytes, kind: Operation | None = None) -> SavedStream:
    return open_document(io.BytesIO(data), "delta.json", ReadingOptions(kind))


def read(data: bytes) -> tuple[Extents, CbtError | None, SavedStream | None]:
    """What was shown of it, what was said of it, and the stream, if it was opened at all."""
    extents: Extents = []
    stream = None
    try:
        stream = saved(data)
        for one in stream:
            extents += zip(one.offsets.tolist(), one.sizes.tolist(), strict=True)
    except CbtError as error:
        return extents, error, stream
    return extents, None, stream


def changed(**fields: object) -> bytes:
    """The document with other fields; None in a path's place takes one away."""
    value = json.loads(JSON)
    for path, new in fields.items():
        *outer, name = path.split("__")
        inner = value
        for key in outer:
            inner = inner[key]
        if new is ...:
            del inner[name]
        else:
            inner[name] = new
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def replaced(old: str, new: str, data: bytes = JSON) -> bytes:
    assert data.count(old.encode()) == 1, data.count(old.encode())
    return data.replace(old.encode(), new.encode())


FOREIGN = {
    b"": "delta.json is empty",
    b" \n\n": "delta.json is empty",
    b"\xef\xbb\xbf": "delta.json is empty",
    b"\x1f\x8b\x08\x00\x00": "delta.json ends in the middle of its gzip data",
    b"\xfd7zXZ\x00\x00": "delta.json ends in the middle of its xz data",
    b"BZh91AY": "delta.json ends in the middle of its bzip2 data",
    b"\x04\x22\x4d\x18\x64": "delta.json is compressed with lz4, which cannot be opened",
    b"PK\x03\x04\x14": "delta.json is a zip archive, which cannot be opened",
    b"\xff\xfe{\x00": "delta.json is UTF-16, which cannot be opened",
    '{"apiVersion"'.encode("utf-16-le"): "delta.json is UTF-16, which cannot be opened",
    "[null]".encode("utf-16-be"): "delta.json is UTF-16, which cannot be opened",
    b"apiVersion: kubectl-cbt/v1\n": "delta.json is YAML of kubectl cbt, which cannot be opened",
    b"  OFFSET       SIZE\n": "delta.json is a table, which cannot be opened",
    b"Record#   VolCapBytes": "delta.json is a table of snapshot-metadata-lister, which cannot be opened",
    b"# incomplete: no": "delta.json is a table or CSV without extents, which cannot be opened",
    "Delta      pg-mon → pg-tue".encode(): "delta.json is a summary, which cannot be opened",
    b"volumesnapshot.snapshot.storage.k8s.io/a\n": "delta.json is a list of names, which cannot be opened",
    b"total 4\ndrwxr-xr-x 2 me me 4096 .\n": "delta.json is text of an unknown kind, which cannot be opened",
    b"\n\nhello": "delta.json is text of an unknown kind, which cannot be opened",
    b"\0" * 4096: "delta.json is a disk image, which cannot be opened",
    b"\xeb\x63\x90" + b"\1" * 507 + b"\x55\xaa": "delta.json is a disk image, which cannot be opened",
    b"QFI\xfb\0\0\0\3": "delta.json is an image in qcow2 format, which cannot be opened",
    b"a\0b": "delta.json is binary data of an unknown kind, which cannot be opened",
    b"\x89PNG\r\n\x1a\n" + b"\xff" * 9: "delta.json is binary data of an unknown kind, which cannot be opened",
    b'"text"': 'delta.json is the JSON value "text", not a document',
    b"null\n": "delta.json is the JSON value null, not a document",
    b"12.5": "delta.json is the JSON value 12.5, not a document",
    b"{]": "delta.json: line 1: not JSON",
    b'{\n"apiVersion": nope\n}': "delta.json: line 2: not JSON",
    b'{\n"apiVersion": [1,\n2,,3]\n}': "delta.json: line 3: not JSON",
    b'{"apiVersion":"kubectl-cbt/v1",\0}': "delta.json: line 1: not JSON",
    b"{": "delta.json ends in the middle of its first object, at line 1",
    b'{"apiVersion":\n"kubectl-c': "delta.json ends in the middle of its first object, at line 2",
    b'{"apiVersion":"kubectl-cbt/v1",\n"kind': "delta.json ends in the middle of its head, at line 2",
    b"[": "delta.json ends in the middle of its first value, at line 1",
    b"{}": "delta.json is an empty JSON object, not a document that can be opened",
    b'{"a":1,"b":{"query":2}}': 'delta.json is a JSON object with the keys "a", "b", not a document that can be opened',
    b'{"apiVersion":"v1","kind":"List"}': "delta.json is a List of Kubernetes, not saved extents",
    b'{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"shop"}}': (
        "delta.json is the PersistentVolumeClaim data of Kubernetes, not saved extents"
    ),
    b'{"apiVersion":"kubectl-cbt/v2","kind"': 'delta.json: apiVersion is "kubectl-cbt/v2", not kubectl-cbt/v1',
    b'{"apiVersion":"kubectl-cbt/v1","kind":"SnapshotList"}': 'delta.json: kind is "SnapshotList", not BlockMetadata',
    b'{"byteOffset":0,"sizeBytes":4096}\n': (
        "delta.json has extents of kubectl cbt -o ndjson, but not the first line, which contains the query"
    ),
    b"apiVersion: v1\nclusters:\n- cluster: {}\ncontexts: []\n": "delta.json is a kubeconfig, not saved extents",
    b'{"clusters":[],"contexts":[],"users":[]}': "delta.json is a kubeconfig, not saved extents",
    b"rbd diff v1\ns\0\0": "delta.json is the output of rbd export-diff, which cannot be opened",
    b"[1,2]": "delta.json is a JSON array that begins with 1, not an array of messages",
    b'[{"a":0}]': 'delta.json is a JSON array that begins with {"a":0}, not an array of messages',
    b"[{}]": "delta.json is a JSON array that begins with {}, not an array of messages",
    b"[[{}]]": "delta.json is a JSON array that begins with [{}], not an array of messages",
    b"[section]": "delta.json: line 1: not JSON",
}


@pytest.mark.parametrize(("data", "message"), FOREIGN.items(), ids=FOREIGN.values())
def test_a_file_that_is_not_a_document_is_rejected_at_once(data, message):
    with pytest.raises(DocumentError) as caught:
        saved(data)
    assert caught.value.message == message
    assert caught.value.hint


def test_the_hint_lists_what_can_be_opened_or_what_to_do():
    for data, hint in (
        (b"hello", HINT_OPENABLE),
        (b"OFFSET  SIZE", "save it with -o json or -o ndjson instead"),
        (b"\x04\x22\x4d\x18", "decompress it first"),
        (b'{"apiVersion":"kubectl-cbt/v2"}', "another version of kubectl-cbt"),
        (b'{"apiVersion":"v1"}', HINT_OPENABLE),
    ):
        _, error, _ = read(data)
        assert hint in error.hint
    assert read(JSON[:1000])[1].hint == HINT_CUT
    assert read(JSON.replace(b"8192", b"x"))[1].hint == HINT_WRONG


HEADS = {
    "query is missing": changed(query=...),
    "query is 5, not an object": changed(query=5),
    'query.kind is "full", neither delta nor allocated': changed(query__kind="full"),
    'query.kind is "delta", but base is null': changed(base=None),
    'query.kind is "allocated", but there is a base': changed(query__kind="allocated"),
    "query.startingOffset is -1, which is negative": changed(query__startingOffset=-1),
    "query.endOffset is 1.5, not an integer": changed(query__endOffset=1.5),
    "query.maxResults is true, not an integer": changed(query__maxResults=True),
    "snapshot.name is null, not a string": changed(snapshot__name=None),
    "snapshot.handle is missing": changed(snapshot__handle=...),
    'snapshot.creationTime is "yesterday", not a time': changed(snapshot__creationTime="yesterday"),
    'snapshot.restoreSizeBytes is "1Gi", not an integer': changed(snapshot__restoreSizeBytes="1Gi"),
    "base.namespace is missing": changed(base__namespace=...),
    "driver is missing": changed(driver=...),
    'blockMetadataType is "MIXED", not a type of block metadata': changed(blockMetadataType="MIXED"),
    "volumeCapacityBytes is 9223372036854775808, beyond 64 bits": changed(volumeCapacityBytes=2**63),
    "line 2: duplicate key apiVersion": JSON.replace(b"{", b'{"apiVersion":"kubectl-cbt/v1",', 1),
    "line 32: extents is not an array": replaced('"extents": [', '"extents": {'),
}


@pytest.mark.parametrize(("message", "data"), HEADS.items(), ids=HEADS)
def test_a_head_that_is_wrong_is_rejected_at_once(data, message):
    with pytest.raises(DocumentError) as caught:
        saved(data)
    assert caught.value.message == f"delta.json: {message}"


LONG = "1" * 80
FURTHER_IN = {
    # Extents: JSON, ndjson, lister.
    'line 34: extents[1].byteOffset is "x", not an integer': (1, replaced('"byteOffset":8192', '"byteOffset":"x"')),
    "line 35: extents[2].sizeBytes is 1.0, not an integer": (2, replaced("524288}", "1.0}")),
    "line 35: extents[2].sizeBytes is true, not an integer": (2, replaced("524288}", "true}")),
    "line 35: extents[2].byteOffset is 9223372036854775808, beyond 64 bits": (
        2,
        replaced('"byteOffset":1048576', f'"byteOffset":{2**63}'),
    ),
    "line 35: extents[2].byteOffset is -1.8446744073709552e+19, beyond 64 bits": (
        2,
        replaced('"byteOffset":1048576', f'"byteOffset":-{2**64}'),
    ),
    "line 35: extents[2].byteOffset is missing": (2, replaced('"byteOffset":1048576,', "")),
    "line 36: extents[3] is 5, not an object": (3, replaced('{"byteOffset":33554432,"sizeBytes":8388608}', "5")),
    f'line 34: extents[1].byteOffset is "{LONG[:59]}…, not an integer': (
        1,
        replaced('"byteOffset":8192', f'"byteOffset":"{LONG}"'),
    ),
    "line 36: not JSON": (3, replaced("33554432", "33 554432")),
    "line 37: not JSON": (
        4,
        replaced('    {"byteOffset":41943040', '   ,{"byteOffset":41943040'),
    ),
    "line 2: byteOffset is null, not an integer": (0, replaced('"byteOffset":0', '"byteOffset":null', NDJSON)),
    "line 4: sizeBytes is missing": (2, replaced(',"sizeBytes":524288', "", NDJSON)),
    "line 3: an extent is 7, not an object": (
        1,
        replaced('{"byteOffset":8192,"sizeBytes":4096}', "7", NDJSON),
    ),
    'kind is "Else", not BlockMetadataEnd': (5, replaced("BlockMetadataEnd", "Else", NDJSON)),
    'line 1: [2].block_metadata[1].size_bytes is "4x", not an integer': (4, LISTER.replace(b"4096}]}]", b'"4x"}]}]')),
    'line 1: [2].block_metadata[1].size_bytes is "04", not an integer': (4, LISTER.replace(b"4096}]}]", b'"04"}]}]')),
    'line 1: [2].block_metadata[1] is {"length":5}, with neither byte_offset nor size_bytes': (
        4,
        LISTER[: LISTER.rindex(b'{"byte_offset"')] + b'{"length":5}]}]',
    ),
    "line 1: [1].block_metadata is 3, neither an array nor null": (3, replaced("null", "3", LISTER)),
    "line 1: [1].block_metadata is missing": (3, replaced(',"block_metadata":null', "", LISTER)),
    "line 1: [1] is 9, not an object": (
        3,
        LISTER.replace(LISTER[LISTER.index(b"]},{") + 3 : LISTER.index(b"null}") + 5], b"9"),
    ),
    'line 1: [1].block_metadata_type is "F", not a type of block metadata': (
        3,
        LISTER.replace(b']},{"block_metadata_type":2', b']},{"block_metadata_type":"F"', 1),
    ),
    # What stands behind them.
    "line 36: unexpected data after the end of the document": (
        5,
        LISTER + b"\n" * 35 + b"[]",
    ),
    "complete is missing": (5, changed(complete=...)),
    "complete is true, but there is an error": (
        5,
        changed(error={"type": "", "code": None, "message": "", "hint": ""}),
    ),
    "complete is false, but error is null": (5, changed(complete=False)),
    "error is 1, not an object": (5, changed(error=1)),
    "violations[0] is 1, not an object": (5, changed(violations=[1])),
    "violations[0].rule is missing": (5, changed(violations=[{}])),
    "summary.nextOffset is missing": (5, changed(summary__nextOffset=...)),
    "resumes is -1, which is negative": (5, changed(resumes=-1)),
}


@pytest.mark.parametrize(
    ("message", "count", "data"), [(key, *value) for key, value in FURTHER_IN.items()], ids=FURTHER_IN
)
def test_a_later_problem_is_reported_after_the_extents_before_it(data, message, count):
    extents, error, stream = read(data)
    assert error is not None
    assert error.message == f"delta.json: {message}"
    assert extents == EXTENTS[:count]
    assert stream is not None
    assert not stream.outcome().complete
    assert stream.outcome(error).failure.message == error.message


@pytest.mark.parametrize("claimed", [4, 1000])
def test_a_document_with_more_or_fewer_extents_than_declared_is_not_complete(claimed):
    extents, error, stream = read(changed(summary__extents=claimed))
    assert extents == EXTENTS
    assert error.message == f"delta.json declares {claimed:,} extents but contains 5"
    assert not stream.outcome().complete


def test_a_truncated_document_whose_head_follows_its_extents_cannot_be_shown():
    data = json.dumps(json.loads(JSON), indent=2, sort_keys=True).encode()
    with pytest.raises(DocumentError) as caught:
        saved(data[: data.index(b"33554432")])
    assert caught.value.message == (
        "delta.json ends in the middle of its extents, before the rest of its head, at line 31"
    )


def test_a_kind_that_contradicts_the_document_is_rejected():
    with pytest.raises(DocumentError, match=r"delta\.json is of kind delta, not allocated"):
        saved(JSON, Operation.ALLOCATED)
    assert saved(JSON, Operation.DELTA).operation == "delta"


def test_a_value_that_never_ends_is_not_kept():
    endless = b'{"apiVersion":"kubectl-cbt/v1","note":["' + b"x" * 2**23
    assert read(endless)[1].message == "delta.json: line 1: one value is longer than 4 MiB"


def test_a_bracket_that_is_missing_is_found_where_it_is_missing():
    extents, error, _ = read(replaced("524288},", "524288,"))
    assert extents == EXTENTS[:2]
    assert error.message == "delta.json: line 36: not JSON"


def test_a_directory_cannot_be_read(tmp_path):
    class Directory(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise IsADirectoryError(21, "Is a directory")

    with pytest.raises(DocumentError, match="backups cannot be read: Is a directory"):
        open_document(Directory(), "backups")


def test_negative_numbers_are_kept_as_the_driver_sent_them():
    extents, error, _ = read(replaced('"byteOffset":8192', f'"byteOffset":-{2**63}'))
    assert (extents[1], error) == ((-(2**63), 4096), None)


# Whatever the bytes are


SORTED = json.dumps(json.loads(JSON), sort_keys=True, indent=1).encode()
documents = st.sampled_from([JSON, NDJSON, LISTER, SORTED, (GOLDEN / "failed.json").read_bytes()])
much = settings(law, max_examples=250)


def assert_only_our_errors(data: bytes) -> None:
    _, error, stream = read(data)
    if stream is not None:
        outcome = stream.outcome(error)
        assert outcome.complete == (outcome.failure is None)
        assert not (error and outcome.complete)
        assert stream.outcome().complete == outcome.complete


@given(st.binary(max_size=300))
@much
def test_any_bytes_are_rejected_with_our_own_error(data):
    assert_only_our_errors(data)


@given(
    st.text(alphabet='{}[]":,\\ \n01-.eEtruefalsn', max_size=60),
    st.sampled_from([b"", JSON[:900], NDJSON[:700], LISTER[:90]]),
)
@much
def test_any_json_like_text_is_rejected_with_our_own_error(text, front):
    assert_only_our_errors(front + text.encode())


@given(
    documents,
    st.lists(st.tuples(st.integers(0, 5000), st.binary(max_size=3), st.integers(0, 3)), max_size=4),
    st.data(),
)
@much
def test_any_change_of_a_document_is_read_or_refused_with_our_own_error(document, changes, data):
    for at, new, length in changes:
        at %= len(document)
        document = document[:at] + new + document[at + length :]
    assert_only_our_errors(
        document[: data.draw(st.integers(0, len(document)))] if data.draw(st.booleans()) else document
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["kind", "extents", "summary", "byteOffset", "x"]), inner, max_size=3)
        ),
    ),
    st.data(),
)
@much
def test_any_value_in_the_place_of_another_is_read_or_refused_with_our_own_error(value, data):
    document = json.loads(JSON)
    inner = document
    while isinstance(inner, dict | list) and inner:
        place = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        outer, inner = inner, inner[place]
        if data.draw(st.booleans()):
            break
    outer[place] = value
    assert_only_our_errors(json.dumps(document).encode())


def test_deep_nesting_is_harmless():
    for data in (
        b"[" * 10**5,
        b'{"a":' * 10**5,
        b'{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}",
        JSON[:1100] + b"[" * 10**5,
    ):
        assert read(data)[1] is not None
