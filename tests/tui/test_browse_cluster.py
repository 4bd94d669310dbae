"""The list of snapshots follows its cluster: context, namespace, and reloading by itself."""

import threading
from datetime import UTC, datetime

import pytest
from directing import ENTRIES, GONE, TWO, ScriptedBackend, drive, entry, press, shown, type_text, until
from textual.events import MouseScrollDown

from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.choice_screen import ChoiceScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen

AT = datetime(2026, 11, 26, 8, 41, 59, tzinfo=UTC)


def clusters() -> ScriptedBackend:
    """Context here with two namespaces, and there with one."""
    here = ScriptedBackend([*ENTRIES, entry("x", 1, namespace="z")], context="here")
    there = ScriptedBackend([entry("elsewhere", 1), entry("two", 2)], context="there")
    here.others, there.others = {"there": there}, {"here": here}
    return here


def browsing(steps, backend: ScriptedBackend | None = None, refresh_seconds: float = 0.0, **settings):
    backend = backend or clusters()
    return drive(BrowseScreen(backend, backend.entries(), refresh_seconds, lambda: AT), steps, **settings)


def header(pilot) -> str:
    return shown(pilot.app).splitlines()[0]


def status(pilot) -> str:
    return shown(pilot.app).splitlines()[1]


def listed(screen) -> list[str]:
    """The names in the list, in its order, whether visible or not."""
    lines = screen.listing.lines(screen.filter_text, screen.sorting)
    return [screen.listing.entries[number].ref.name for number in lines.numbers if number >= 0]


# Context and namespace


def test_the_header_names_context_and_namespace():
    async def steps(pilot, screen):
        assert header(pilot).startswith(" Snapshots   context here · all namespaces  ")

    browsing(steps)

    async def narrow(pilot, screen):
        assert header(pilot).startswith(" Snapshots   shop-eu · ns  ")

    browsing(narrow, ScriptedBackend(context="shop-eu").in_namespace("ns"), size=(60, 15))
    no_context = ScriptedBackend().in_namespace("ns")

    async def without(pilot, screen):
        assert header(pilot).startswith(" Snapshots   namespace ns  ")

    browsing(without, no_context)


def test_a_long_context_leaves_the_counts_on_the_screen():
    async def steps(pilot, screen):
        assert header(pilot).rstrip().endswith("6 snapshots, CBT works for 5")
        assert header(pilot).startswith(" Snapshots   all namespaces  "), "the namespace is the last to go"
        assert len(header(pilot)) == 60

    browsing(steps, ScriptedBackend(context="arn:aws:eks:eu-central-1:123456789012:cluster/production"), size=(60, 15))


def test_a_namespace_is_chosen_from_those_that_exist_and_all_of_them_again():
    async def steps(pilot, screen):
        await press(pilot, "N")
        assert isinstance(pilot.app.screen, ChoiceScreen)
        assert [f" {name} " in shown(pilot.app) for name in ("▸ all namespaces", "ns", "z")] == [True] * 3
        await type_text(pilot, "z")
        assert "all namespaces" not in shown(pilot.app).split("namespace ─")[1].split("\n", 4)[3]
        await press(pilot, "enter")
        await until(pilot, lambda: screen.view.namespace == "z")
        assert "namespace z" in header(pilot)
        assert listed(screen) == ["x"]
        await press(pilot, "N", "up", "up", "up", "enter")
        await until(pilot, lambda: screen.view.namespace is None)
        assert len(listed(screen)) == len(ENTRIES) + 1
        await press(pilot, "N", "pagedown", "pageup", "down", "escape")
        assert pilot.app.screen is screen
        assert screen.view.namespace is None

    browsing(steps)


def test_a_namespace_that_is_not_listed_can_be_typed():
    async def steps(pilot, screen):
        await press(pilot, "N")
        await type_text(pilot, "new")
        assert "Enter chooses new" in shown(pilot.app)
        await press(pilot, "enter")
        await until(pilot, lambda: screen.view.namespace == "new")
        assert "there are no snapshots" in shown(pilot.app)

    browsing(steps)


def test_another_context_is_another_login_without_marks_and_the_old_one_is_closed():
    here = clusters()
    there = here.others["there"]

    async def steps(pilot, screen):
        await press(pilot, "down", "space", "C")
        assert "▸ here" in shown(pilot.app)
        await type_text(pilot, "THERE")
        await press(pilot, "enter")
        await until(pilot, lambda: screen.view is there)
        assert "context there" in header(pilot)
        assert listed(screen) == ["elsewhere", "two"]
        assert screen.marks.refs == (), "a snapshot of the same name in another cluster is another one"
        assert (here.is_closed, there.is_closed) == (True, False)
        await press(pilot, "G", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        assert there.resolved == [SnapshotNames(TWO)]
        assert "context there" in header(pilot)
        assert not here.resolved

    browsing(steps, here)
    assert there.is_closed, "with the screen"


def test_the_same_context_is_not_logged_in_to_again_and_nothing_matches_is_no_choice():
    here = clusters()

    async def steps(pilot, screen):
        await press(pilot, "C", "enter")
        assert screen.view is here
        assert not here.is_closed
        await press(pilot, "C")
        await type_text(pilot, "zzz")
        assert "no name matches" in shown(pilot.app)
        await press(pilot, "down", "enter")
        assert isinstance(pilot.app.screen, ChoiceScreen)
        await press(pilot, "escape")
        assert pilot.app.screen is screen

    browsing(steps, here)


@pytest.mark.parametrize("key", ["C", "N"])
def test_a_switch_that_fails_is_a_notice_and_the_list_stays(key):
    here = clusters()

    async def steps(pilot, screen):
        before = listed(screen)
        await press(pilot, key)
        here.failing = here.others["there"].failing = GONE
        await press(pilot, "down", "enter")
        await until(pilot, lambda: "not found" in status(pilot))
        assert 'Error from server (NotFound): "two" not found' in status(pilot)
        assert listed(screen) == before
        assert screen.view is here
        assert not here.is_closed
        if key == "N":
            await press(pilot, key)
            assert pilot.app.screen is screen, "the namespaces cannot be read"

    browsing(steps, here)


def test_without_a_kubeconfig_there_is_no_other_context():
    async def steps(pilot, screen):
        await press(pilot, "C")
        assert pilot.app.screen is screen
        assert "there is no kubeconfig" in status(pilot)

    browsing(steps, ScriptedBackend())


def test_a_click_selects_a_name_and_a_double_click_chooses_it():
    here = clusters()

    async def steps(pilot, screen):
        await press(pilot, "C")
        await pilot.click("#choices", offset=(4, 1))
        assert "▸ there" in shown(pilot.app)
        assert pilot.app.screen is not screen
        await pilot.click("#choices", offset=(4, 1), times=2)
        await until(pilot, lambda: screen.view is not here)

    browsing(steps, here)


# Reloading by itself

MANY = [entry(f"s-{number:02}", 1, claim=f"c{number // 3:02}") for number in range(60)]


def test_a_quiet_refresh_moves_nothing():
    backend = ScriptedBackend(MANY)

    async def steps(pilot, screen):
        await press(pilot, *["down"] * 25, "space", "slash")
        await type_text(pilot, "s-")
        await press(pilot, "enter", "up")

        def rows() -> list[str]:
            return [line for line in shown(pilot.app).splitlines() if line.startswith("│") and " s-" in line]

        before, current = rows(), screen.current
        backend.listed = [entry("s-new", 0, claim="a"), *MANY]
        screen.refresh_quietly()
        await until(pilot, lambda: not screen.is_updating)
        assert len(screen.listing.entries) == 61
        assert screen.current == current
        assert rows() == before, "the lines keep their places, though one was added above"
        assert screen.marks.refs == (MANY[25].ref,)
        assert screen.filter_text == "s-"
        # Scrolled away from the cursor by the wheel.
        for _ in range(8):
            await pilot._post_mouse_events([MouseScrollDown], widget=screen.query_one("#snapshots"), button=0)
        before = rows()
        backend.listed = MANY
        screen.refresh_quietly()
        await until(pilot, lambda: len(screen.listing.entries) == 60)
        assert rows() == before
        assert screen.current == current

    browsing(steps, backend, size=(100, 24))


def test_when_the_current_snapshot_was_deleted_the_next_one_is_current():
    backend = ScriptedBackend(MANY)

    async def steps(pilot, screen):
        await press(pilot, *["down"] * 10)
        backend.listed = [one for one in MANY if one != MANY[10]]
        screen.refresh_quietly()
        await until(pilot, lambda: len(screen.listing.entries) == 59)
        assert screen.current == MANY[11]
        backend.listed = []
        screen.refresh_quietly()
        await until(pilot, lambda: not screen.listing.entries)
        assert screen.current is None
        backend.listed = MANY
        screen.refresh_quietly()
        await until(pilot, lambda: screen.listing.entries)
        assert screen.current == MANY[0]

    browsing(steps, backend)


def test_a_refresh_that_fails_is_a_quiet_mark_until_one_succeeds():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        backend.failing = GONE
        screen.refresh_quietly()
        await until(pilot, lambda: not screen.is_updating)
        assert 'as of 08:41 UTC, refresh failed: "two" not found' in status(pilot)
        assert pilot.app.screen is screen
        await press(pilot, "down")
        assert "refresh failed" in status(pilot)
        backend.failing = None
        screen.refresh_quietly()
        await until(pilot, lambda: not screen.is_updating)
        assert "refresh failed" not in shown(pilot.app)

    browsing(steps, backend)


def test_the_list_reloads_as_often_as_wanted_but_not_under_a_map():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        backend.listed = [*ENTRIES, entry("five", 6)]
        await until(pilot, lambda: len(screen.listing.entries) == 7)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        await until(pilot, lambda: not screen.is_updating)
        read = screen.listing
        screen.refresh_quietly()
        assert not screen.is_updating
        assert screen.listing is read

    browsing(steps, backend, 0.02)


def test_what_a_refresh_reads_of_the_old_context_is_dropped():
    here = clusters()
    gate = threading.Event()

    class Slow(ScriptedBackend):
        def entries(self):
            gate.wait(10)
            return super().entries()

    slow = Slow(ENTRIES, context="slow")
    slow.others = {"there": here.others["there"]}

    async def steps(pilot, screen):
        screen.refresh_quietly()
        await press(pilot, "C")
        await press(pilot, "down", "enter")
        await until(pilot, lambda: screen.view.context == "there")
        gate.set()
        await until(pilot, lambda: not screen.is_updating)
        assert listed(screen) == ["elsewhere", "two"]

    drive(BrowseScreen(slow, ENTRIES), steps)
