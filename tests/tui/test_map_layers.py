"""Layers of the map, and the steps to neighboring snapshots."""

import pytest
from directing import (
    ALLOCATED,
    EXTENTS,
    FOUR,
    GONE,
    MIB,
    ONE,
    THREE,
    TWO,
    ScriptedBackend,
    ScriptedOpened,
    ScriptedStream,
    drive,
    press,
    shown,
    the_map,
    until,
)

from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.tui.layers import Layers
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.stream_cache import StreamCache


def test_l_goes_through_the_layers_and_asks_for_the_second_stream_once():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        assert backend.resolved == []
        for wanted in ("allocated", "both", "delta", "allocated"):
            await press(pilot, "a")
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
        await press(pilot, "a")
        assert words in shown(pilot.app)

    drive(screen(), steps)


@pytest.mark.parametrize("key", ["a", "right_square_bracket"])
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


def test_stepping_back_queries_nothing_and_keeps_layer_zoom_and_cursor():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        await press(pilot, "a", "a", "plus", "plus")
        await until(pilot, lambda: not screen.is_updating)
        screen.go_to(40 * MIB)
        before = screen.streams.shown, screen.cursor.viewport, screen.cursor.position
        assert before[0] == "both"
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: not screen.is_updating)
        queried = list(backend.resolved)
        assert queried[-2:] == [SnapshotNames(FOUR, THREE), SnapshotNames(FOUR)]
        assert (screen.streams.shown, screen.cursor.viewport, screen.cursor.position) == before
        await press(pilot, "left_square_bracket", "right_square_bracket")
        await until(pilot, lambda: not screen.is_updating)
        assert backend.resolved == queried
        assert (screen.streams.shown, screen.cursor.viewport, screen.cursor.position) == before
        assert screen.streams.main.opened.resolved.target.ref == FOUR

    drive(the_map(backend=backend), steps)


def test_incomplete_streams_are_not_kept_and_the_budget_drops_the_oldest():
    def layers(names, *, error=None):
        loader = Loader(ScriptedOpened(ScriptedStream(error=error), names))
        loader.start()
        loader.wait_until_ended()
        return Layers(loader, lambda loader: None)

    first, second, third = SnapshotNames(TWO, ONE), SnapshotNames(THREE, TWO), SnapshotNames(FOUR, THREE)
    cache = StreamCache(budget_bytes=2 * 24 * len(EXTENTS))
    cache.put(first, layers(first, error=GONE))
    assert first not in cache
    for names in (first, second, third):
        cache.put(names, layers(names))
    assert first not in cache
    assert cache.take(second).main.opened.is_closed
    assert second not in cache
    assert third in cache


def test_brackets_step_a_single_snapshot_too():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: not screen.is_updating)
        assert backend.resolved == [SnapshotNames(FOUR)]

    drive(the_map(backend=backend, names=SnapshotNames(THREE)), steps)
