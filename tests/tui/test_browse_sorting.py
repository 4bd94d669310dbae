"""The list of snapshots in other orders, and the delta to the previous snapshot."""

from dataclasses import replace

import pytest
from directing import ENTRIES, FOUR, THREE, TWO, ScriptedBackend, drive, entry, press, shown, type_text, until

from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.snapshot_entry import siblings
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.snapshot_columns import Columns
from kubectl_cbt.tui.snapshot_rows import Order, SnapshotRows, Sorting


def browsing(steps, backend: ScriptedBackend, **settings):
    return drive(BrowseScreen(backend, backend.entries()), steps, **settings)


def status(pilot) -> str:
    return shown(pilot.app).splitlines()[1]


def listed(screen) -> list[str]:
    """The names in the list, in its order, whether visible or not."""
    lines = screen.listing.lines(screen.filter_text, screen.sorting)
    return [screen.listing.entries[number].ref.name for number in lines.numbers if number >= 0]


# Order


def sized(name: str, hour: int, size: int | None, **more):
    return replace(entry(name, hour, **more), restore_size_bytes=size)


VARIOUS = [
    sized("b", 3, 2**30, claim="one"),
    sized("a", 1, 2**40, claim="two"),
    sized("d", 2, None, claim="one", obstacle="not ready"),
    replace(sized("c", 1, 2**20, claim="two"), created=None),
]


def test_o_sorts_by_each_column_and_a_capital_o_turns_the_order():
    async def steps(pilot, screen):
        expected = [
            ("volume", "dbac", "", "bdca"),
            ("name", "abcd", "SNAPSHOT▲", "dcba"),
            ("time", "cbda", "TAKEN▼", "adbc"),
            ("size", "abcd", "SIZE▼", "dcba"),
            ("CBT", "bacd", "CBT▲", "dcab"),
        ]
        for by, order, title, turned in expected:
            assert f"snapshots by {by} ─" in shown(pilot.app)
            assert "".join(listed(screen)) == order, by
            assert title in shown(pilot.app)
            await press(pilot, "O")
            assert "".join(listed(screen)) == turned, by
            assert title[:-1] + "▲▼"[title.endswith("▲")] * bool(title) in shown(pilot.app)
            assert ("by volume, newest first" in shown(pilot.app)) == (by == "volume")
            await press(pilot, "o")
        assert screen.sorting == Sorting()

    browsing(steps, ScriptedBackend(VARIOUS), size=(130, 30))


def test_a_sorted_list_is_flat_names_the_volume_and_keeps_cursor_marks_and_filter():
    async def steps(pilot, screen):
        await press(pilot, "down", "space", "down", "slash")
        await type_text(pilot, "data")
        await press(pilot, "enter", "o")
        assert listed(screen) == ["four", "one", "three", "two"]
        assert screen.current.ref == THREE
        assert screen.marks.refs == (TWO,)
        rows = [line for line in shown(pilot.app).splitlines() if "ns/data" in line and line.startswith("│")]
        assert len(rows) == 4
        assert "VOLUME" in shown(pilot.app)

    browsing(steps, ScriptedBackend(), size=(130, 30))


def test_a_click_on_a_title_sorts_and_another_one_turns_the_order():
    async def steps(pilot, screen):
        async def click(title: str) -> None:
            row = shown(pilot.app).splitlines()[3]
            await pilot.click("#snapshots", offset=(row.index(title), 1))
            await pilot.pause()

        await click("SIZE")
        assert screen.sorting == Sorting(Order.SIZE)
        await click("SIZE")
        assert screen.sorting == Sorting(Order.SIZE, is_reversed=True)
        await click("VOLUME")
        assert screen.sorting == Sorting()
        await click("SNAPSHOT")
        assert screen.sorting == Sorting(Order.NAME)
        await click("AGE")
        assert screen.sorting == Sorting(Order.TAKEN)
        await pilot.click("#snapshots", offset=(1, 1))
        assert screen.sorting == Sorting(Order.TAKEN), "left of the titles"

    browsing(steps, ScriptedBackend(VARIOUS), size=(130, 30))


@pytest.mark.parametrize("order", Order)
def test_titles_and_lines_are_as_wide_as_the_list_at_every_width(order):
    listing = SnapshotRows([replace(one, ref=SnapshotRef("n" * 20, one.ref.name * 30)) for one in VARIOUS])
    for width in range(56, 220, 3):
        columns = Columns.of(listing, width, Sorting(order))
        assert len(columns.titles()) == width
        assert {len(columns.line(one, "  ")) for one in listing.entries} == {width}
        for title, by in (("SNAPSHOT", Order.NAME), ("SIZE", Order.SIZE), ("CBT", Order.CBT)):
            assert columns.order_at(columns.titles().index(title)) == by, width


# The previous snapshot


def test_a_capital_d_opens_the_delta_to_the_previous_snapshot_of_the_volume():
    backend = ScriptedBackend([*ENTRIES, entry("three-and-a-half", 3, namespace="z")])

    async def steps(pilot, screen):
        await press(pilot, "D")
        assert "one is the oldest snapshot of its volume" in status(pilot)
        await press(pilot, *["down"] * 3, "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        assert backend.resolved == [SnapshotNames(FOUR, THREE)]
        await until(pilot, lambda: not pilot.app.screen.is_updating)
        await press(pilot, "escape", *["down"] * 2, "D")
        assert "pending cannot be queried: no status yet" in status(pilot)
        await press(pilot, "slash")
        await type_text(pilot, "zzz")
        await press(pilot, "enter", "D")
        assert "there is no snapshot under the cursor" in status(pilot)
        assert backend.resolved == [SnapshotNames(FOUR, THREE)]

    browsing(steps, backend)


def test_of_a_volume_that_is_not_known_there_is_no_previous_snapshot():
    dateless = replace(entry("dateless", 1), created=None)

    async def steps(pilot, screen):
        await press(pilot, "G", "D")
        assert "the other snapshots of the volume of dateless are unknown" in status(pilot)

    browsing(steps, ScriptedBackend([entry("one", 1), dateless]))


def test_the_claim_of_the_same_name_in_another_namespace_is_another_volume():
    without_handles = [
        replace(entry(name, hour, namespace=namespace), volume_handle=None)
        for name, hour, namespace in (("old", 1, "ns"), ("foreign", 2, "z"), ("new", 3, "ns"))
    ]
    assert [one.ref.name for one in siblings(without_handles, without_handles[2].ref)] == ["old", "new"]
