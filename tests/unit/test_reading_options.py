"""What the user adds to a file: used where the file records nothing, refused where it records something else."""

import io
from pathlib import Path

import pytest
from saved_documents import received

from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.reading_options import FileFormat, ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.stream_query import Operation

FILES = Path(__file__).parent.parent / "files" / "open"
WITHOUT = (FILES / "cap0.json").read_bytes()
WITH = (FILES / "lister-small.json").read_bytes()


def test_a_capacity_is_used_where_the_messages_have_none():
    stream = open_document(io.BytesIO(WITHOUT), "x.json", ReadingOptions(capacity_bytes=2**30))
    assert [batch.records.capacities.tolist() for batch in stream] == [[2**30]]
    assert stream.outcome().volume_capacity_bytes == 2**30


def test_a_capacity_that_the_file_records_is_accepted_and_another_is_an_error():
    stream = open_document(io.BytesIO(WITH), "x.json", ReadingOptions(capacity_bytes=10485760))
    assert received(stream) == ([(0, 4096), (376832, 4096)], None)
    extents, error = received(open_document(io.BytesIO(WITH), "x.json", ReadingOptions(capacity_bytes=4096)))
    assert extents == []
    assert error.message == "x.json records a capacity of 10485760 bytes, not 4096"
    assert error.hint == "omit --capacity: the file records it"


def test_a_file_of_another_format_than_wanted_is_an_error():
    wanted = ReadingOptions(Operation.DELTA, format=FileFormat.LISTER)
    assert open_document(io.BytesIO(WITH), "x.json", wanted).operation == "delta"
    with pytest.raises(DocumentError) as caught:
        open_document(io.BytesIO(WITH), "x.json", ReadingOptions(format=FileFormat.DOCUMENT))
    assert caught.value.message == (
        "x.json is messages of snapshot-metadata-lister or grpcurl, not of the format document"
    )
