"""Panels, extent list, themes and texts of the map."""

import json
from itertools import chain

import pytest
from directing import (
    CAPACITY,
    EXTENTS,
    GONE,
    KIB,
    MIB,
    ScriptedStream,
    drive,
    press,
    shown,
    the_map,
    type_text,
    until,
)

from kubectl_cbt.output.palettes import PALETTES
from kubectl_cbt.tui.keys import MAP_KEYS
from kubectl_cbt.tui.screens.text_screen import TextScreen
from kubectl_cbt.tui.textual_private import screen_strips
from kubectl_cbt.tui.widgets.extent_list import ExtentList
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.statistics import Statistics


def test_d_shows_the_panels_and_folds_them():
    async def steps(pilot, screen):
        assert screen.query_one("#side").display is False
        await press(pilot, "d")
        await until(pilot, lambda: "extents" in shown(pilot.app))
        assert "offset    0 B" in shown(pilot.app)
        await press(pilot, "d")
        assert screen.query_one("#side").display is False

    drive(the_map(), steps, size=(80, 24))


def test_s_shows_the_statistics_and_digits_jump():
    async def steps(pilot, screen):
        await press(pilot, "s")
        await until(pilot, lambda: "Largest runs" in shown(pilot.app))
        text = shown(pilot.app)
        assert "8 MiB at 20 MiB" in text
        assert "Next incremental, by chunk size" in text
        await press(pilot, "1")
        assert screen.cursor.position == 20 * MIB
        await press(pilot, "6")
        assert 20 * MIB <= screen.cursor.position < 28 * MIB
        await press(pilot, "s")
        assert screen.query_one(Statistics).display is False

    drive(the_map(), steps, size=(120, 60))


def test_tab_walks_the_list_and_the_map_follows():
    async def steps(pilot, screen):
        extents = screen.query_one(ExtentList)
        await press(pilot, "tab")
        assert extents.has_focus
        for key, (offset, _) in (("down", EXTENTS[1]), ("j", EXTENTS[2]), ("end", EXTENTS[4]), ("k", EXTENTS[3])):
            await press(pilot, key)
            assert screen.cursor.position == offset
        await press(pilot, "home", "pagedown")
        assert screen.cursor.position == EXTENTS[-1][0]
        await press(pilot, "tab")
        assert screen.query_one(MapView).has_focus
        screen.go_to(20 * MIB + 5)
        assert extents.current == 3

    drive(the_map(), steps)


def test_a_slash_filters_the_list_and_esc_shows_all():
    async def steps(pilot, screen):
        extents = screen.query_one(ExtentList)
        await press(pilot, "slash")
        await type_text(pilot, ">100Ki 10Mi..")
        await press(pilot, "enter")
        assert extents.position_text == "1 of 1"
        assert "extents >100Ki 10Mi.." in shown(pilot.app)
        await press(pilot, "slash")
        await type_text(pilot, " nonsense")
        await press(pilot, "enter")
        assert "'nonsense' is not a filter" in shown(pilot.app)
        await press(pilot, "escape", "escape")
        assert extents.position_text.endswith("of 5")

    drive(the_map(), steps, size=(160, 30))


def test_a_filter_that_nothing_passes_says_so():
    async def steps(pilot, screen):
        await press(pilot, "slash")
        await type_text(pilot, ">1Gi")
        await press(pilot, "enter")
        assert "no extent matches the filter" in shown(pilot.app)

    drive(the_map(), steps)


def test_v_shows_what_is_wrong_in_full():
    error = GONE

    async def steps(pilot, screen):
        await press(pilot, "v")
        assert isinstance(pilot.app.screen, TextScreen)
        text = shown(pilot.app)
        assert "look again" in text
        assert f"--starting-offset {40 * MIB + 4 * KIB}" in text
        await press(pilot, "down", "escape")
        assert pilot.app.screen is screen

    drive(the_map(ScriptedStream(error=error)), steps)


def test_p_goes_through_the_palettes_and_t_through_the_themes():
    async def steps(pilot, screen):
        seen = []
        for _ in PALETTES:
            seen.append(pilot.app.color_scheme(both_layers=False).palette.name)
            await press(pilot, "p")
        assert seen == [palette.name for palette in PALETTES]
        dark = pilot.app.color_scheme(both_layers=False)
        await press(pilot, "t")
        light = pilot.app.color_scheme(both_layers=False)
        assert (dark.dark, light.dark) == (True, False)
        await press(pilot, "t")
        assert pilot.app.color_scheme(both_layers=False) == dark

    drive(the_map(), steps)


@pytest.mark.parametrize("key", ["c", "y"])
def test_the_extent_at_the_cursor_is_copied(key):
    async def steps(pilot, screen):
        screen.go_to(30 * MIB)
        await press(pilot, key)
        assert "no extent at the cursor" in shown(pilot.app)
        screen.go_to(21 * MIB)
        await press(pilot, key)
        return pilot.app.clipboard

    assert json.loads(drive(the_map(), steps)) == {"byteOffset": 20 * MIB, "sizeBytes": 8 * MIB}


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_q_and_ctrl_c_quit(key):
    opened = []

    async def steps(pilot, screen):
        opened.append(screen.streams.main.opened)
        await pilot.press(key)
        await until(pilot, lambda: pilot.app._exit)

    drive(the_map(), steps)
    assert opened[0].is_closed


def test_a_question_mark_lists_every_key():
    async def steps(pilot, screen):
        await press(pilot, "question_mark")
        text = shown(pilot.app)
        for key in chain.from_iterable(group.keys for group in MAP_KEYS):
            assert key.help in text
        await press(pilot, "escape")
        assert pilot.app.screen is screen

    drive(the_map(), steps, size=(120, 60))


def test_the_command_palette_holds_every_action():
    async def steps(pilot, screen):
        found = {command.title for command in pilot.app.get_system_commands(screen)}
        for key in chain.from_iterable(group.keys for group in MAP_KEYS):
            assert key.help in found or key.action == "app.command_palette"
        assert {f"Palette {palette.name}" for palette in PALETTES} <= found
        for word in ("resume", "stop", "zoom", "chunk", "filter", "export"):
            assert any(word in title.lower() for title in found), word
        await press(pilot, "ctrl+p")
        await until(pilot, lambda: pilot.app.screen is not screen)

    drive(the_map(), steps)


def test_extents_that_overlap_are_shown_merged_and_it_is_said():
    async def steps(pilot, screen):
        assert screen.streams.extents.offsets.tolist() == [0, 20 * MIB]
        await press(pilot, "v")
        assert "out of order" in shown(pilot.app)

    drive(the_map(ScriptedStream([(20 * MIB, 8 * MIB), (0, 4 * KIB), (0, 8 * KIB)])), steps)


@pytest.mark.parametrize("size", [CAPACITY, None])
def test_nothing_changed_has_a_screen_too(size):
    async def steps(pilot, screen):
        await press(pilot, "n", "N", "s", "s", "e", "escape", "c", "z", "plus", "0", "d", "G")
        assert "changed 0 B" in shown(pilot.app)
        assert pilot.app.is_running

    drive(the_map(ScriptedStream([]), size=size), steps)


def test_without_colours_there_are_none_in_any_segment(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def steps(pilot, screen):
        strips = screen_strips(screen)
        colors = {c.name for strip in strips for s in strip if s.style for c in (s.style.color, s.style.bgcolor) if c}
        assert colors <= {"default"}
        assert "▓" in shown(pilot.app)

    drive(the_map(), steps, colors=False)
