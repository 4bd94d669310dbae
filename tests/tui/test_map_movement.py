"""The keys and the mouse that move on the map do what their help says."""

import threading

from directing import (
    CAPACITY,
    KIB,
    MIB,
    ScriptedStream,
    drive,
    press,
    resize,
    shown,
    the_map,
    type_text,
    until,
)

from kubectl_cbt.tui.widgets.key_bar import KeyBar
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.minimap import Minimap
from kubectl_cbt.tui.widgets.prompt import Prompt

MOVES = {
    "left": lambda cell, row, rows, at: (at // cell - 1) * cell,
    "h": lambda cell, row, rows, at: (at // cell - 1) * cell,
    "right": lambda cell, row, rows, at: (at // cell + 1) * cell,
    "l": lambda cell, row, rows, at: (at // cell + 1) * cell,
    "down": lambda cell, row, rows, at: at // cell * cell + row,
    "j": lambda cell, row, rows, at: at // cell * cell + row,
    "up": lambda cell, row, rows, at: at // cell * cell - row,
    "k": lambda cell, row, rows, at: at // cell * cell - row,
    "home": lambda cell, row, rows, at: at // row * row,
    "end": lambda cell, row, rows, at: at // row * row + row - cell,
    "g": lambda cell, row, rows, at: 0,
    "G": lambda cell, row, rows, at: CAPACITY - 1,
    "n": lambda cell, row, rows, at: 40 * MIB,
    "N": lambda cell, row, rows, at: 20 * MIB,
}


def test_a_moving_key_moves_the_cursor():
    async def steps(pilot, screen):
        for key, place in MOVES.items():
            screen.go_to(30 * MIB)
            await press(pilot, key)
            viewport = screen.cursor.viewport
            row = viewport.cell_bytes * viewport.columns
            assert screen.cursor.position == place(viewport.cell_bytes, row, viewport.rows, 30 * MIB), key

    drive(the_map(), steps)


def test_pages_move_by_screens_and_stop_in_the_same_column():
    async def steps(pilot, screen):
        await press(pilot, "plus", "plus", "plus", "plus")
        viewport = screen.cursor.viewport
        page = viewport.cells * viewport.cell_bytes
        screen.go_to(0)
        await press(pilot, "pagedown")
        assert screen.cursor.position == page
        await press(pilot, "pageup")
        assert screen.cursor.position == 0
        await press(pilot, *["pagedown"] * 40)
        assert CAPACITY - viewport.columns * viewport.cell_bytes <= screen.cursor.position < CAPACITY
        assert screen.cursor.position // viewport.cell_bytes % viewport.columns == 0

    drive(the_map(), steps)


def test_zoom_goes_from_the_whole_volume_to_the_grain_and_back():
    async def steps(pilot, screen):
        screen.go_to(20 * MIB + 4 * KIB)
        sizes = [screen.cursor.viewport.cell_bytes]
        for _ in range(12):
            await press(pilot, "plus")
            sizes.append(screen.cursor.viewport.cell_bytes)
            assert screen.cursor.viewport.index_of(screen.cursor.position) is not None
        assert sizes[-1] == 4 * KIB
        assert sizes == sorted(sizes, reverse=True)
        await press(pilot, "equals_sign")
        assert screen.cursor.viewport.cell_bytes == 4 * KIB
        await press(pilot, "minus")
        assert screen.cursor.viewport.cell_bytes == 8 * KIB
        await press(pilot, "0")
        assert screen.cursor.viewport.is_whole
        assert screen.cursor.position == 20 * MIB + 4 * KIB

    drive(the_map(), steps, size=(60, 20))


def test_z_goes_into_the_cell_as_far_as_it_fills_the_screen():
    async def steps(pilot, screen):
        screen.go_to(20 * MIB)
        start, end = screen.cursor.cell
        await press(pilot, "z")
        viewport = screen.cursor.viewport
        assert viewport.start <= start < end <= viewport.end
        assert viewport.cell_bytes == 4 * KIB

    drive(the_map(), steps, size=(60, 20))


def test_the_cursor_keeps_its_byte_when_the_screen_gets_another_size():
    async def steps(pilot, screen):
        await press(pilot, "n", "n", "plus", "plus")
        cursor = screen.cursor.position
        for size in ((80, 24), (200, 60), (60, 20)):
            await resize(pilot, *size)
            await until(pilot, lambda: screen.cursor.viewport.columns == screen.query_one(MapView).room.width)
            assert screen.cursor.position == cursor
            assert screen.cursor.viewport.index_of(cursor) is not None

    drive(the_map(), steps)


def test_the_cursor_starts_on_the_largest_run_unless_it_was_moved_before():
    async def steps(pilot, screen):
        assert screen.cursor.position == 20 * MIB

    drive(the_map(at_start=False), steps)

    gate = threading.Event()
    screen = the_map(ScriptedStream(gate=gate), at_start=False)
    screen.runs_on = True

    async def moved_before(pilot, screen):
        await until(pilot, lambda: screen.cursor.viewport is not None)
        assert screen.cursor.position == 0
        await press(pilot, "l")
        place = screen.cursor.position
        gate.set()
        await until(pilot, lambda: not screen.is_updating)
        assert screen.cursor.position == place > 0

    drive(screen, moved_before)


def test_a_map_without_extents_starts_at_the_first_byte():
    async def steps(pilot, screen):
        assert screen.cursor.position == 0
        assert screen.cursor.is_placed

    drive(the_map(ScriptedStream([]), at_start=False), steps)


def test_backspace_returns_through_jumps_and_zooms():
    async def steps(pilot, screen):
        visited = []
        for key in ("n", "z", "n", "plus", "G"):
            before = screen.cursor.viewport, screen.cursor.position
            await press(pilot, key)
            if before != (screen.cursor.viewport, screen.cursor.position):
                visited.append(before)
        assert len(visited) >= 4
        while visited:
            await press(pilot, "backspace")
            assert (screen.cursor.viewport, screen.cursor.position) == visited.pop()
        await press(pilot, "backspace")
        assert "no earlier place" in shown(pilot.app)

    drive(the_map(), steps)


def test_a_colon_goes_to_an_offset():
    places = {"12Mi": 12 * MIB, "0x3f000": 0x3F000, "50%": 32 * MIB, "lba 2048": MIB, "+1Mi": 31 * MIB}

    async def steps(pilot, screen):
        for text, place in places.items():
            screen.go_to(30 * MIB)
            await press(pilot, "colon")
            await type_text(pilot, text)
            await press(pilot, "enter")
            assert screen.cursor.position == place, text
            assert screen.query_one(Prompt).display is False
            assert screen.query_one(MapView).has_focus

    drive(the_map(), steps)


def test_a_place_that_is_none_is_explained_and_can_be_given_up():
    async def steps(pilot, screen):
        await press(pilot, "colon")
        await type_text(pilot, "99Gi")
        await press(pilot, "enter")
        assert screen.query_one(Prompt).display is True
        assert "outside the volume of 64 MiB" in shown(pilot.app)
        await press(pilot, "escape")
        assert screen.query_one(Prompt).display is False
        assert screen.cursor.position == 0

    drive(the_map(), steps)


def test_a_click_moves_the_cursor_and_the_wheel_zooms_around_the_pointer():
    async def steps(pilot, screen):
        view = screen.query_one(MapView)
        await pilot.click(MapView, offset=(30, 8))
        column, row = 30 - 1 - 14, (8 - 1 - 1) * 2
        viewport = screen.cursor.viewport
        assert screen.cursor.position == (row * viewport.columns + column) * viewport.cell_bytes
        cursor = screen.cursor.position
        view.post_message(MapView.WheelScrolled(cursor, closer=True))
        await until(pilot, lambda: screen.cursor.viewport.cell_bytes < viewport.cell_bytes)
        view.post_message(MapView.WheelScrolled(cursor, closer=False))
        await until(pilot, lambda: screen.cursor.viewport.is_whole)
        assert screen.cursor.position == cursor

    drive(the_map(), steps)


def test_a_click_on_the_minimap_goes_to_that_part_of_the_volume():
    async def steps(pilot, screen):
        minimap = screen.query_one(Minimap)
        text = minimap.render_line(0).text
        first, last = text.index("▕") + 1, text.index("▏")
        await pilot.click(Minimap, offset=((first + last) // 2, 0))
        await until(pilot, lambda: screen.cursor.position > 0)
        assert abs(screen.cursor.position - CAPACITY // 2) <= CAPACITY // (last - first) + 1
        await pilot.click(Minimap, offset=(first, 0))
        await until(pilot, lambda: screen.cursor.position == 0)
        await pilot.click(Minimap, offset=(last + 3, 0))
        assert screen.cursor.position == 0

    drive(the_map(), steps)


def test_a_click_on_the_footer_does_what_the_key_does():
    async def steps(pilot, screen):
        text = screen.query_one(KeyBar).visual.plain
        for word, shows in (("statistics", "Largest runs"), ("help", "Suspend")):
            await pilot.click(KeyBar, offset=(text.index(word), 0))
            await until(pilot, lambda shows=shows: shows in shown(pilot.app))

    drive(the_map(), steps, size=(110, 80))
