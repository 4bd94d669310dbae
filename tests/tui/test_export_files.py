"""Files of exports: whole or not at all, and an excerpt is the whole document's own bytes of its range."""

import errno
import io
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from directing import CAPACITY, EXTENTS, GONE, KIB, MIB, ONE, TWO, ScriptedOpened, ScriptedStream
from hypothesis import given
from hypothesis import strategies as st
from strategies import law, legal_extents

from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.errors import OutputError
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.tui.export_content import excerpt, whole, write_document, write_file
from kubectl_cbt.tui.loader import Loader

SCHEMA = json.loads(files("kubectl_cbt.output").joinpath("schema.json").read_bytes())


def ended(stream: ScriptedStream, names: SnapshotNames = SnapshotNames(TWO, ONE)) -> Loader:  # noqa: B008
    loader = Loader(ScriptedOpened(stream, names))
    loader.start()
    loader.wait_until_ended()
    return loader


def document_of(content, folder: Path) -> dict:
    path = folder / "out.json"
    write_document(content, StreamFormat.JSON, path, overwrite=True)
    return json.loads(path.read_bytes())


def clipped(extents, start: int, end: int) -> list[dict[str, int]]:
    pairs = [(max(offset, start), min(offset + size, end)) for offset, size in extents]
    return [{"byteOffset": low, "sizeBytes": high - low} for low, high in pairs if low < high]


@law
@given(
    legal_extents(most=10, widest=10, grain=KIB),
    st.integers(0, 150).map(lambda number: number * 512),
    st.integers(1, 150).map(lambda number: number * 512),
)
def test_an_excerpt_holds_the_bytes_of_its_range_and_reads_back(tmp_path_factory, extents, start, size):
    end = start + size
    loader = ended(ScriptedStream(extents))
    folder = tmp_path_factory.getbasetemp()
    document = document_of(excerpt(loader.opened.resolved, loader.frame, start, end), folder)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["extents"] == clipped(extents, start, end)
    assert document["summary"]["coveredBytes"] == sum(one["sizeBytes"] for one in document["extents"])
    assert document["complete"] is True
    with (folder / "out.json").open("rb") as file:
        stream = open_document(file, "out.json")
        read = [pair for batch in stream for pair in zip(batch.offsets.tolist(), batch.sizes.tolist(), strict=True)]
        assert read == [tuple(one.values()) for one in document["extents"]]
        outcome, query = stream.outcome(), stream.resolved.query
    assert outcome.complete
    assert (query.starting_offset, query.end_offset) == (start, end)


@pytest.mark.parametrize(
    ("start", "end", "complete"),
    [(0, 30 * MIB, True), (30 * MIB, 41 * MIB, False), (50 * MIB, 60 * MIB, False), (0, 40 * MIB + 4 * KIB, True)],
)
def test_an_excerpt_is_complete_only_where_the_stream_told_all(tmp_path, start, end, complete):
    loader = ended(ScriptedStream(error=GONE))
    document = document_of(excerpt(loader.opened.resolved, loader.frame, start, end), tmp_path)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["complete"] is complete
    assert document["extents"] == clipped(EXTENTS, start, end)
    assert start <= document["summary"]["nextOffset"] <= end


def test_an_excerpt_of_what_was_not_asked_for_is_not_complete(tmp_path):
    loader = ended(ScriptedStream())
    resolved = replace(loader.opened.resolved, query=Query(TWO, starting_offset=32 * MIB))
    frame = replace(loader.frame, query=resolved.query)
    document = document_of(excerpt(resolved, frame, 16 * MIB, 48 * MIB), tmp_path)
    assert document["complete"] is False
    assert document["error"]["message"]


@pytest.mark.parametrize("form", [StreamFormat.JSON, StreamFormat.NDJSON, StreamFormat.CSV])
@pytest.mark.parametrize("stream", [{}, {"extents": []}, {"error": GONE}], ids=["complete", "empty", "failed"])
def test_a_document_reads_back_as_the_stream_it_was_made_of(tmp_path, form, stream):
    loader = ended(ScriptedStream(**stream))
    path = tmp_path / f"out.{form}"
    write_document(whole(loader.opened.resolved, loader.frame), form, path, overwrite=False)
    if form is StreamFormat.CSV:
        rows = [line for line in path.read_text().splitlines()[1:] if not line.startswith("#")]
        assert rows == [f"{offset},{size}" for offset, size in stream.get("extents", EXTENTS)]
        return
    with path.open("rb") as file:
        saved = open_document(file, path.name)
        offsets = [offset for batch in saved for offset in batch.offsets.tolist()]
        assert offsets == [offset for offset, _ in stream.get("extents", EXTENTS)]
        outcome = saved.outcome()
    assert outcome.complete is ("error" not in stream)
    assert outcome.volume_capacity_bytes == CAPACITY


# Writing.


def full(file: io.TextIOBase) -> None:
    file.write("half")
    raise OSError(errno.ENOSPC, "No space left on device")


def broken(file: io.TextIOBase) -> None:
    file.write("half")
    raise RuntimeError("a bug")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(("write", "error"), [(full, OutputError), (broken, RuntimeError)])
def test_what_fails_in_the_middle_leaves_nothing_behind(tmp_path, overwrite, write, error):
    with pytest.raises(error):
        write_file(tmp_path / "out", write, overwrite=overwrite)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [full, broken])
def test_what_fails_in_the_middle_of_overwriting_leaves_the_old_file(tmp_path, write):
    path = tmp_path / "out"
    path.write_text("precious")
    with pytest.raises((OutputError, RuntimeError)):
        write_file(path, write, overwrite=True)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_overwriting_a_folder_fails_and_leaves_nothing_behind(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OutputError):
        write_file(folder, lambda file: None, overwrite=True)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no/such", "No such file"),
        ("there/below", "Not a directory"),
        ("x" * 300, "name too long"),
        ("there", "already"),
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_path_that_cannot_be_written_is_told_with_its_name(tmp_path, name, words, overwrite):
    (tmp_path / "there").write_text("precious")
    if overwrite and name == "there":
        write_file(tmp_path / name, lambda file: None, overwrite=True)
        return
    with pytest.raises(OutputError) as caught:
        write_file(tmp_path / name, lambda file: None, overwrite=overwrite)
    assert words in caught.value.message
    assert name in caught.value.message


def test_newlines_are_written_as_they_are(tmp_path):
    write_file(tmp_path / "out", lambda file: file.write("a\nü\r\n"), overwrite=False)
    assert (tmp_path / "out").read_bytes() == "a\nü\r\n".encode()
