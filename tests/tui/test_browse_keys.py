"""Every key of the list of snapshots does what its help says."""

from pathlib import Path

import pytest
from directing import ENTRIES, GONE, ONE, THREE, TWO, ScriptedBackend, drive, entry, press, shown, type_text, until

from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.tui.keys import BROWSE_KEYS
from kubectl_cbt.tui.ports import Choice
from kubectl_cbt.tui.screens.browse import BrowseScreen
from kubectl_cbt.tui.screens.map import MapScreen
from kubectl_cbt.tui.widgets.prompt import Prompt

OTHER, PENDING = SnapshotRef("ns", "other-1"), SnapshotRef("ns", "pending")


def browsing(steps, backend: ScriptedBackend | None = None, **settings):
    backend = backend or ScriptedBackend()
    return drive(BrowseScreen(backend, backend.entries(), ""), steps, **settings)


async def go_to(pilot, screen, ref: SnapshotRef) -> None:
    await press(pilot, "home")
    while screen.current.ref != ref:
        await press(pilot, "down")


def test_snapshots_stand_under_their_volume_oldest_first():
    async def steps(pilot, screen):
        lines = [line.strip("│▸● ").split(" ")[0] for line in shown(pilot.app).splitlines()[4:]]
        assert lines[:8] == ["ns/data", "one", "two", "three", "four", "ns/other", "other-1", "pending"]

    browsing(steps)


@pytest.mark.parametrize(
    ("keys", "ref"),
    [
        (["down"], TWO),
        (["j", "j"], THREE),
        (["down", "up"], ONE),
        (["j", "k"], ONE),
        (["end"], PENDING),
        (["G"], PENDING),
        (["G", "home"], ONE),
        (["G", "g"], ONE),
        (["pagedown"], PENDING),
        (["G", "pageup"], ONE),
    ],
)
def test_a_moving_key_moves_from_snapshot_to_snapshot(keys, ref):
    async def steps(pilot, screen):
        await press(pilot, *keys)
        assert screen.current.ref == ref
        assert "▸" in next(line for line in shown(pilot.app).splitlines() if f" {ref.name} " in line)

    browsing(steps)


@pytest.mark.parametrize("order", [(ONE, THREE), (THREE, ONE)])
def test_two_marked_ones_are_put_in_order_whichever_was_first(order):
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        for ref in order:
            await go_to(pilot, screen, ref)
            await press(pilot, "space")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        assert backend.asked == [Choice(THREE, ONE)]
        await until(pilot, lambda: not pilot.app.screen.is_under_way)
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        assert backend.opened[0].is_closed

    browsing(steps, backend)


def test_enter_on_one_alone_opens_what_it_holds():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        await press(pilot, "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        assert backend.asked == [Choice(TWO)]

    browsing(steps, backend)


def test_a_third_mark_takes_the_place_of_the_older_one_and_space_unmarks():
    async def steps(pilot, screen):
        for ref in (ONE, TWO, THREE):
            await go_to(pilot, screen, ref)
            await press(pilot, "space")
        assert screen.marks.refs == (TWO, THREE)
        await press(pilot, "space")
        assert screen.marks.refs == (TWO,)
        await press(pilot, "escape")
        assert screen.marks.refs == ()

    browsing(steps)


@pytest.mark.parametrize("key", ["space", "enter"])
def test_a_snapshot_that_cannot_be_asked_says_why_and_is_never_sent(key):
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        await go_to(pilot, screen, PENDING)
        assert "cannot be asked: no status yet" in shown(pilot.app)
        await press(pilot, key)
        assert "pending cannot be asked about: no status yet" in shown(pilot.app)
        assert backend.asked == []
        assert screen.marks.refs == ()

    browsing(steps, backend)


def test_marks_of_two_volumes_are_refused_in_words():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        for ref in (ONE, OTHER):
            await go_to(pilot, screen, ref)
            await press(pilot, "space")
        await press(pilot, "enter")
        assert "are of two volumes" in shown(pilot.app)
        assert backend.asked == []

    browsing(steps, backend)


def test_a_slash_filters_while_one_types_and_esc_shows_all():
    async def steps(pilot, screen):
        await press(pilot, "slash")
        await type_text(pilot, "other")
        assert [found.ref for found in screen.matching] == [OTHER, PENDING]
        await type_text(pilot, " status")
        assert [found.ref for found in screen.matching] == [PENDING]
        await press(pilot, "enter")
        assert screen.query_one(Prompt).display is False
        assert screen.current.ref == PENDING
        await press(pilot, "escape")
        assert len(screen.matching) == len(ENTRIES)

    browsing(steps)


def test_a_filter_that_nothing_passes_leaves_an_empty_list_alive():
    async def steps(pilot, screen):
        await press(pilot, "slash")
        await type_text(pilot, "zzz")
        await press(pilot, "enter", "down", "space", "enter", "G")
        assert "no snapshot here" in shown(pilot.app)

    browsing(steps)


def test_r_reads_again_keeps_the_cursor_and_forgets_marks_that_are_gone():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        await press(pilot, "space", "down", "space")
        backend.listed = [*ENTRIES[1:], entry("five", 6)]
        await press(pilot, "r")
        assert screen.marks.refs == (TWO,)
        assert screen.current.ref == TWO
        assert " five " in shown(pilot.app)

    browsing(steps, backend)


@pytest.mark.parametrize("key", ["r", "enter"])
def test_what_fails_is_said_and_the_list_lives_on(key):
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        backend.failing = GONE
        await press(pilot, key)
        assert 'Error from server (NotFound): "two" not found' in shown(pilot.app)
        await press(pilot, "down")
        assert screen.current.ref == TWO

    browsing(steps, backend)


def test_a_cluster_without_snapshots_says_so():
    async def steps(pilot, screen):
        await press(pilot, "down", "space", "enter", "escape")
        assert "there are no snapshots" in shown(pilot.app)

    browsing(steps, ScriptedBackend([]))


def test_every_key_of_the_list_has_a_test():
    # What works everywhere is tested on the map.
    tested = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*_keys.py"))
    for name in (name for group in BROWSE_KEYS for key in group.keys for name in key.keys.split(",")):
        assert f'"{name}"' in tested, name
