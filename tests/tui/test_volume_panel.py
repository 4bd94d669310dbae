"""Beside a wide list: the volume under the cursor, and its deltas, which are measured when a key asks for it."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from directing import (
    ENTRIES,
    EXTENTS,
    GONE,
    MIB,
    ScriptedBackend,
    ScriptedOpened,
    ScriptedStream,
    drive,
    entry,
    press,
    shown,
    until,
)

from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.errors import CbtError
from kubectl_cbt.measuring.stream_meter import MeterSettings, StreamMeter
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.stream_figures import MeteredQuery
from kubectl_cbt.model.volume_history import HistoryPair
from kubectl_cbt.tui.screens.browse_screen import PANEL_COLUMNS, BrowseScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.widgets.volume_panel import BAR_CELLS

WIDE = (160, 40)
STREAMS = 2
"""Of one driver at a time."""
COVERED = sum(size for _, size in EXTENTS)


class Gated(ScriptedBackend):
    """Whose streams stop after the first message until the gate is open.

    Attributes:
        most: the largest number of streams that ran at once.
    """

    def __init__(self, entries=None, **settings) -> None:
        super().__init__(entries, **settings)
        self.gate = threading.Event()

    def open(self, names) -> ScriptedOpened:
        self.resolved.append(names)
        self.opened.append(ScriptedOpened(ScriptedStream(gate=self.gate, a_message=1, free=3), names))
        return self.opened[-1]

    @property
    def running(self) -> int:
        return sum(not opened.is_closed for opened in self.opened)


def browsing(steps, backend: ScriptedBackend | None = None, **settings):
    backend = backend or ScriptedBackend()
    settings = {"size": WIDE} | settings
    return drive(BrowseScreen(backend, backend.entries()), steps, **settings)


def panel(pilot) -> list[str]:
    """The lines of the panel, without its frame."""
    left = pilot.app.screen.query_one("#volume").region.x
    lines = [line[left:] for line in shown(pilot.app).splitlines()]
    return [line[1:-1].strip() for line in lines if line.startswith("│")]


def of(pilot, name: str) -> str:
    """The panel's line of a snapshot."""
    return next(line for line in panel(pilot) if line.removeprefix("▸").strip().startswith(f"{name} "))


def test_the_panel_has_the_details_and_the_snapshots_of_the_volume_under_the_cursor():
    async def steps(pilot, screen):
        await press(pilot, "down")
        text = "\n".join(panel(pilot))
        for line in ("claim     data", "driver    a.csi", "size      64 MiB", "snapshots 4, 2026-11-01"):
            assert line in text
        assert [of(pilot, name).startswith("▸") for name in ("one", "two", "three", "four")] == [
            False,
            True,
            False,
            False,
        ]
        assert "b measures the changes: one stream for each pair" in text
        assert "╭─ ns/data ─" in shown(pilot.app)
        await press(pilot, "G")
        text = "\n".join(panel(pilot))
        assert "other-1" in text, "those of its volume that can be queried"
        assert "b measures" not in text
        await press(pilot, "b")
        assert "no two snapshots of this volume that can be compared" in shown(pilot.app)

    browsing(steps)


def test_without_snapshots_the_panel_is_empty_and_with_one_alone_there_is_nothing_to_measure():
    async def steps(pilot, screen):
        assert not "".join(panel(pilot))
        await press(pilot, "b")
        assert "no two snapshots" in shown(pilot.app)

    browsing(steps, ScriptedBackend([]))

    async def alone(pilot, screen):
        assert "none that can be queried" in "\n".join(panel(pilot))

    browsing(alone, ScriptedBackend([entry("alone", 1, obstacle="not ready")]))


def test_a_narrow_screen_has_no_panel_and_says_how_wide_it_must_be():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        assert not screen.query_one("#volume").display
        await press(pilot, "b")
        assert f"make the terminal {PANEL_COLUMNS} columns wide" in shown(pilot.app)
        assert not backend.resolved
        await pilot.resize_terminal(PANEL_COLUMNS, 30)
        await until(pilot, lambda: screen.query_one("#volume").display)

    browsing(steps, backend, size=(PANEL_COLUMNS - 1, 30))


def test_b_measures_each_pair_once_and_no_cursor_movement_queries_anything():
    backend = Gated()
    backend.gate.set()

    async def steps(pilot, screen):
        await press(pilot, "down", "down", "up", "up")
        assert not backend.resolved
        await press(pilot, "b")
        await until(pilot, lambda: not screen.is_updating)
        refs = [one.ref for one in ENTRIES[:4]]
        assert set(backend.resolved) == {SnapshotNames(refs[at + 1], refs[at]) for at in range(3)}
        for name in ("two", "three", "four"):
            assert of(pilot, name).endswith("8.5 MiB"), of(pilot, name)
        assert of(pilot, "one").split() == ["▸", "one", of(pilot, "one").split()[2]]
        assert "trace" in panel(pilot)[10 - 1] or any("trace" in line for line in panel(pilot))
        assert backend.running == 0
        await press(pilot, "b")
        assert "all changes of this volume are measured" in shown(pilot.app)
        assert len(backend.resolved) == 3
        await press(pilot, "end", "home")
        assert of(pilot, "two").endswith("8.5 MiB"), "kept"

    browsing(steps, backend)


def test_at_most_two_streams_run_and_incomplete_figures_are_lower_bounds():
    backend = Gated()

    async def steps(pilot, screen):
        await press(pilot, "b")
        await until(pilot, lambda: all(opened.stream.messages == 3 for opened in backend.opened))
        await until(pilot, lambda: len(backend.opened) == STREAMS)
        assert backend.running == STREAMS
        await until(pilot, lambda: "≥" in of(pilot, "two") and "≥" in of(pilot, "three"))
        assert "measuring" in of(pilot, "four")
        assert "Esc stops measuring" in "\n".join(panel(pilot))
        await press(pilot, "down", "up")
        assert backend.running == STREAMS, "the cursor is still in the volume"
        backend.gate.set()
        await until(pilot, lambda: not screen.is_updating)
        assert "≥" not in "".join(panel(pilot))
        assert len(backend.opened) == 3

    browsing(steps, backend)


@pytest.mark.parametrize("key", ["escape", "end", "q"])
def test_measuring_ends_with_esc_when_the_cursor_leaves_the_volume_and_with_the_screen(key):
    backend = Gated()

    async def steps(pilot, screen):
        await press(pilot, "b")
        await until(pilot, lambda: "≥" in of(pilot, "two") and "≥" in of(pilot, "three"))
        await pilot.press(key)
        if key == "q":
            return
        await until(pilot, lambda: backend.running == 0)
        await press(pilot, "home")
        for name in ("two", "three"):
            assert "≥" in of(pilot, name)
            assert "╱" in of(pilot, name), "not received"
        assert "two: interrupted" in "\n".join(panel(pilot))
        assert len(of(pilot, "four").split()) == 2, "was not begun"
        backend.gate.set()
        await press(pilot, "b")
        await until(pilot, lambda: not screen.is_updating)
        assert of(pilot, "two").endswith("8.5 MiB")

    browsing(steps, backend)
    assert backend.running == 0


def test_a_delta_that_fails_says_why_in_its_line_and_the_others_go_on():
    class Failing(Gated):
        def open(self, names):
            if names.target.name == "two":
                raise GONE
            opened = super().open(names)
            if names.target.name == "three":
                opened.stream._error = CbtError("lost")
            return opened

    backend = Failing()
    backend.gate.set()

    async def steps(pilot, screen):
        await press(pilot, "b")
        await until(pilot, lambda: not screen.is_updating)
        assert of(pilot, "two").endswith("failed")
        assert 'two: "two" not found' in panel(pilot)
        assert of(pilot, "three").endswith("≥ 8.5 MiB")
        await press(pilot, "down", "down")
        assert "three: lost" in panel(pilot), "that of the snapshot under the cursor"
        assert of(pilot, "four").endswith("8.5 MiB")
        assert "b measures the changes" in "\n".join(panel(pilot)), "again"

    browsing(steps, backend)


def test_another_context_forgets_what_was_measured():
    there = Gated(context="there")
    here = Gated(context="here")
    here.others = {"there": there}
    here.gate.set()

    async def steps(pilot, screen):
        await press(pilot, "b")
        await until(pilot, lambda: not screen.is_updating)
        await press(pilot, "C", "down", "enter")
        await until(pilot, lambda: screen.view is there)
        assert "8.5 MiB" not in "\n".join(panel(pilot))

    browsing(steps, here)


def test_a_map_can_be_opened_while_deltas_are_measured():
    backend = Gated()

    async def steps(pilot, screen):
        await press(pilot, "b", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        backend.gate.set()
        await until(pilot, lambda: not screen.is_updating)
        await press(pilot, "escape")
        assert of(pilot, "two").endswith("8.5 MiB")

    browsing(steps, backend)


def test_without_colors_the_bars_are_glyphs_and_a_wide_panel_shows_the_share():
    backend = Gated()
    backend.gate.set()

    async def steps(pilot, screen):
        await press(pilot, "b")
        await until(pilot, lambda: not screen.is_updating)
        assert "█" in of(pilot, "two")
        assert of(pilot, "two").endswith("8.5 MiB  13.3 %")

    browsing(steps, backend, colors=False, size=(230, 40))


def test_many_snapshots_are_shown_around_the_current_one():
    many = [replace(entry(f"s-{number:02}", number % 24), content=f"c{number}") for number in range(24)]

    async def steps(pilot, screen):
        for key, expected in (("end", "s-23"), ("home", "s-00")):
            await press(pilot, key)
            assert of(pilot, expected).startswith("▸")
            assert "b measures" in panel(pilot)[-1]

    browsing(steps, ScriptedBackend(many), size=(160, 22))


# The meter


def query_of(base: int, target: int) -> MeteredQuery:
    return HistoryPair(ENTRIES[base], ENTRIES[target]).query


def meter_of(backend, changed=None) -> StreamMeter:
    return StreamMeter(backend, StreamLimits(), MeterSettings(cells=BAR_CELLS), changed, clock=lambda: 0.0)


def measured(backend, query: MeteredQuery):
    with meter_of(backend) as meter:
        ((_, result),) = meter.completed([query])
    return result


def test_cells_add_up_to_the_covered_bytes():
    backend = Gated()
    backend.gate.set()
    result = measured(backend, query_of(0, 1))
    assert result.is_complete
    assert result.covered_bytes == result.covered.sum() == COVERED
    assert result.capacity_bytes == 64 * MIB
    assert len(result.covered) == BAR_CELLS
    assert (result.covered <= np.diff(result.edges)).all()
    touched = {offset * BAR_CELLS // (64 * MIB) for offset, _ in EXTENTS}
    assert touched <= set(np.flatnonzero(result.covered))


class WithStream(ScriptedBackend):
    """Whose only stream is given."""

    def __init__(self, **settings) -> None:
        super().__init__()
        self.settings = settings

    def open(self, names):
        return ScriptedOpened(ScriptedStream(**self.settings), names)


def test_a_byte_that_is_sent_twice_counts_once_per_cell():
    result = measured(WithStream(extents=[(0, 64 * MIB), (0, 64 * MIB)], a_message=1), query_of(0, 1))
    assert result.covered.sum() == 64 * MIB


def test_an_empty_delta_is_complete_with_nothing_changed():
    result = measured(WithStream(extents=[]), query_of(0, 1))
    assert (result.is_complete, result.covered_bytes, result.failure) == (True, 0, None)


def test_a_bug_in_a_stream_is_an_error_of_that_delta():
    result = measured(WithStream(error=ZeroDivisionError("x")), query_of(0, 1))
    assert (result.is_complete, result.failure.message) == (False, "internal error: ZeroDivisionError")
    assert result.covered_bytes == COVERED

    class Broken(ScriptedBackend):
        def open(self, names):
            raise ZeroDivisionError

    assert measured(Broken(), query_of(0, 1)).failure.message == "internal error: ZeroDivisionError"


def test_a_snapshot_that_was_made_again_is_another_one():
    again = HistoryPair(replace(ENTRIES[0], content="another"), ENTRIES[1]).query
    assert again != query_of(0, 1)


def test_a_stream_that_opens_after_the_end_is_closed():
    opening, go_on = threading.Event(), threading.Event()

    class Late(Gated):
        def open(self, names):
            opening.set()
            assert go_on.wait(10)
            return super().open(names)

    backend = Late()
    meter = meter_of(backend)
    meter.submit([query_of(0, 1)])
    assert opening.wait(10)
    threads = list(meter._threads)
    meter.cancel()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert not meter.is_running
    assert backend.opened[0].is_closed
    assert backend.opened[0].stream.messages == 0
    assert meter.result(query_of(0, 1)).covered_bytes == 0
