"""Every key of the map does what its help says."""

import csv
import io
import json
import threading
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib.resources import files
from itertools import chain
from pathlib import Path

import jsonschema
import pytest
from directing import (
    ALLOCATED,
    CAPACITY,
    EXTENTS,
    FOUR,
    GONE,
    KIB,
    MIB,
    ONE,
    THREE,
    TWO,
    ScriptedBackend,
    ScriptedOpened,
    ScriptedStream,
    drive,
    press,
    resize,
    shown,
    the_map,
    type_text,
    until,
)
from textual.widgets import Label

from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.results import MUST, Violation
from kubectl_cbt.output.json import JsonWriter
from kubectl_cbt.output.palettes import PALETTES
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.tui.keys import BROWSE_KEYS, MAP_KEYS, footer
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.screens.text_screen import TextScreen
from kubectl_cbt.tui.text.status_line import status_line
from kubectl_cbt.tui.textual_private import screen_strips
from kubectl_cbt.tui.widgets.extent_list import ExtentList
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.tui.widgets.statistics import Statistics

SCHEMA = json.loads(files("kubectl_cbt.output").joinpath("schema.json").read_bytes())


MOVES = {
    "left": lambda cell, row, rows, at: (at // cell - 1) * cell,
    "h": lambda cell, row, rows, at: (at // cell - 1) * cell,
    "right": lambda cell, row, rows, at: (at // cell + 1) * cell,
    "L": lambda cell, row, rows, at: (at // cell + 1) * cell,
    "down": lambda cell, row, rows, at: at // cell * cell + row,
    "j": lambda cell, row, rows, at: at // cell * cell + row,
    "up": lambda cell, row, rows, at: at // cell * cell - row,
    "k": lambda cell, row, rows, at: at // cell * cell - row,
    "home": lambda cell, row, rows, at: at // row * row,
    "end": lambda cell, row, rows, at: at // row * row + row - cell,
    "g": lambda cell, row, rows, at: 0,
    "G": lambda cell, row, rows, at: CAPACITY - 1,
    "n": lambda cell, row, rows, at: 40 * MIB,
    "N": lambda cell, row, rows, at: 20 * MIB,
}


def test_a_moving_key_moves_the_cursor():
    async def steps(pilot, screen):
        for key, place in MOVES.items():
            screen.go_to(30 * MIB)
            await press(pilot, key)
            viewport = screen.cursor.viewport
            row = viewport.cell_bytes * viewport.columns
            assert screen.cursor.position == place(viewport.cell_bytes, row, viewport.rows, 30 * MIB), key

    drive(the_map(), steps)


def test_pages_move_by_screens_and_stop_in_the_same_column():
    async def steps(pilot, screen):
        await press(pilot, "plus", "plus", "plus", "plus")
        viewport = screen.cursor.viewport
        page = viewport.cells * viewport.cell_bytes
        screen.go_to(0)
        await press(pilot, "pagedown")
        assert screen.cursor.position == page
        await press(pilot, "pageup")
        assert screen.cursor.position == 0
        await press(pilot, *["pagedown"] * 40)
        assert CAPACITY - viewport.columns * viewport.cell_bytes <= screen.cursor.position < CAPACITY
        assert screen.cursor.position // viewport.cell_bytes % viewport.columns == 0

    drive(the_map(), steps)


def test_zoom_goes_from_the_whole_volume_to_the_grain_and_back():
    async def steps(pilot, screen):
        screen.go_to(20 * MIB + 4 * KIB)
        sizes = [screen.cursor.viewport.cell_bytes]
        for _ in range(12):
            await press(pilot, "plus")
            sizes.append(screen.cursor.viewport.cell_bytes)
            assert screen.cursor.viewport.index_of(screen.cursor.position) is not None
        assert sizes[-1] == 4 * KIB
        assert sizes == sorted(sizes, reverse=True)
        await press(pilot, "equals_sign")
        assert screen.cursor.viewport.cell_bytes == 4 * KIB
        await press(pilot, "minus")
        assert screen.cursor.viewport.cell_bytes == 8 * KIB
        await press(pilot, "0")
        assert screen.cursor.viewport.is_whole
        assert screen.cursor.position == 20 * MIB + 4 * KIB

    drive(the_map(), steps, size=(60, 20))


def test_z_goes_into_the_cell_as_far_as_it_fills_the_screen():
    async def steps(pilot, screen):
        screen.go_to(20 * MIB)
        start, end = screen.cursor.cell
        await press(pilot, "z")
        viewport = screen.cursor.viewport
        assert viewport.start <= start < end <= viewport.end
        assert viewport.cell_bytes == 4 * KIB

    drive(the_map(), steps, size=(60, 20))


def test_the_cursor_keeps_its_byte_when_the_screen_gets_another_size():
    async def steps(pilot, screen):
        await press(pilot, "n", "n", "plus", "plus")
        cursor = screen.cursor.position
        for size in ((80, 24), (200, 60), (60, 20)):
            await resize(pilot, *size)
            await until(pilot, lambda: screen.cursor.viewport.columns == screen.query_one(MapView).room.width)
            assert screen.cursor.position == cursor
            assert screen.cursor.viewport.index_of(cursor) is not None

    drive(the_map(), steps)


def test_a_colon_goes_to_an_offset():
    places = {"12Mi": 12 * MIB, "0x3f000": 0x3F000, "50%": 32 * MIB, "lba 2048": MIB, "+1Mi": 31 * MIB}

    async def steps(pilot, screen):
        for text, place in places.items():
            screen.go_to(30 * MIB)
            await press(pilot, "colon")
            await type_text(pilot, text)
            await press(pilot, "enter")
            assert screen.cursor.position == place, text
            assert screen.query_one(Prompt).display is False
            assert screen.query_one(MapView).has_focus

    drive(the_map(), steps)


def test_a_place_that_is_none_is_explained_and_can_be_given_up():
    async def steps(pilot, screen):
        await press(pilot, "colon")
        await type_text(pilot, "99Gi")
        await press(pilot, "enter")
        assert screen.query_one(Prompt).display is True
        assert "outside the volume of 64 MiB" in shown(pilot.app)
        await press(pilot, "escape")
        assert screen.query_one(Prompt).display is False
        assert screen.cursor.position == 0

    drive(the_map(), steps)


def test_l_goes_through_the_layers_and_asks_for_the_second_stream_once():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        assert backend.resolved == []
        for wanted in ("allocated", "both", "delta", "allocated"):
            await press(pilot, "l")
            await until(pilot, lambda wanted=wanted: screen.streams.shown == wanted and not screen.is_updating)
        assert backend.resolved == [SnapshotNames(THREE)]
        assert screen.streams.frame.summary.covered_bytes == sum(size for _, size in ALLOCATED)

    drive(the_map(backend=backend), steps)


@pytest.mark.parametrize(
    ("screen", "words"),
    [
        (lambda: the_map(), "saved documents have one layer"),
        (lambda: the_map(names=SnapshotNames(THREE)), "there is only one layer"),
    ],
)
def test_where_there_is_no_other_layer_l_says_so(screen, words):
    async def steps(pilot, screen):
        await press(pilot, "l")
        assert words in shown(pilot.app)

    drive(screen(), steps)


@pytest.mark.parametrize("key", ["l", "right_square_bracket"])
def test_what_cannot_be_opened_is_said_and_the_map_lives_on(key):
    backend = ScriptedBackend()
    backend.failing = GONE

    async def steps(pilot, screen):
        await press(pilot, key)
        assert '"two" not found' in shown(pilot.app)
        await press(pilot, "n")
        assert screen.cursor.position == MIB

    drive(the_map(backend=backend), steps)


def test_brackets_step_to_the_neighbouring_deltas_and_stop_at_the_ends():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        screen.go_to(40 * MIB)
        for key, base, target in (
            ("right_square_bracket", THREE, FOUR),
            ("left_square_bracket", TWO, THREE),
            ("left_square_bracket", ONE, TWO),
        ):
            old = screen.streams.main.opened
            await press(pilot, key)
            await until(pilot, lambda: not screen.is_updating)
            now = screen.streams.main.opened.resolved
            assert (now.base.ref, now.target.ref) == (base, target)
            assert old.is_closed
            assert screen.cursor.position == 40 * MIB
        await press(pilot, "left_square_bracket")
        assert "ns/one is the oldest snapshot of its volume" in shown(pilot.app)

    drive(the_map(backend=backend), steps)


def test_brackets_step_a_single_snapshot_too():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: not screen.is_updating)
        assert backend.resolved == [SnapshotNames(FOUR)]

    drive(the_map(backend=backend, names=SnapshotNames(THREE)), steps)


def test_d_shows_the_panels_and_folds_them():
    async def steps(pilot, screen):
        assert screen.query_one("#side").display is False
        await press(pilot, "d")
        await until(pilot, lambda: "extents" in shown(pilot.app))
        assert "offset    0 B" in shown(pilot.app)
        await press(pilot, "d")
        assert screen.query_one("#side").display is False

    drive(the_map(), steps, size=(80, 24))


def test_s_shows_the_statistics_and_digits_jump():
    async def steps(pilot, screen):
        await press(pilot, "s")
        await until(pilot, lambda: "Largest runs" in shown(pilot.app))
        text = shown(pilot.app)
        assert "8 MiB at 20 MiB" in text
        assert "Next incremental, by chunk size" in text
        await press(pilot, "1")
        assert screen.cursor.position == 20 * MIB
        await press(pilot, "6")
        assert 20 * MIB <= screen.cursor.position < 28 * MIB
        await press(pilot, "s")
        assert screen.query_one(Statistics).display is False

    drive(the_map(), steps, size=(120, 60))


def test_tab_walks_the_list_and_the_map_follows():
    async def steps(pilot, screen):
        extents = screen.query_one(ExtentList)
        await press(pilot, "tab")
        assert extents.has_focus
        for key, (offset, _) in (("down", EXTENTS[1]), ("j", EXTENTS[2]), ("end", EXTENTS[4]), ("k", EXTENTS[3])):
            await press(pilot, key)
            assert screen.cursor.position == offset
        await press(pilot, "home", "pagedown")
        assert screen.cursor.position == EXTENTS[-1][0]
        await press(pilot, "tab")
        assert screen.query_one(MapView).has_focus
        screen.go_to(20 * MIB + 5)
        assert extents.current == 3

    drive(the_map(), steps)


def test_a_slash_filters_the_list_and_esc_shows_all():
    async def steps(pilot, screen):
        extents = screen.query_one(ExtentList)
        await press(pilot, "slash")
        await type_text(pilot, ">100Ki 10Mi..")
        await press(pilot, "enter")
        assert extents.position_text == "1 of 1"
        assert "extents >100Ki 10Mi.." in shown(pilot.app)
        await press(pilot, "slash")
        await type_text(pilot, " nonsense")
        await press(pilot, "enter")
        assert "'nonsense' is not a filter" in shown(pilot.app)
        await press(pilot, "escape", "escape")
        assert extents.position_text.endswith("of 5")

    drive(the_map(), steps, size=(160, 30))


def test_a_filter_that_nothing_passes_says_so():
    async def steps(pilot, screen):
        await press(pilot, "slash")
        await type_text(pilot, ">1Gi")
        await press(pilot, "enter")
        assert "no extent matches the filter" in shown(pilot.app)

    drive(the_map(), steps)


def test_v_shows_what_is_wrong_in_full():
    error = GONE

    async def steps(pilot, screen):
        await press(pilot, "v")
        assert isinstance(pilot.app.screen, TextScreen)
        text = shown(pilot.app)
        assert "look again" in text
        assert f"--starting-offset {40 * MIB + 4 * KIB}" in text
        await press(pilot, "down", "escape")
        assert pilot.app.screen is screen

    drive(the_map(ScriptedStream(error=error)), steps)


def test_p_goes_through_the_palettes_and_t_through_the_themes():
    async def steps(pilot, screen):
        seen = []
        for _ in PALETTES:
            seen.append(pilot.app.color_scheme(both_layers=False).palette.name)
            await press(pilot, "p")
        assert seen == [palette.name for palette in PALETTES]
        dark = pilot.app.color_scheme(both_layers=False)
        await press(pilot, "t")
        light = pilot.app.color_scheme(both_layers=False)
        assert (dark.dark, light.dark) == (True, False)
        await press(pilot, "t")
        assert pilot.app.color_scheme(both_layers=False) == dark

    drive(the_map(), steps)


@pytest.mark.parametrize("key", ["c", "y"])
def test_the_extent_at_the_cursor_is_copied(key):
    async def steps(pilot, screen):
        screen.go_to(30 * MIB)
        await press(pilot, key)
        assert "no extent at the cursor" in shown(pilot.app)
        screen.go_to(21 * MIB)
        await press(pilot, key)
        return pilot.app.clipboard

    assert json.loads(drive(the_map(), steps)) == {"byteOffset": 20 * MIB, "sizeBytes": 8 * MIB}


def test_x_stops_the_stream_and_keeps_what_came():
    gate = threading.Event()
    screen = the_map(ScriptedStream(gate=gate))
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: screen.streams.frame.outcome.messages == 1)
        assert "x stops" in shown(pilot.app)
        await press(pilot, "plus", "right")
        await press(pilot, "x")
        await until(pilot, lambda: not screen.streams.frame.is_running)
        assert "INCOMPLETE at 12 KiB: stopped" in shown(pilot.app)
        await press(pilot, "0")
        assert "╱╱╱" in shown(pilot.app)
        assert len(screen.streams.extents) == 2

    drive(screen, steps)


def test_r_resumes_what_was_stopped_and_says_why_it_cannot():
    gate = threading.Event()
    stream = ScriptedStream(gate=gate)
    screen = the_map(stream)
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: screen.streams.frame.outcome.messages == 1)
        opened = screen.streams.main.opened
        await press(pilot, "r")
        assert "the stream is running" in shown(pilot.app)
        await press(pilot, "x")
        await until(pilot, lambda: not screen.streams.frame.is_running)
        screen.notice("")
        assert "stopped · r resumes · v shows more" in shown(pilot.app)
        assert "changed ≥ 8 KiB so far" in shown(pilot.app)
        opened.failing = GONE
        await press(pilot, "r")
        assert '"two" not found' in shown(pilot.app)
        assert len(screen.streams.extents) == 2
        opened.failing = None
        gate.set()
        await press(pilot, "r")
        await until(pilot, lambda: screen.streams.frame.outcome.complete)
        assert screen.streams.extents.offsets.tolist() == [offset for offset, _ in EXTENTS]
        assert screen.streams.frame.known.is_whole
        screen.notice("")
        assert "complete · 5 extents" in shown(pilot.app)
        assert "resumed 1 time" in shown(pilot.app)
        await press(pilot, "r")
        assert "the stream is complete" in shown(pilot.app)

    drive(screen, steps)


DISORDER = Violation("R2", MUST, "extents are ascending", 1, ())


@pytest.mark.parametrize(
    ("stream", "kind", "words"),
    [
        (ScriptedStream(error=GONE), None, "it has no live source"),
        (ScriptedStream(error=GONE, violations=(DISORDER,)), "", "the offset to resume from is unknown"),
        (ScriptedStream(error=ValueError("a bug")), "", "an internal error ended the stream"),
    ],
)
def test_what_cannot_be_resumed_is_not(stream, kind, words):
    loader = Loader(ScriptedOpened(stream, SnapshotNames(THREE, TWO), kind=kind))
    loader.start()
    loader.wait_until_ended()
    assert words in loader.resume_obstacle


def test_a_stream_that_is_taken_up_says_why_it_waits_and_in_the_end_how_often():
    gate = threading.Event()
    why = "resuming at 12 KiB in 4 s: the connection broke"
    screen = the_map(ScriptedStream(gate=gate, interruption=why))
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: why in shown(pilot.app))
        assert "x stops" in shown(pilot.app)
        gate.set()
        await until(pilot, lambda: "resumed 1 time" in shown(pilot.app))
        assert why not in shown(pilot.app)
        await press(pilot, "v")
        assert "The stream was resumed 1 time." in shown(pilot.app)

    drive(screen, steps)


def test_what_comes_is_drawn_while_the_screen_is_used():
    gate = threading.Event()
    screen = the_map(ScriptedStream(gate=gate))
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: "╱" in shown(pilot.app))
        await press(pilot, "right", "right")
        cursor = screen.cursor.position
        gate.set()
        await until(pilot, lambda: "complete" in shown(pilot.app))
        assert "╱" not in shown(pilot.app).replace("╱ unknown", "")
        assert screen.cursor.position == cursor > 0

    drive(screen, steps)


def test_a_stream_that_falls_silent_says_for_how_long_until_it_ends():
    gate, now = threading.Event(), [0.0]
    screen = the_map(ScriptedStream(gate=gate, free=2, a_message=1), clock=lambda: now[0])
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: "x stops" in shown(pilot.app))
        # The second message comes right after the first, and no third one makes it be drawn.
        await until(pilot, lambda: screen.streams.main._has_unpublished)
        screen._tick()
        # While more may come, frames are made where they hold up nobody.
        assert len(screen.streams.extents) == 1
        now[0] = 1.1
        await until(pilot, lambda: len(screen.streams.extents) == 2)
        now[0] = 4.9
        screen._tick()
        assert "nothing received" not in shown(pilot.app)
        now[0] = 12.4
        await until(pilot, lambda: "nothing received for 12 s · 12 KiB of 64 MiB · x stops" in shown(pilot.app))
        now[0] = 75.0
        await until(pilot, lambda: "nothing received for 1 min 15 s" in shown(pilot.app))
        gate.set()
        await until(pilot, lambda: "complete · " in shown(pilot.app))
        await until(pilot, lambda: not screen._ticking._active.is_set())

    drive(screen, steps)


def test_before_the_first_message_the_wait_is_counted_too():
    frame = Loader(ScriptedOpened(ScriptedStream(), SnapshotNames(THREE, TWO))).frame
    text = status_line(frame, 80, idle_seconds=9.9).plain
    assert text == " waiting for the first extents · nothing received for 9 s · x stops"
    why = replace(frame, interruption="resuming at 0 B: the connection broke")
    assert "nothing received for 9 s, resuming" in status_line(why, 80, idle_seconds=9.9).plain


def test_a_base_that_is_named_by_its_change_id_says_so():
    screen = the_map()
    opened = screen.streams.main.opened
    base = replace(opened.resolved.base, change_id="52 8f/3[x]")
    opened.resolved = replace(opened.resolved, base=base)

    async def steps(pilot, screen):
        assert "two (by change id) → three" in shown(pilot.app)
        assert "base      change id 52 8f/3[x]" in shown(pilot.app)
        await press(pilot, "v")
        text = shown(pilot.app)
        assert "The driver receives the change id of base two instead of its handle" in text
        assert "csi.vsphere.volume/change-id" in text
        assert "52 8f/3[x]" in text

    drive(screen, steps)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_q_and_ctrl_c_quit(key):
    opened = []

    async def steps(pilot, screen):
        opened.append(screen.streams.main.opened)
        await pilot.press(key)
        await until(pilot, lambda: pilot.app._exit)

    drive(the_map(), steps)
    assert opened[0].is_closed


def test_a_question_mark_lists_every_key():
    async def steps(pilot, screen):
        await press(pilot, "question_mark")
        text = shown(pilot.app)
        for key in chain.from_iterable(group.keys for group in MAP_KEYS):
            assert key.help in text
        await press(pilot, "escape")
        assert pilot.app.screen is screen

    drive(the_map(), steps, size=(120, 60))


def test_the_command_palette_holds_every_action():
    async def steps(pilot, screen):
        found = {command.title for command in pilot.app.get_system_commands(screen)}
        for key in chain.from_iterable(group.keys for group in MAP_KEYS):
            assert key.help in found or key.action == "app.command_palette"
        assert {f"Palette {palette.name}" for palette in PALETTES} <= found
        for word in ("resume", "stop", "zoom", "chunk", "filter", "export"):
            assert any(word in title.lower() for title in found), word
        await press(pilot, "ctrl+p")
        await until(pilot, lambda: pilot.app.screen is not screen)

    drive(the_map(), steps)


# Export.


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


# The mouse.


def test_a_click_moves_the_cursor_and_the_wheel_zooms_around_the_pointer():
    async def steps(pilot, screen):
        view = screen.query_one(MapView)
        await pilot.click(MapView, offset=(30, 8))
        column, row = 30 - 1 - 14, (8 - 1 - 1) * 2
        viewport = screen.cursor.viewport
        assert screen.cursor.position == (row * viewport.columns + column) * viewport.cell_bytes
        cursor = screen.cursor.position
        view.post_message(MapView.WheelScrolled(cursor, closer=True))
        await until(pilot, lambda: screen.cursor.viewport.cell_bytes < viewport.cell_bytes)
        view.post_message(MapView.WheelScrolled(cursor, closer=False))
        await until(pilot, lambda: screen.cursor.viewport.is_whole)
        assert screen.cursor.position == cursor

    drive(the_map(), steps)


# Streams that go wrong.


def test_a_stream_that_fails_in_the_middle_stays_on_the_screen_with_its_words():
    async def steps(pilot, screen):
        assert 'INCOMPLETE at 40 MiB: "two" not found' in shown(pilot.app)
        await press(pilot, "N", "n")

    drive(the_map(ScriptedStream(error=GONE)), steps)


def test_a_bug_in_a_stream_is_told_without_its_words():
    async def steps(pilot, screen):
        assert "internal error: ValueError" in shown(pilot.app)
        assert "s3cret" not in shown(pilot.app)

    drive(the_map(ScriptedStream(error=ValueError("s3cret"))), steps)


def test_extents_that_overlap_are_shown_merged_and_it_is_said():
    async def steps(pilot, screen):
        assert screen.streams.extents.offsets.tolist() == [0, 20 * MIB]
        await press(pilot, "v")
        assert "out of order" in shown(pilot.app)

    drive(the_map(ScriptedStream([(20 * MIB, 8 * MIB), (0, 4 * KIB), (0, 8 * KIB)])), steps)


@pytest.mark.parametrize("size", [CAPACITY, None])
def test_nothing_changed_has_a_screen_too(size):
    async def steps(pilot, screen):
        await press(pilot, "n", "N", "s", "s", "e", "escape", "c", "z", "plus", "0", "d", "G")
        assert "changed 0 B" in shown(pilot.app)
        assert pilot.app.is_running

    drive(the_map(ScriptedStream([]), size=size), steps)


def test_without_colours_there_are_none_in_any_segment(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def steps(pilot, screen):
        strips = screen_strips(screen)
        colors = {c.name for strip in strips for s in strip if s.style for c in (s.style.color, s.style.bgcolor) if c}
        assert colors <= {"default"}
        assert "▓" in shown(pilot.app)

    drive(the_map(), steps, colors=False)


# The tables of keys themselves.


def test_no_key_is_bound_twice_and_every_action_exists():
    for groups, screen in ((MAP_KEYS, MapScreen), (BROWSE_KEYS, BrowseScreen)):
        keys = [name for group in groups for key in group.keys for name in key.keys.split(",")]
        assert len(keys) == len(set(keys))
        for key in chain.from_iterable(group.keys for group in groups):
            name = key.action.removeprefix("app.").split("(")[0]
            assert hasattr(screen, f"action_{name}") or key.action.startswith("app."), key


@pytest.mark.parametrize("width", [40, 80, 110, 160, 200])
def test_the_footer_fits_and_always_ends_with_help_and_quit(width):
    for groups in (MAP_KEYS, BROWSE_KEYS):
        pairs = footer(groups, width)
        assert [word for _, word in pairs[-2:]] == ["help", "quit"]
        assert sum(len(key) + len(word) + 3 for key, word in pairs) <= max(width, 40)


def test_every_key_of_the_map_has_a_test_here():
    tested = Path(__file__).read_text(encoding="utf-8")
    for name in (name for group in MAP_KEYS for key in group.keys for name in key.keys.split(",")):
        assert f'"{name}"' in tested, name
