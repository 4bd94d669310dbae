"""Moving over a volume: the cursor is always on the screen, and every way there has a way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.tui.navigation import MapCursor

MIB = 2**20

capacities = st.one_of(st.integers(1, 50), st.integers(1, 20_000), st.integers(1, 2**62))
grains = st.sampled_from([0, 1, 512, 4096])
screens = st.tuples(st.integers(1, 40), st.integers(1, 12))
places = st.integers(0, 2**62)

MOVES = {
    "go": lambda cursor, grain, place: cursor.go(place),
    "far before": lambda cursor, grain, place: cursor.go(-place),
    "cell on": lambda cursor, grain, place: cursor.go_cells(1),
    "cell back": lambda cursor, grain, place: cursor.go_cells(-1),
    "down": lambda cursor, grain, place: cursor.go_rows(1),
    "up": lambda cursor, grain, place: cursor.go_rows(-1),
    "page down": lambda cursor, grain, place: cursor.go_pages(1),
    "page up": lambda cursor, grain, place: cursor.go_pages(-1),
    "home": lambda cursor, grain, place: cursor.go_in_row(0),
    "end": lambda cursor, grain, place: cursor.go_in_row(-1),
    "nearer": lambda cursor, grain, place: cursor.zoom(grain, cursor.position, closer=True),
    "farther": lambda cursor, grain, place: cursor.zoom(grain, cursor.position, closer=False),
    "into": lambda cursor, grain, place: cursor.zoom_to_cell(grain),
    "whole": lambda cursor, grain, place: cursor.zoom_whole(grain),
    "resize": lambda cursor, grain, place: cursor.lay_out(
        cursor.viewport.capacity_bytes, grain, place % 37 + 1, place % 11 + 1
    ),
}
moves = st.lists(st.tuples(st.sampled_from(sorted(MOVES)), places), max_size=12)


def laid_out(capacity: int, grain: int, screen: tuple[int, int], steps=()) -> MapCursor:
    cursor = MapCursor()
    cursor.lay_out(capacity, grain, *screen)
    for name, place in steps:
        MOVES[name](cursor, grain, place)
    return cursor


@law
@given(capacities, grains, screens, moves, st.sampled_from([("down", "up"), ("page down", "page up")]))
def test_a_move_and_its_opposite_come_back_to_the_cell(capacity, grain, screen, steps, pair):
    cursor = laid_out(capacity, grain, screen, steps)
    cell, columns = cursor.position // cursor.viewport.cell_bytes, cursor.viewport.columns
    way = columns if pair[0] == "down" else cursor.viewport.cells
    if (cell + way) * cursor.viewport.cell_bytes >= capacity:
        return  # there is no way there, and so none back
    for name in pair:
        MOVES[name](cursor, grain, 0)
    assert cursor.position // cursor.viewport.cell_bytes == cell


@law
@given(capacities, grains, screens, moves, st.sampled_from(["down", "up", "page down", "page up"]))
def test_no_way_up_or_down_leaves_the_column(capacity, grain, screen, steps, move):
    cursor = laid_out(capacity, grain, screen, steps)
    viewport = cursor.viewport
    column = cursor.position // viewport.cell_bytes % viewport.columns
    MOVES[move](cursor, grain, 0)
    assert cursor.position // viewport.cell_bytes % viewport.columns == column


@law
@given(capacities, grains, screens, moves, st.sampled_from(["nearer", "farther", "into", "whole", "resize"]), places)
def test_only_going_moves_the_cursors_byte(capacity, grain, screen, steps, change, place):
    cursor = laid_out(capacity, grain, screen, steps)
    position = cursor.position
    MOVES[change](cursor, grain, place)
    assert cursor.position == position


@law
@given(capacities, grains, screens, moves)
def test_zooming_ends_at_the_grain_and_at_the_whole_volume(capacity, grain, screen, steps):
    cursor = laid_out(capacity, grain, screen, steps)
    for _ in range(70):
        cursor.zoom(grain, cursor.position, closer=True)
    assert cursor.viewport.cell_bytes == max(grain, 1) or cursor.viewport.is_whole
    for _ in range(70):
        cursor.zoom(grain, cursor.position, closer=False)
    assert cursor.viewport.is_whole


@law
@given(capacities, grains, screens, moves)
def test_the_cell_that_was_gone_into_is_all_on_the_screen(capacity, grain, screen, steps):
    cursor = laid_out(capacity, grain, screen, steps)
    start, end = cursor.cell
    cursor.zoom_to_cell(grain)
    if cursor.viewport.cells > 1:
        assert cursor.viewport.start <= start < end <= cursor.viewport.end


def test_the_ends_of_the_volume_stop_the_cursor():
    cursor = laid_out(64 * MIB, 4096, (10, 4))
    cursor.go_cells(-1)
    assert cursor.position == 0
    cursor.go(2**63 - 1)
    assert cursor.position == 64 * MIB - 1
    cursor.go_cells(1)
    assert cursor.position == 64 * MIB - 1


@pytest.mark.parametrize("move", sorted(set(MOVES) - {"resize"}))
def test_before_anything_is_known_no_move_does_anything(move):
    cursor = MapCursor(7)
    MOVES[move](cursor, 4096, 12)
    assert (cursor.viewport, cursor.position, cursor.cell) == (None, 7, (0, 0))


def test_a_volume_that_turns_out_smaller_keeps_the_cursor_inside():
    cursor = laid_out(64 * MIB, 4096, (10, 4))
    cursor.go(60 * MIB)
    cursor.lay_out(32 * MIB, 4096, 10, 4)
    assert cursor.position == 32 * MIB - 1
    assert cursor.viewport.index_of(cursor.position) is not None


@pytest.mark.parametrize("capacity", [64 * MIB, 33 * MIB, 32 * MIB + 1])
def test_who_saw_all_of_a_volume_still_does_when_it_turns_out_larger(capacity):
    """A snapshot's restoreSize may be less than the capacity that the first message brings."""
    cursor = laid_out(32 * MIB, 4096, (40, 10))
    assert cursor.viewport.is_whole
    cursor.lay_out(capacity, 4096, 40, 10)
    assert cursor.viewport.is_whole
