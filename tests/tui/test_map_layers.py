"""Layers of the map, and the steps to neighboring snapshots."""

import pytest
from directing import (
    ALLOCATED,
    FOUR,
    GONE,
    MIB,
    ONE,
    THREE,
    TWO,
    ScriptedBackend,
    drive,
    press,
    shown,
    the_map,
    until,
)

from kubectl_cbt.model.refs import SnapshotNames


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
