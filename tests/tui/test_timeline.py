"""The timeline of a volume: bands that fill while streams arrive, a cursor, marks, zoom, and what is opened from it."""

import threading

import pytest
from directing import (
    CAPACITY,
    ENTRIES,
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
    entry,
    press,
    resize,
    shown,
    the_map,
    until,
)
from textual.events import MouseScrollDown, MouseScrollUp

from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.tui import timeline_streams
from kubectl_cbt.tui.keys import TIMELINE_KEYS
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen
from kubectl_cbt.tui.volume_of_snapshot import history_of
from kubectl_cbt.tui.widgets.timeline import Timeline

HOT = (32 * MIB, 8 * MIB)
"""Changes in every pair."""


class Timed(ScriptedBackend):
    """Each pair changes the hot region, and one of its own; streams of a name wait for the gate of that name.

    Attributes:
        gates: by the name of the target.
        errors: by the name of the target: raised when its delta is opened.
        broken: by the name of the target: raised at the end of its stream.
    """

    def __init__(self, entries=None, **settings) -> None:
        super().__init__(entries, **settings)
        self.gates: dict[str, threading.Event] = {}
        self.errors: dict[str, CbtError] = {}
        self.broken: dict[str, CbtError] = {}

    def open(self, names: SnapshotNames) -> ScriptedOpened:
        self.resolved.append(names)
        name = names.target.name
        if names.base is not None and name in self.errors:
            raise self.errors[name]
        own = [one.ref.name for one in ENTRIES].index(name) * 4 * MIB
        extents = [(own, MIB), (own + 2 * MIB, 4 * KIB), HOT] if names.base else [(0, 48 * MIB)]
        gate = self.gates.get(name) if names.base else None
        stream = ScriptedStream(extents, a_message=1, gate=gate, error=self.broken.get(name) if names.base else None)
        self.opened.append(ScriptedOpened(stream, names))
        return self.opened[-1]


def timeline(backend: ScriptedBackend, ref=TWO, position=None) -> TimelineScreen:
    found = history_of(backend.entries(), ref)
    assert not isinstance(found, str), found
    return TimelineScreen(found, backend, position)


def timing(steps, backend: ScriptedBackend | None = None, *, runs_on: bool = False, **settings):
    """Run ``steps(pilot, screen, backend)``.

    Args:
        runs_on: whether streams are still running when it begins.
    """
    backend = backend or Timed()
    screen = timeline(backend)
    screen.runs_on = runs_on
    return drive(screen, lambda pilot, screen: steps(pilot, screen, backend), **settings)


def band(pilot, name: str) -> str:
    """The first line of a band."""
    lines = (line.strip("│").lstrip("▸● ") for line in shown(pilot.app).splitlines() if line.startswith("│"))
    return next(line.strip() for line in lines if line.startswith(f"{name} "))


def current(pilot) -> str:
    """The name of the band under the cursor."""
    line = next(line for line in shown(pilot.app).splitlines() if line.startswith("│▸"))
    return line.strip("│▸● ").split()[0]


def pair_panel(pilot) -> list[str]:
    text = shown(pilot.app).partition("─ pair ")[2].splitlines()
    return [line.strip("│ ") for line in text[1:] if line.startswith("│")]


def test_each_pair_is_a_band_with_its_time_its_bytes_and_its_heat():
    async def steps(pilot, screen, backend):
        text = shown(pilot.app)
        assert " ns/data   64 MiB · 4 snapshots, 2026-11-01" in text
        assert "3 of 3 deltas complete · 27 MiB changed in all" in text
        assert "Keep four as the base of the next incremental backup." in text
        assert "changes 216.1 MiB a day" in text
        assert [band(pilot, name).split()[1] for name in ("two", "three", "four")] == ["60m"] * 3
        for name in ("two", "three", "four"):
            assert " 9 MiB " in band(pilot, name)
        assert "one" not in [line.strip("│▸● ").split(" ")[0] for line in text.splitlines()]
        assert "48 MiB" in band(pilot, "allocated")
        assert current(pilot) == "four", "the newest pair"
        assert pair_panel(pilot)[0] == (
            "three → four · 60m apart · changed 9 MiB, 14.1 % of the volume · 18.8 % of allocated"
        )
        assert (
            pair_panel(pilot)[1] == "an incremental backup by 1 MiB reads 10 MiB · 1.1× the changes · largest run 8 MiB"
        )
        assert pair_panel(pilot)[2].endswith("changed, 100 % · changes in 3 of 3 pairs"), "where most changed"
        assert set(backend.resolved) == {
            SnapshotNames(TWO, ONE), SnapshotNames(THREE, TWO), SnapshotNames(FOUR, THREE), SnapshotNames(FOUR)
        }  # fmt: skip

    timing(steps)


def test_bands_fill_while_their_streams_arrive_and_what_is_not_received_is_hatched():
    backend = Timed()
    backend.gates = {"two": threading.Event(), "three": threading.Event(), "four": threading.Event()}

    async def steps(pilot, screen, backend):
        await until(pilot, lambda: "≥ 1 MiB" in band(pilot, "two") and "≥ 1 MiB" in band(pilot, "three"))
        assert "waiting" in band(pilot, "four"), "at most two streams of a driver"
        for name in ("two", "three", "four"):
            assert "╱╱" in band(pilot, name)
        assert "0 of 3 deltas complete · 4 streams to go, x stops" in shown(pilot.app)
        assert "≥ " in pair_panel(pilot)[2], "in how many pairs a region changes is a lower bound"
        backend.gates["two"].set()
        await until(pilot, lambda: "1 of 3 deltas complete" in shown(pilot.app))
        assert "╱" not in band(pilot, "two")
        assert "╱" in band(pilot, "three")
        for gate in backend.gates.values():
            gate.set()
        await until(pilot, lambda: not screen.is_updating)
        assert "╱" not in "".join(band(pilot, name) for name in ("two", "three", "four", "allocated"))
        assert "3 of 3 deltas complete" in shown(pilot.app)

    timing(steps, backend, runs_on=True)


def test_a_hot_region_is_one_column_of_all_bands():
    async def steps(pilot, screen, backend):
        lines = shown(pilot.app).splitlines()
        at = next(line.index("▼") for line in lines if "▼" in line)
        bands = [line for line in lines if line.startswith(("│  two ", "│  three ", "│▸ four "))]
        assert [line[at] for line in bands] == ["█", "█", "┃"]
        columns = screen.view_columns
        column = columns.at(screen.shown.position)
        assert HOT[0] <= columns.starts[column]
        assert columns.ends[column] <= sum(HOT)

    timing(steps, colors=False)


def test_the_cursor_moves_by_pairs_and_columns():
    async def steps(pilot, screen, backend):
        for key, name in (
            ("up", "three"), ("k", "two"), ("up", "two"), ("down", "three"), ("j", "four"), ("down", "four"),
            ("g", "two"), ("G", "four"), ("pageup", "two"), ("pagedown", "four"),
        ):  # fmt: skip
            await press(pilot, key)
            assert current(pilot) == name, key
        await press(pilot, "home")
        assert screen.shown.position == 0
        starts = screen.view_columns.starts
        for key, column in (("right", 1), ("l", 2), ("left", 1), ("h", 0), ("left", 0), ("end", len(starts) - 1)):
            await press(pilot, key)
            assert screen.shown.position == starts[column], key
        await press(pilot, "right")
        assert screen.view_columns.at(screen.shown.position) == len(starts) - 1
        ruler = next(line for line in shown(pilot.app).splitlines() if "▼" in line)
        row = next(line for line in shown(pilot.app).splitlines() if line.startswith("│▸"))
        assert row[ruler.index("▼")] == "┃"

    timing(steps)


def test_zooming_shows_finer_columns_of_the_kept_cells_and_back():
    async def steps(pilot, screen, backend):
        await press(pilot, "home", "plus")
        assert (screen.shown.start, screen.shown.end) == (0, CAPACITY // 2)
        assert "0 B – 32" in shown(pilot.app)
        assert len(backend.resolved) == 4, "nothing is streamed again"
        covered = band(pilot, "two")
        assert " 9 MiB " in covered, "the figure is of the whole volume"
        await press(pilot, "minus")
        assert screen.shown.is_whole
        await press(pilot, "equals_sign", "0")
        assert screen.shown.is_whole
        await press(pilot, "plus", "escape")
        assert screen.shown.is_whole

    timing(steps)


def test_beyond_the_kept_cells_a_zoom_streams_again_and_counts_the_same_bytes():
    async def steps(pilot, screen, backend):
        await press(pilot, "home", "right", "right", "z")
        start, end = screen.shown.start, screen.shown.end
        assert end - start < CAPACITY // 60
        await until(pilot, lambda: not screen.is_updating)
        assert len(backend.resolved) == 8, "each stream once more"
        columns = screen.view_columns
        assert not columns.are_repeated
        assert columns.cells >= len(columns)
        assert int(columns.edges[1] - columns.edges[0]) < CAPACITY // 960
        await press(pilot, "minus", "plus", "right")
        await until(pilot, lambda: not screen.is_updating)
        assert len(backend.resolved) == 8, "its cells are kept"
        assert "streaming" not in shown(pilot.app)

    timing(steps)


def test_a_zoom_beyond_the_budget_streams_nothing_and_says_so(monkeypatch):
    monkeypatch.setattr(timeline_streams, "BUDGET_EXTENTS", 6)

    async def steps(pilot, screen, backend):
        await press(pilot, "z")
        assert "kept cells end at 68.3 KiB, and 10 extents are too many to stream again" in shown(pilot.app)
        assert screen.view_columns.are_repeated
        before = screen.view_columns.at(screen.shown.position)
        await press(pilot, "right", "left")
        assert screen.view_columns.at(screen.shown.position) == before, "by kept cells"
        assert len(backend.resolved) == 4

    timing(steps)


def test_while_streams_run_a_zoom_beyond_the_kept_cells_waits_for_them():
    backend = Timed()
    backend.gates = {"two": threading.Event()}

    async def steps(pilot, screen, backend):
        await until(pilot, lambda: "2 of 3 deltas complete" in shown(pilot.app))
        await press(pilot, "z")
        assert "finer ones are streamed once all pairs are received" in shown(pilot.app)
        backend.gates["two"].set()
        await until(pilot, lambda: len(backend.resolved) == 8 and not screen.is_updating)
        assert not screen.view_columns.are_repeated

    timing(steps, backend, runs_on=True)


def test_enter_opens_the_map_of_the_pair_at_the_column():
    async def steps(pilot, screen, backend):
        await press(pilot, "up", "home", "right", "right", "right")
        position = screen.shown.position
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen) and not pilot.app.screen.is_updating)
        opened = pilot.app.screen
        assert backend.resolved[-1] == SnapshotNames(THREE, TWO)
        assert opened.cursor.position == position
        assert opened.cursor.viewport.is_whole
        await press(pilot, "t")
        assert pilot.app.screen is screen, "back to the timeline it was opened from"
        await press(pilot, "plus", "plus", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen) and not pilot.app.screen.is_updating)
        opened = pilot.app.screen
        assert not opened.cursor.viewport.is_whole
        assert opened.cursor.viewport.start <= opened.cursor.position < opened.cursor.viewport.end
        assert opened.cursor.position == screen.shown.position

    timing(steps)


def test_m_opens_the_delta_from_the_older_marked_pair_to_the_newer():
    async def steps(pilot, screen, backend):
        await press(pilot, "m")
        assert "mark two pairs with Space" in shown(pilot.app)
        await press(pilot, "space")
        screen.notice("")
        assert "marked: four; Space marks a second pair" in shown(pilot.app)
        await press(pilot, "g", "space")
        assert screen.marked == (0, 2)
        screen.notice("")
        assert "m opens one → four" in shown(pilot.app)
        assert sum(line.startswith(("│▸●", "│ ●")) for line in shown(pilot.app).splitlines()) == 2
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        assert backend.resolved[-1] == SnapshotNames(FOUR, ONE)
        await press(pilot, "escape", "space", "down", "space", "escape")
        assert screen.marked == ()

    timing(steps)


def test_u_shows_the_bounds_of_what_changed_at_all():
    async def steps(pilot, screen, backend):
        await press(pilot, "u")
        # Each pair changes 1 MiB of its own, and all of them the same 8 MiB.
        assert "≥ 11 MiB" in band(pilot, "all")
        assert "≤ 11 MiB" in shown(pilot.app)
        await press(pilot, "u")
        assert "all pairs" not in "\n".join(shown(pilot.app).splitlines()[:-1])

    timing(steps)


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


def test_e_exports_a_picture(tmp_path):
    async def steps(pilot, screen, backend):
        await press(pilot, "e")
        line = pilot.app.screen.query_one("#path")
        assert line.value == "data-history.svg"
        line.value = str(tmp_path / "timeline.svg")
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.screen is screen and not screen.is_busy)
        text = (tmp_path / "timeline.svg").read_text(encoding="utf-8")
        assert text.startswith("<svg ")
        assert "three → four" in text
        assert "wrote " in shown(pilot.app)

    timing(steps)


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
