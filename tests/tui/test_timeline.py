"""The timeline of a volume: bands, the cursor, zoom, and what opens from it."""

import threading

from directing import (
    CAPACITY,
    FOUR,
    MIB,
    ONE,
    THREE,
    TWO,
    press,
    shown,
    until,
)
from timeline_pilot import HOT, Timed, band, current, pair_panel, timing

from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.tui import timeline_streams
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.timeline_streams import TimelineStreams
from kubectl_cbt.tui.volume_of_snapshot import history_of


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


def test_a_zoom_right_after_the_last_stream_has_ended_streams_all_of_them_again():
    """Before the screen has used the last figures: a pair that was left out then would stay coarse."""
    backend, changed = Timed(), threading.Event()
    backend.gates = {"two": threading.Event()}
    streams = TimelineStreams(
        backend, StreamLimits(), history_of(backend.entries(), TWO), lambda _: changed.set()
    )  # fmt: skip

    def wait(holds):
        while not holds():
            assert changed.wait(timeout=60)
            changed.clear()

    def others_have_ended():
        streams.update()
        return [row.is_complete for row in streams.history.rows] == [False, True, True]

    streams.start()
    wait(others_have_ended)
    backend.gates["two"].set()
    wait(lambda: not streams.is_running)
    assert not streams.history.rows[0].is_complete, "not used yet"
    streams.columns(0, MIB, 64)
    wait(lambda: not streams.is_running)
    streams.update()
    assert len(backend.resolved) == 8
    assert not streams.columns(0, MIB, 64).are_repeated
    streams.stop()


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
