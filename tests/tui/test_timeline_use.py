"""The timeline of a volume: failures, export, sizes, mouse, help, and how it is reached."""

import json
import threading

import pytest
from directing import (
    CAPACITY,
    GONE,
    KIB,
    MIB,
    ONE,
    TWO,
    ScriptedBackend,
    ScriptedOpened,
    ScriptedStream,
    drive,
    entry,
    press,
    resize,
    shown,
    the_map,
    until,
)
from schemas import validator
from textual.events import MouseScrollDown, MouseScrollUp
from timeline_pilot import Timed, band, current, pair_panel, timeline, timing

from kubectl_cbt.core.measured_history import MeasuredHistory
from kubectl_cbt.errors import CbtError, DriverSnapshotNotFound
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.volume_history import VolumeHistory
from kubectl_cbt.output.history.history_formats import HistoryFormat
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.tui.keys import TIMELINE_KEYS
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen
from kubectl_cbt.tui.widgets.timeline import Timeline


def test_a_delta_that_fails_is_a_band_with_its_reason_and_r_queries_it_again():
    backend = Timed()
    backend.errors["three"] = GONE
    backend.broken["four"] = CbtError("lost", hint="try later")

    async def steps(pilot, screen, backend):
        assert "failed" in band(pilot, "three")
        assert "╱╱" in band(pilot, "three")
        assert "≥ 9 MiB" in band(pilot, "four")
        assert "1 of 3 deltas complete · 2 incomplete: r queries again" in shown(pilot.app)
        assert pair_panel(pilot)[1] == "lost; try later"
        await press(pilot, "up")
        assert pair_panel(pilot)[1] == '"two" not found; look again'
        await press(pilot, "u")
        assert "≥ 10 MiB" in band(pilot, "all")
        assert "╱" in band(pilot, "all"), "the union of unknown and nothing is unknown"
        await press(pilot, "enter")
        assert '"two" not found' in shown(pilot.app)
        before = len(backend.resolved)
        backend.errors, backend.broken = {}, {}
        await press(pilot, "r")
        await until(pilot, lambda: not screen.is_updating)
        assert len(backend.resolved) == before + 2, "the complete ones are not queried again"
        assert "failed" not in band(pilot, "three")
        await press(pilot, "r")
        assert "all streams are complete" in shown(pilot.app)

    timing(steps, backend)


def test_x_stops_all_streams_and_keeps_what_was_received():
    backend = Timed()
    backend.gates = {name: threading.Event() for name in ("two", "three", "four")}

    async def steps(pilot, screen, backend):
        await until(pilot, lambda: "≥ 1 MiB" in band(pilot, "two") and "≥ 1 MiB" in band(pilot, "three"))
        await press(pilot, "x")
        await until(pilot, lambda: not screen.is_updating)
        assert "≥ 1 MiB" in band(pilot, "two")
        assert "stopped" in band(pilot, "four")
        assert all(opened.is_closed for opened in backend.opened)
        await press(pilot, "x")
        assert "no stream is running" in shown(pilot.app)
        for gate in backend.gates.values():
            gate.set()
        await press(pilot, "r")
        await until(pilot, lambda: not screen.is_updating)
        assert " 9 MiB " in band(pilot, "two")

    timing(steps, backend, runs_on=True)


def test_leaving_ends_the_streams():
    backend = Timed()
    backend.gates = {name: threading.Event() for name in ("two", "three", "four")}

    async def steps(pilot, screen, backend):
        await until(pilot, lambda: len(backend.opened) >= 2)
        await pilot.press("q")

    timing(steps, backend, runs_on=True)
    assert all(opened.stream.is_cancelled.is_set() for opened in backend.opened)


async def export(pilot, screen, path, *keys):
    """Write the format of ``path``, which is selected by ``keys``; returns the name that was proposed."""
    await press(pilot, "e", *keys)
    line = pilot.app.screen.query_one("#path")
    proposed, line.value = line.value, str(path)
    await press(pilot, "enter")
    await until(pilot, lambda: pilot.app.screen is screen and not screen.is_busy)
    assert "wrote " in shown(pilot.app)
    return proposed


def test_e_exports_a_picture(tmp_path):
    async def steps(pilot, screen, backend):
        path = tmp_path / "timeline.svg"
        assert await export(pilot, screen, path, "tab", "up", "space") == "data-history.svg"
        text = path.read_text(encoding="utf-8")
        assert text.startswith("<svg ")
        assert "three → four" in text

    timing(steps)


def printed(backend: ScriptedBackend, plan: VolumeHistory, form: HistoryFormat) -> bytes:
    """What ``history -o`` prints."""
    written: list[bytes] = []
    writer = form.writer(written.append, plan, OutputTarget())
    with MeasuredHistory(backend, plan) as measured:
        for row in measured:
            writer.row(row)
        writer.end(measured.result())
    return b"".join(written)


@pytest.mark.parametrize("errors", [(), ("four",), ("two", "three", "four")], ids=str)
def test_e_exports_what_history_prints(tmp_path, errors):
    backend = Timed()
    backend.errors = {name: DriverSnapshotNotFound(f"{name} is lost", code="NOT_FOUND") for name in errors}
    backend.broken = {"three": CbtError("lost", hint="try later")}

    async def steps(pilot, screen, backend):
        plan = timeline(backend)._history
        json_path, csv_path = tmp_path / "timeline.json", tmp_path / "timeline.csv"
        assert await export(pilot, screen, json_path) == "data-history.json"
        await export(pilot, screen, csv_path, "tab", "down", "space")
        assert json_path.read_bytes() == printed(backend, plan, HistoryFormat.JSON)
        assert csv_path.read_bytes() == printed(backend, plan, HistoryFormat.CSV)
        validator("VolumeHistory").validate(json.loads(json_path.read_bytes()))

    timing(steps, backend)


def test_an_export_while_streams_run_marks_what_is_incomplete(tmp_path):
    backend = Timed()
    backend.gates = {name: threading.Event() for name in ("two", "three", "four")}

    async def steps(pilot, screen, backend):
        await until(pilot, lambda: "≥ 1 MiB" in band(pilot, "two") and "≥ 1 MiB" in band(pilot, "three"))
        path = tmp_path / "timeline.json"
        await export(pilot, screen, path)
        document = json.loads(path.read_bytes())
        validator("VolumeHistory").validate(document)
        assert document["complete"] is False
        found = {row["target"]: (row["complete"], row["changedBytes"], row["baseState"]) for row in document["rows"]}
        assert found == {
            "two": (False, MIB, "works"),
            "three": (False, MIB, "works"),
            "four": (False, None, "unknown"),
        }

    timing(steps, backend, runs_on=True)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (200, 60)], ids=lambda size: "{}x{}".format(*size))
def test_every_line_fits_and_the_cells_fill_the_room_after_a_resize(size):
    async def steps(pilot, screen, backend):
        await resize(pilot, *size)
        await until(pilot, lambda: screen.query_one(Timeline).size.width == size[0] - 2)
        await until(pilot, lambda: band(pilot, "four"))
        lines = shown(pilot.app).splitlines()
        assert len(lines) == size[1]
        assert {len(line) for line in lines} == {size[0]}
        assert current(pilot) == "four"
        assert "allocated" in shown(pilot.app)
        assert sum(screen.view_columns.ends - screen.view_columns.starts) == CAPACITY
        figure = band(pilot, "four")
        assert " 9 MiB" in figure

    timing(steps)


def test_more_pairs_than_fit_scroll_with_the_cursor():
    many = [entry(f"s-{number:02}", number) for number in range(24)]

    class Many(ScriptedBackend):
        def open(self, names):
            return ScriptedOpened(ScriptedStream([(0, 4 * KIB)]), names)

    backend = Many(many)
    screen = timeline(backend, many[0].ref)

    async def steps(pilot, screen):
        assert current(pilot) == "s-23"
        assert "s-01" not in shown(pilot.app)
        await press(pilot, "pageup", "pageup", "pageup", "pageup")
        assert current(pilot) == "s-01"
        assert "s-23" not in shown(pilot.app)
        await pilot._post_mouse_events([MouseScrollDown], widget=screen.query_one(Timeline), button=0)
        assert current(pilot) == "s-02"
        await pilot._post_mouse_events([MouseScrollUp], widget=screen.query_one(Timeline), button=0)
        assert current(pilot) == "s-01"
        assert "pair 1 of 23" in shown(pilot.app)

    drive(screen, steps, size=(80, 24))


def test_a_click_moves_and_a_double_click_opens():
    async def steps(pilot, screen, backend):
        lines = shown(pilot.app).splitlines()
        y = next(number for number, line in enumerate(lines) if line.startswith("│  two "))
        await pilot.click(offset=(40, y))
        assert current(pilot) == "two"
        assert screen.view_columns.at(screen.shown.position) == 40 - lines[y].index("60m") - len("60m ")
        await pilot.click(offset=(4, y), times=2)
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        assert backend.resolved[-1] == SnapshotNames(TWO, ONE)

    timing(steps)


def test_palette_scale_and_theme_change_the_picture():
    async def steps(pilot, screen, backend):
        await press(pilot, "H")
        assert "linear scale" in shown(pilot.app)
        await press(pilot, "H")
        assert "relative scale" in shown(pilot.app)
        assert "changed, relative" in shown(pilot.app)
        await press(pilot, "p", "T")
        assert screen.cbt.theme == "cbt-light"
        assert screen.timeline._colors.palette.name != "cividis"

    timing(steps)


def test_the_help_explains_the_timeline_before_its_keys():
    async def steps(pilot, screen, backend):
        idle = {"tab", "shift+tab", "super+c"}
        named = {name for group in TIMELINE_KEYS for key in group.keys for name in key.keys.split(",")}
        assert set(screen.active_bindings) - idle == named
        await press(pilot, "question_mark")
        text = shown(pilot.app)
        assert "What changed in a volume from snapshot to snapshot, oldest on top." in text
        await press(pilot, "G")
        assert "Mouse: click moves, double-click opens the map, wheel scrolls." in shown(pilot.app)

    timing(steps, size=(110, 40))


def test_browse_opens_the_timeline_of_the_volume_under_the_cursor():
    backend = Timed()

    async def steps(pilot, screen):
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TimelineScreen) and not pilot.app.screen.is_updating)
        assert "3 of 3 deltas complete" in shown(pilot.app)
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        await press(pilot, "G", "t")
        assert "there are no two snapshots of this volume that can be compared" in shown(pilot.app)

    drive(BrowseScreen(backend, backend.entries()), steps)

    async def nothing(pilot, screen):
        await press(pilot, "t")
        assert "there is no snapshot under the cursor" in shown(pilot.app)

    empty = ScriptedBackend([])
    drive(BrowseScreen(empty, []), nothing)


def test_the_map_opens_the_timeline_of_its_volume_at_its_cursor():
    backend = Timed()

    async def steps(pilot, screen):
        await press(pilot, "G", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TimelineScreen) and not pilot.app.screen.is_updating)
        found = pilot.app.screen
        assert found.shown.position == screen.cursor.position
        await press(pilot, "escape")
        assert pilot.app.screen is screen

    drive(the_map(backend=backend), steps)

    async def unknown(pilot, screen):
        await press(pilot, "t")
        assert "the other snapshots of this volume are unknown" in shown(pilot.app)

    drive(the_map(backend=ScriptedBackend([])), unknown)

    async def document(pilot, screen):
        await press(pilot, "t")
        assert "a document has no other snapshots" in shown(pilot.app)

    drive(the_map(), document)
