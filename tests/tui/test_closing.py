"""What is opened has the keyboard at once, and Esc closes it before anything else."""

import threading

import pytest
from directing import CAPACITY, GONE, MIB, ScriptedStream, drive, press, resize, shown, the_map, type_text, until

from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.text.status_line import status_line
from kubectl_cbt.tui.widgets.extent_list import ExtentList
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.tui.widgets.statistics import Statistics
from kubectl_cbt.units import parse_place


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (140, 30)], ids=str)
@pytest.mark.parametrize("before", [(), ("s",), ("d",), ("tab",)], ids=str)
def test_a_filter_gets_every_key_whatever_was_open_and_its_list_has_lines(size, before):
    async def steps(pilot, screen):
        await press(pilot, *before)
        # Typed ahead: no turn of the app between the keys.
        await pilot.press("slash", "greater_than_sign", "1", "M", "i", "q", "backspace", "enter")
        await until(pilot, lambda: screen.extent_filter is not None)
        assert pilot.app.is_running
        extents = screen.query_one(ExtentList)
        await until(pilot, lambda: extents.content_size.height > 0 and "8 MiB" in shown(pilot.app))
        assert str(screen.extent_filter) == ">1Mi"
        assert extents.has_focus

    drive(the_map(), steps, size=size)


def test_a_prompt_moves_nothing_while_it_is_open_and_when_it_closes():
    async def steps(pilot, screen):
        for size in ((60, 15), (80, 24), (200, 60)):
            await resize(pilot, *size)
            room, viewport = screen._map.region, screen.cursor.viewport
            for key in ("colon", "slash"):
                await press(pilot, key)
                assert screen.query_one(Prompt).region.y == size[1] - 1
                assert (screen._map.region, screen.cursor.viewport) == (room, viewport)
                await press(pilot, "escape")
                assert (screen._map.region, screen.cursor.viewport) == (room, viewport)
                assert shown(pilot.app).splitlines()[-1].rstrip().endswith("q quit")

    drive(the_map(), steps, size=(60, 15))


def test_esc_closes_one_thing_at_a_time_and_never_stops_the_stream():
    gate = threading.Event()
    screen = the_map(ScriptedStream(gate=gate))
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: screen.cursor.viewport is not None)
        await press(pilot, "plus", "slash")
        await type_text(pilot, ">1")
        await press(pilot, "enter", "s", "colon")
        prompt, statistics = screen.query_one(Prompt), screen.query_one(Statistics)

        def is_open() -> list[bool]:
            return [
                prompt.display,
                statistics.display,
                screen._has_side,
                bool(screen.extent_filter),
                not _whole(screen),
            ]

        assert is_open() == [True, True, False, True, True]
        await press(pilot, "escape")
        assert is_open() == [False, True, False, True, True]
        await press(pilot, "escape")
        assert is_open() == [False, False, True, True, True]
        await press(pilot, "escape")
        assert is_open() == [False, False, False, True, True]
        await until(pilot, lambda: "list filtered: >1" in shown(pilot.app))
        await press(pilot, "escape")
        assert is_open() == [False, False, False, False, True]
        await press(pilot, "escape", "escape")
        assert is_open() == [False] * 5
        assert screen.query_one(MapView).has_focus
        assert screen.streams.frame.is_running
        await press(pilot, "x")
        await until(pilot, lambda: "INCOMPLETE" in shown(pilot.app))
        await press(pilot, "x")
        assert "no stream is running" in shown(pilot.app)

    drive(screen, steps, size=(80, 24))


def _whole(screen) -> bool:
    return screen.cursor.viewport.is_whole


@pytest.mark.parametrize("digit", ["0", "5", "9"])
def test_no_digit_of_the_statistics_is_a_key_of_the_map(digit):
    async def steps(pilot, screen):
        await press(pilot, "plus")
        await press(pilot, "s")
        await press(pilot, digit)
        assert not screen.cursor.viewport.is_whole

    drive(the_map(ScriptedStream([(MIB, 4096)])), steps)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1.0873 KiB", 1113),
        ("1,167,474", 1167474),
        ("0x1_2cc0", 0x12CC0),
        ("-5%", 32 * MIB - CAPACITY * 5 // 100),
        ("+5%", 32 * MIB + CAPACITY * 5 // 100),
        ("100%", CAPACITY - 1),
        ("+1.00001Mi", 33 * MIB + 10),
    ],
)
def test_every_offset_that_a_panel_shows_can_be_typed(text, place):
    assert parse_place(text, CAPACITY, 32 * MIB) == place


def test_what_is_outside_is_named_as_it_was_typed():
    with pytest.raises(ValueError, match="-60% is outside"):
        parse_place("-60%", CAPACITY, MIB)


@pytest.mark.parametrize("width", range(30, 140, 37))
def test_the_key_that_shows_more_is_kept_when_the_line_is_cut(width):
    from directing import THREE, TWO, ScriptedOpened

    from kubectl_cbt.model.refs import SnapshotNames

    loader = Loader(ScriptedOpened(ScriptedStream(error=GONE), SnapshotNames(THREE, TWO)))
    loader.start()
    loader.wait_until_ended()
    text = status_line(loader.frame, width).plain
    assert text.endswith("v shows more")
    assert len(text) <= width
