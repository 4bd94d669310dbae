"""Panels, extent list, themes and texts of the map."""

import json
import re
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

from kubectl_cbt.analysis.heat_scale import SCALES
from kubectl_cbt.model.results import MUST, Occurrence, Violation
from kubectl_cbt.output.drawing.painting import ACROSS, DOWN
from kubectl_cbt.output.palettes import PALETTES
from kubectl_cbt.tui.keys import MAP_KEYS, MAP_MOUSE
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
        await press(pilot, "T")
        light = pilot.app.color_scheme(both_layers=False)
        assert (dark.dark, light.dark) == (True, False)
        await press(pilot, "T")
        assert pilot.app.color_scheme(both_layers=False) == dark

    drive(the_map(), steps)


def test_h_switches_the_scale_and_the_legend_names_its_steps():
    async def steps(pilot, screen):
        for scale, last in zip(SCALES, ("10 %", "0 %", "100 %"), strict=True):
            assert pilot.app.scale is scale
            legend = shown(pilot.app).splitlines()[-2]
            assert last in legend
            assert scale.name in legend
            await press(pilot, "H")
        assert pilot.app.scale is SCALES[0]
        assert f"{SCALES[0].name} scale" in shown(pilot.app)

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

    drive(the_map(), steps, size=(120, 80))


def test_the_help_explains_the_map_before_the_keys_and_shows_that_it_scrolls():
    async def steps(pilot, screen):
        await press(pilot, "question_mark")
        text = shown(pilot.app)
        for term in ("cell", "heat", "empty", "allocated", "unknown", "extent", "run", "grain", "rules"):
            assert re.search(rf"│  +{term} ", text), term
        assert re.search(r"1–\d+ of \d+ lines · ↑↓ PgUp PgDn scroll · / search · Esc close", text)
        await press(pilot, "pagedown")
        assert not re.search(r" 1–\d+ of", shown(pilot.app))
        await press(pilot, "G")
        assert MAP_MOUSE in shown(pilot.app)
        await press(pilot, "g")
        assert "The map" in shown(pilot.app)

    drive(the_map(), steps, size=(80, 24))


def test_a_search_in_the_help_shows_matching_lines_until_esc():
    async def steps(pilot, screen):
        await press(pilot, "question_mark", "slash")
        await type_text(pilot, "zoom CELL")
        await press(pilot, "enter")
        lines = shown(pilot.app)
        assert "Zoom to the cell under the cursor" in lines
        assert "Next palette" not in lines
        await press(pilot, "escape")
        assert "The map" in shown(pilot.app)
        await press(pilot, "slash")
        await type_text(pilot, "zebra")
        assert "no line has all of these words" in shown(pilot.app)
        await press(pilot, "escape", "escape")
        assert pilot.app.screen is screen

    drive(the_map(), steps, size=(80, 24))


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


def test_o_sorts_the_list_by_size_and_back():
    async def steps(pilot, screen):
        await press(pilot, "o")
        await until(pilot, lambda: not screen.is_updating)
        found = screen.query_one(ExtentList)
        lines = [found.render_line(y).text.split() for y in range(len(EXTENTS))]
        offsets = [int(words[1 if words[0] == "▸" else 0].replace(",", "")) for words in lines]
        assert offsets == [offset for offset, _ in sorted(EXTENTS, key=lambda extent: (-extent[1], extent[0]))]
        assert "extents by size" in shown(pilot.app)
        await press(pilot, "home")
        assert screen.cursor.position == 20 * MIB
        await press(pilot, "o")
        assert "extents by size" not in shown(pilot.app)

    drive(the_map(), steps)


def test_enter_in_the_list_zooms_to_the_extent_and_backspace_returns():
    async def steps(pilot, screen):
        before = screen.cursor.viewport
        await press(pilot, "tab", "down", "down", "enter")
        viewport = screen.cursor.viewport
        assert screen.cursor.position == MIB
        assert viewport.cell_bytes < before.cell_bytes
        assert viewport.start <= MIB < MIB + 512 * KIB <= viewport.end
        await press(pilot, "backspace")
        assert screen.cursor.viewport == before

    drive(the_map(), steps)


def test_n_goes_to_the_next_match_of_the_filter_and_the_title_counts_them():
    async def steps(pilot, screen):
        await press(pilot, "slash")
        await type_text(pilot, ">=512Ki")
        await press(pilot, "enter")
        assert "extents >=512Ki · 2 of 5 match" in shown(pilot.app)
        screen.set_focus(screen._map)
        screen.go_to(0)
        for key, place in (("n", MIB), ("n", 20 * MIB), ("n", 20 * MIB), ("N", MIB), ("N", MIB)):
            await press(pilot, key)
            assert screen.cursor.position == place

    drive(the_map(), steps)


BROKEN = Violation("R2", MUST, "extents are ascending", 2, (
    Occurrence(1, 1, 20 * MIB, 8 * MIB, "starts before the end of the one before"),
    Occurrence(2, 0, 40 * MIB, 4 * KIB, "starts before the end of the one before"),
))  # fmt: skip


@pytest.mark.parametrize("colors", [True, False])
def test_violations_are_marked_on_the_map_and_v_goes_to_their_places(colors):
    async def steps(pilot, screen):
        assert shown(pilot.app).count("!") >= 2
        await press(pilot, "v")
        assert "↑↓ select · Enter go there" in shown(pilot.app)
        await press(pilot, "down", "enter")
        assert pilot.app.screen is screen
        assert screen.cursor.position == 40 * MIB
        await press(pilot, "backspace")
        assert screen.cursor.position == 0
        await press(pilot, "v", "escape")
        assert screen.cursor.position == 0

    drive(the_map(ScriptedStream(violations=(BROKEN,))), steps, colors=colors)


@pytest.mark.parametrize(
    ("width", "height", "keys", "map_shown", "side_shown", "statistics_shown"),
    [
        (80, 24, (), True, False, False),
        (80, 24, ("d",), False, True, False),
        (80, 24, ("s",), False, False, True),
        (80, 24, ("d", "escape"), True, False, False),
        (80, 24, ("d", "tab"), True, False, False),
        (60, 15, ("slash",), True, False, False),
        (120, 40, (), True, True, False),
        (120, 40, ("s",), True, False, True),
        (200, 60, (), True, True, True),
        (200, 60, ("d",), True, False, False),
    ],
)
def test_panels_are_beside_the_map_where_they_fit_and_in_its_place_elsewhere(
    width, height, keys, map_shown, side_shown, statistics_shown
):
    async def steps(pilot, screen):
        await press(pilot, *keys)
        found = [screen.query_one(name).display for name in ("MapView", "#side", "Statistics")]
        assert found == [map_shown, side_shown, statistics_shown]
        panel = screen.query_one("#side" if side_shown else "Statistics")
        if not map_shown:
            assert panel.outer_size.width == width
            assert screen.focused is not screen.query_one(MapView)

    drive(the_map(), steps, size=(width, height))


@pytest.mark.parametrize(("size", "has_crosshair"), [((200, 60), True), ((110, 30), False)])
@pytest.mark.parametrize("colors", [True, False])
def test_big_screens_have_lines_through_the_cursor_where_nothing_changed(size, has_crosshair, colors):
    async def steps(pilot, screen):
        screen.go_to(30 * MIB)
        await pilot.pause()
        view = screen.query_one(MapView)
        before = shown(pilot.app)
        assert (ACROSS in before, DOWN in before) == (has_crosshair, has_crosshair)
        column = next((line.index(DOWN) for line in before.splitlines() if DOWN in line), None)
        await press(pilot, "l", "j")
        columns = {index for line in shown(pilot.app).splitlines() for index, glyph in enumerate(line) if glyph == DOWN}
        assert columns == ({column + 1} if has_crosshair else set())
        codes = view._codes_of(view._place(screen.cursor.position)[1])
        drawn = view.render_line(1 + view._place(screen.cursor.position)[1]).text[14:]
        assert all(glyph not in ACROSS for glyph, column in zip(drawn, codes.T, strict=False) if column.any())

    drive(the_map(), steps, size=size, colors=colors)
