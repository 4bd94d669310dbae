"""Exports from the map."""

import csv
import io
import json
import threading
import xml.etree.ElementTree as ET
from importlib.resources import files

import jsonschema
from directing import (
    EXTENTS,
    MIB,
    ScriptedStream,
    drive,
    press,
    shown,
    the_map,
    until,
)
from textual.widgets import Label

from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.output.json import JsonWriter
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen

SCHEMA = json.loads(files("kubectl_cbt.output").joinpath("schema.json").read_bytes())


def exported(path, *keys: str, screen=None, cursor: int = 0) -> str:
    """What is in a file after an export; keys go to the choices."""

    async def steps(pilot, screen):
        screen.go_to(cursor)
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExportScreen))
        pilot.app.screen.query_one("#path").value = str(path)
        await press(pilot, *keys, "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert "wrote" in shown(pilot.app)

    drive(screen or the_map(), steps)
    return path.read_text(encoding="utf-8")


def as_printed(screen: MapScreen) -> str:
    """What ``-o json`` prints of the same stream."""
    text = io.BytesIO()
    frame, resolved = screen.streams.frame, screen.streams.main.opened.resolved
    writer = JsonWriter(text.write, resolved, OutputTarget())
    for batch in ScriptedStream():
        writer.batch(batch)
    writer.end(frame.outcome, frame.summary)
    return text.getvalue().decode()


def test_an_exported_document_is_the_one_that_o_json_prints(tmp_path):
    screen = the_map()
    text = exported(tmp_path / "all.json", screen=screen)
    assert text == as_printed(screen)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))


def test_csv_and_ndjson_hold_the_same_extents(tmp_path):
    rows = list(csv.reader(io.StringIO(exported(tmp_path / "all.csv", "tab", "down", "down", "space"))))
    assert rows[1:] == [[str(offset), str(size)] for offset, size in EXTENTS]
    lines = exported(tmp_path / "all.ndjson", "tab", "down", "space").splitlines()
    assert [tuple(json.loads(line).values()) for line in lines[1:-1]] == EXTENTS


def test_a_picture_is_xml_that_fetches_nothing(tmp_path):
    text = exported(tmp_path / "map.svg", "tab", "up", "space")
    ET.fromstring(text)
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") == 1
    assert "two → three" in text


def test_the_run_at_the_cursor_alone_can_be_exported_and_opened(tmp_path):
    path = tmp_path / "run.json"
    document = json.loads(exported(path, "tab", "tab", "down", "space", cursor=21 * MIB))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["extents"] == [{"byteOffset": 20 * MIB, "sizeBytes": 8 * MIB}]
    assert (document["query"]["startingOffset"], document["query"]["endOffset"]) == (20 * MIB, 28 * MIB)
    assert document["complete"] is True
    with path.open("rb") as file:
        stream = open_document(file, path.name)
        assert [batch.offsets.tolist() for batch in stream] == [[20 * MIB]]
        assert stream.outcome().complete


def test_what_the_screen_shows_is_exported_cut_at_its_edges(tmp_path):
    screen = the_map()

    async def steps(pilot, screen):
        screen.go_to(24 * MIB)
        await press(pilot, *["plus"] * 6)
        viewport = screen.cursor.viewport
        await press(pilot, "e")
        pilot.app.screen.query_one("#path").value = str(tmp_path / "viewport.csv")
        await press(pilot, "tab", "down", "down", "space", "tab", "up", "space", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        return viewport

    viewport = drive(screen, steps, size=(60, 20))
    rows = (tmp_path / "viewport.csv").read_text().splitlines()[1:]
    assert rows == [f"{viewport.start},{viewport.end - viewport.start}"]


def test_a_file_is_never_overwritten_unasked(tmp_path):
    path = tmp_path / "there.json"
    path.write_text("precious")

    async def steps(pilot, screen):
        await press(pilot, "e")
        pilot.app.screen.query_one("#path").value = str(path)
        await press(pilot, "enter")
        await until(pilot, lambda: "already exists" in shown(pilot.app))
        assert path.read_text() == "precious"
        await press(pilot, "ctrl+o")
        await until(pilot, lambda: pilot.app.screen is screen)

    drive(the_map(), steps)
    assert json.loads(path.read_text())["complete"] is True
    assert [found.name for found in tmp_path.iterdir()] == ["there.json"]


def test_a_path_that_cannot_be_written_is_explained(tmp_path):
    async def steps(pilot, screen):
        def said() -> str:
            # Unfolded: where the screen breaks the line depends on the length of the path.
            return str(pilot.app.screen.query_one("#problem", Label).render())

        await press(pilot, "e")
        pilot.app.screen.query_one("#path").value = str(tmp_path / "no" / "such.json")
        await press(pilot, "enter")
        await until(pilot, lambda: "No such file or directory" in said())
        for folder in (f"{tmp_path}", f"{tmp_path}/", f"{tmp_path}/new/"):
            for key in ("enter", "ctrl+o"):
                pilot.app.screen.query_one("#path").value = folder
                await press(pilot, key)
                assert said() == f"{folder} is a directory: name a file in it"
        await press(pilot, "tab", "down", "space")
        assert pilot.app.screen.query_one("#path").value == folder
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        assert list(tmp_path.iterdir()) == []

    drive(the_map(), steps, size=(200, 40))


def test_an_export_of_a_stream_that_runs_is_marked_incomplete(tmp_path):
    gate = threading.Event()
    screen = the_map(ScriptedStream(gate=gate))
    screen.runs_on = True
    document = json.loads(exported(tmp_path / "part.json", screen=screen))
    assert document["complete"] is False
    assert len(document["extents"]) == 2
