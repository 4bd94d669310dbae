"""A selected range of the map: by mouse and by keys, its figures, and its export."""

import json
import threading

import pytest
from directing import CAPACITY, KIB, MIB, ScriptedStream, drive, press, shown, the_map, until

from kubectl_cbt.analysis import grid
from kubectl_cbt.tui.widgets.map_view import MapView


def selected(screen) -> list[int]:
    """The visible cells that are drawn as selected."""
    codes = screen.query_one(MapView)._codes.ravel()
    return [index for index, code in enumerate(codes.tolist()) if code >= grid.CODES]


def test_dragging_selects_whole_cells_in_either_direction_and_a_click_selects_nothing():
    async def steps(pilot, screen):
        viewport = screen.cursor.viewport
        for origin, to in (((20, 4), (25, 4)), ((25, 4), (20, 4))):
            await pilot.mouse_down(MapView, offset=origin)
            await pilot.hover(MapView, offset=to)
            await pilot.mouse_up(MapView, offset=to)
            await until(pilot, lambda: screen.selection is not None)
            start, end = screen.selection
            assert end - start == 6 * viewport.cell_bytes
            assert len(selected(screen)) == 6
            await press(pilot, "escape")
            assert screen.selection is None
            assert selected(screen) == []
        await pilot.click(MapView, offset=(30, 8))
        assert screen.selection is None

    drive(the_map(), steps)


def test_space_starts_a_selection_that_the_cursor_extends_and_ends_it():
    async def steps(pilot, screen):
        cell = screen.cursor.viewport.cell_bytes
        await press(pilot, "space", "l", "l", "space")
        assert screen.selection == (0, 3 * cell)
        await press(pilot, "l", "l")
        assert screen.selection == (0, 3 * cell)
        await press(pilot, "plus", "plus", "g")
        assert len(selected(screen)) == -(-3 * cell // screen.cursor.viewport.cell_bytes)

    drive(the_map(), steps)


@pytest.mark.parametrize("colors", [True, False])
def test_selected_cells_are_drawn_differently(colors):
    async def steps(pilot, screen):
        view = screen.query_one(MapView)
        await press(pilot, "G")
        before = [segment.style for segment in view.render_line(1)]
        await press(pilot, "g", "space", "end", "space", "G")
        view.render_lines(view.size.region)
        assert [segment.style for segment in view.render_line(1)] != before

    drive(the_map(), steps, colors=colors)


def test_v_shows_the_figures_of_the_selected_range():
    async def steps(pilot, screen):
        await press(pilot, "space", "G", "space", "v")
        text = shown(pilot.app)
        assert "selected range" in text
        assert "64 MiB, 67,108,864 bytes" in text
        assert "8.5 MiB, 13.3 %" in text

    drive(the_map(), steps)


def test_the_figures_of_a_range_that_is_not_known_are_lower_bounds():
    async def steps(pilot, screen):
        await press(pilot, "x", "space", "G", "space", "v")
        assert "≥ 8 KiB" in shown(pilot.app)

    screen = the_map(ScriptedStream(gate=threading.Event()))
    screen.runs_on = True
    drive(screen, steps)


def test_an_export_offers_the_selected_range_first(tmp_path):
    path = tmp_path / "part.json"

    async def steps(pilot, screen):
        await press(pilot, "space", "l", "space", "e")
        pilot.app.screen.query_one("#path").value = str(path)
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.screen is screen)

    screen = the_map()
    drive(screen, steps)
    extents = json.loads(path.read_text(encoding="utf-8"))["extents"]
    start, end = screen.selection
    assert extents
    assert all(start <= extent["byteOffset"] < end for extent in extents)
    assert end - start < MIB < CAPACITY
    assert extents[0] == {"byteOffset": 0, "sizeBytes": 4 * KIB}
