"""Every key of the list of snapshots does what its help says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from directing import ENTRIES, GONE, ONE, THREE, TWO, ScriptedBackend, drive, entry, press, shown, type_text, until
from rich.cells import cell_len, set_cell_size
from textual.events import MouseScrollDown

from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.output.snapshot_cells import cbt_of, size_of
from kubectl_cbt.tui.keys import BROWSE_KEYS
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.snapshot_columns import Columns
from kubectl_cbt.tui.widgets.prompt import Prompt

OTHER, PENDING = SnapshotRef("ns", "other-1"), SnapshotRef("ns", "pending")


def browsing(steps, backend: ScriptedBackend | None = None, **settings):
    backend = backend or ScriptedBackend()
    return drive(BrowseScreen(backend, backend.entries()), steps, **settings)


def names_listed(pilot) -> list[str]:
    """The snapshots on the screen."""
    rows = re.findall(r"^│[ ▸][ ●] (\S+) .* (?:yes|no: .*?) *[ │█]*│$", shown(pilot.app), re.MULTILINE)
    return [name for name in rows if name != "SNAPSHOT"]


async def go_to(pilot, screen, ref: SnapshotRef) -> None:
    await press(pilot, "home")
    while screen.current.ref != ref:
        await press(pilot, "down")


def test_snapshots_stand_under_their_volume_oldest_first():
    async def steps(pilot, screen):
        lines = [line.strip("│▸● ").split(" ")[0] for line in shown(pilot.app).splitlines()[4:]]
        assert lines[:8] == ["ns/data", "one", "two", "three", "four", "ns/other", "other-1", "pending"]

    browsing(steps)


def test_a_moving_key_moves_from_snapshot_to_snapshot():
    moves = [
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
    ]

    async def steps(pilot, screen):
        for keys, ref in moves:
            await press(pilot, "home", *keys)
            assert screen.current.ref == ref, keys
            assert "▸" in next(line for line in shown(pilot.app).splitlines() if f" {ref.name} " in line), keys

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
        assert backend.resolved == [SnapshotNames(THREE, ONE)]
        await until(pilot, lambda: not pilot.app.screen.is_updating)
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        assert backend.opened[0].is_closed

    browsing(steps, backend)


def test_enter_on_one_alone_opens_what_it_holds():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        await press(pilot, "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        assert backend.resolved == [SnapshotNames(TWO)]

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
        assert "cannot be queried: no status yet" in shown(pilot.app)
        await press(pilot, key)
        assert "pending cannot be queried: no status yet" in shown(pilot.app)
        assert backend.resolved == []
        assert screen.marks.refs == ()

    browsing(steps, backend)


def test_marks_of_two_volumes_are_refused_in_words():
    backend = ScriptedBackend()

    async def steps(pilot, screen):
        for ref in (ONE, OTHER):
            await go_to(pilot, screen, ref)
            await press(pilot, "space")
        await press(pilot, "enter")
        assert "belong to different volumes" in shown(pilot.app)
        assert backend.resolved == []

    browsing(steps, backend)


def test_a_slash_filters_while_one_types_and_esc_shows_all():
    async def steps(pilot, screen):
        room = screen.query_one("#snapshots").region
        await press(pilot, "slash")
        await type_text(pilot, "other")
        assert screen.query_one("#snapshots").region == room
        assert names_listed(pilot) == ["other-1", "pending"]
        assert "filter: other · 2 of 6 · Esc shows all" in shown(pilot.app)
        await type_text(pilot, " status")
        assert names_listed(pilot) == ["pending"]
        await press(pilot, "enter")
        assert screen.query_one(Prompt).display is False
        assert screen.current.ref == PENDING
        await press(pilot, "g", "slash", "escape")
        assert "filter: other status · 1 of 6" in shown(pilot.app), "a filter never stays unseen"
        await press(pilot, "escape")
        assert len(names_listed(pilot)) == len(ENTRIES)
        assert screen.current.ref == PENDING
        assert "filter" not in shown(pilot.app).splitlines()[2]

    browsing(steps)


def test_each_map_that_was_left_incomplete_is_named_in_the_end():
    backend = ScriptedBackend()
    backend.stream_error = GONE

    async def steps(pilot, screen):
        async def open_map(snapshot: SnapshotRef) -> MapScreen:
            await go_to(pilot, screen, snapshot)
            await press(pilot, "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen) and not pilot.app.screen.is_updating)
            assert "INCOMPLETE" in shown(pilot.app)
            return pilot.app.screen

        for snapshot in (ONE, TWO):
            await open_map(snapshot)
            await press(pilot, "escape")
        assert [text.split(" is ")[0] for text in pilot.app.incomplete_maps] == [
            "the map of allocated one",
            "the map of allocated two",
        ]
        found = await open_map(ONE)
        await press(pilot, "r")
        await until(pilot, lambda: found.streams.frame.outcome.complete)
        await press(pilot, "escape")
        assert pilot.app.incomplete_maps == [
            'the map of allocated two is incomplete: known up to 48 MiB of 64 MiB; "two" not found'
        ]

    browsing(steps, backend)


def test_a_filter_that_nothing_passes_leaves_an_empty_list_alive():
    async def steps(pilot, screen):
        await press(pilot, "slash")
        await type_text(pilot, "zzz")
        await press(pilot, "enter", "down", "G", "space", "enter")
        assert "there is no snapshot under the cursor" in shown(pilot.app)
        assert "no snapshot matches the filter" in shown(pilot.app)

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


def test_keys_and_help_are_the_same_the_wheel_scrolls_and_a_double_click_opens():
    backend = ScriptedBackend([entry(f"s-{number:02}", number % 24) for number in range(60)])
    # Textual's own: there is nothing else to go to, and nothing selected to copy.
    idle = {"tab", "shift+tab", "super+c"}

    async def steps(pilot, screen):
        named = {name for group in BROWSE_KEYS for key in group.keys for name in key.keys.split(",")}
        assert set(screen.active_bindings) - idle == named
        await press(pilot, "question_mark", "G")
        text = " ".join(shown(pilot.app).replace("│", " ").split())
        assert "click to select, double-click to open, wheel to scroll; a title sorts" in text
        await press(pilot, "escape")
        first = names_listed(pilot)
        await pilot._post_mouse_events([MouseScrollDown], widget=screen.query_one("#snapshots"), button=0)
        assert names_listed(pilot)[0] == first[2]
        await pilot.click("#snapshots", offset=(5, 4))
        clicked = screen.current.ref
        assert clicked.name == names_listed(pilot)[2]
        assert backend.resolved == []
        await pilot.click("#snapshots", offset=(5, 5))
        assert screen.current.ref != clicked
        await pilot.click("#snapshots", offset=(5, 4))
        assert screen.current.ref == clicked
        assert backend.resolved == [], "a click on the current one selects it as well"
        await pilot.click("#snapshots", offset=(5, 4), times=2)
        await until(pilot, lambda: backend.resolved)
        assert backend.resolved == [SnapshotNames(clicked)]

    browsing(steps, backend, size=(110, 40))


OF_ONE_NAME = [
    replace(entry("twice", hour), obstacle="listed more than once", problem="listed more than once") for hour in (1, 2)
]
ODD = [
    *OF_ONE_NAME,
    entry("快照-数据库", 3),
    replace(entry("e\N{COMBINING ACUTE ACCENT}te", 4), restore_size_bytes=None, created=None),
    replace(entry("n" * 90, 5), change_id="52 4f 11/7"),
    replace(entry("", 6), obstacle="content snapcontent-1 was deleted"),
]


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (200, 60)], ids=str)
def test_titles_and_cells_stand_below_each_other_and_every_object_has_its_row(size):
    async def steps(pilot, screen):
        rows = []
        for _ in ODD:
            rows += [line for line in shown(pilot.app).splitlines() if line.startswith("│▸")]
            await press(pilot, "down")
        titles = next(line for line in shown(pilot.app).splitlines() if "SNAPSHOT" in line)
        end = cell_len(titles[: titles.index("SIZE")]) + len("SIZE")
        for row, one in zip(rows, screen.listing.entries, strict=True):
            assert cell_len(row) == size[0]
            assert set_cell_size(row, end).endswith(f" {size_of(one)}".rstrip() or "  ")
            assert set_cell_size(row, cell_len(titles[: titles.index("CBT")])) + cbt_of(one)[:9] in row + " "
        assert sum("no: listed more" in row for row in rows) == 2
        assert "<unnamed>" in "".join(rows)

    browsing(steps, ScriptedBackend(ODD), size=size)


def test_the_panel_says_by_what_a_base_is_named_and_why_one_cannot_be_queried():
    async def steps(pilot, screen):
        panel = {}
        for _ in ODD:
            panel[screen.current.ref.name] = shown(pilot.app).partition("─ snapshot ─")[2]
            await press(pilot, "down")
        assert "as a base: change id 52 4f 11/7 · annotation csi.vsphere.volume/change-id" in panel["n" * 90]
        assert "change id" not in panel["快照-数据库"]
        assert "cannot be queried: content snapcontent-1 was deleted" in panel[""]
        assert "cannot be queried: listed more than once" in panel["twice"]

    browsing(steps, ScriptedBackend(ODD))


def test_ten_thousand_snapshots_draw_no_more_lines_than_the_screen_has(monkeypatch):
    drawn, laid_out = [], []
    one_line, of_listing = Columns.line, Columns.of
    monkeypatch.setattr(Columns, "line", lambda *args: drawn.append(1) or one_line(*args))
    monkeypatch.setattr(Columns, "of", lambda *args: laid_out.append(1) or of_listing(*args))
    backend = ScriptedBackend(
        [entry(f"s-{number:05}", number % 24, claim=f"c{number // 9}") for number in range(10_000)]
    )

    async def steps(pilot, screen):
        for key in ("space", "down", "end", "slash", "s", "0", "9", "enter", "escape"):
            drawn.clear()
            laid_out.clear()
            await press(pilot, key)
            # Textual may draw more than once for a key; never more than some screens.
            assert len(drawn) <= 4 * 24, key
            # The line to type into takes a line of the list's.
            assert len(laid_out) <= (key in ("slash", "enter")), key
        assert screen.marks.refs
        assert "of 10,000 ─╯" in shown(pilot.app)

    browsing(steps, backend, size=(80, 24))


def test_every_key_of_the_list_has_a_test():
    # What works everywhere is tested on the map.
    tested = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for name in (name for group in BROWSE_KEYS for key in group.keys for name in key.keys.split(",")):
        assert f'"{name}"' in tested, name
