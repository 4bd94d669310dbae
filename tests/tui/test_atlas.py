"""Moving over a volume: the cursor is always on the screen, and every way there has a way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.tui.navigation import Atlas

MIB = 2**20

capacities = st.one_of(st.integers(1, 50), st.integers(1, 20_000), st.integers(1, 2**62))
grains = st.sampled_from([0, 1, 512, 4096])
screens = st.tuples(st.integers(1, 40), st.integers(1, 12))
places = st.integers(0, 2**62)

MOVES = {
    "go": lambda atlas, grain, place: atlas.go(place),
    "far before": lambda atlas, grain, place: atlas.go(-place),
    "cell on": lambda atlas, grain, place: atlas.go_cells(1),
    "cell back": lambda atlas, grain, place: atlas.go_cells(-1),
    "down": lambda atlas, grain, place: atlas.go_rows(1),
    "up": lambda atlas, grain, place: atlas.go_rows(-1),
    "page down": lambda atlas, grain, place: atlas.go_pages(1),
    "page up": lambda atlas, grain, place: atlas.go_pages(-1),
    "home": lambda atlas, grain, place: atlas.go_in_row(0),
    "end": lambda atlas, grain, place: atlas.go_in_row(-1),
    "nearer": lambda atlas, grain, place: atlas.zoom(grain, atlas.cursor, nearer=True),
    "farther": lambda atlas, grain, place: atlas.zoom(grain, atlas.cursor, nearer=False),
    "into": lambda atlas, grain, place: atlas.zoom_into_cell(grain),
    "whole": lambda atlas, grain, place: atlas.zoom_whole(grain),
    "resize": lambda atlas, grain, place: atlas.lay_out(
        atlas.window.capacity_bytes, grain, place % 37 + 1, place % 11 + 1
    ),
}
moves = st.lists(st.tuples(st.sampled_from(sorted(MOVES)), places), max_size=12)


def laid_out(capacity: int, grain: int, screen: tuple[int, int], steps=()) -> Atlas:
    atlas = Atlas()
    atlas.lay_out(capacity, grain, *screen)
    for name, place in steps:
        MOVES[name](atlas, grain, place)
    return atlas


@law
@given(capacities, grains, screens, moves, st.sampled_from([("down", "up"), ("page down", "page up")]))
def test_a_move_and_its_opposite_come_back_to_the_cell(capacity, grain, screen, steps, pair):
    atlas = laid_out(capacity, grain, screen, steps)
    cell, columns = atlas.cursor // atlas.window.cell_bytes, atlas.window.columns
    way = columns if pair[0] == "down" else atlas.window.cells
    if (cell + way) * atlas.window.cell_bytes >= capacity:
        return  # there is no way there, and so none back
    for name in pair:
        MOVES[name](atlas, grain, 0)
    assert atlas.cursor // atlas.window.cell_bytes == cell


@law
@given(capacities, grains, screens, moves, st.sampled_from(["down", "up", "page down", "page up"]))
def test_no_way_up_or_down_leaves_the_column(capacity, grain, screen, steps, move):
    atlas = laid_out(capacity, grain, screen, steps)
    window = atlas.window
    column = atlas.cursor // window.cell_bytes % window.columns
    MOVES[move](atlas, grain, 0)
    assert atlas.cursor // window.cell_bytes % window.columns == column


@law
@given(capacities, grains, screens, moves, st.sampled_from(["nearer", "farther", "into", "whole", "resize"]), places)
def test_only_going_moves_the_cursors_byte(capacity, grain, screen, steps, change, place):
    atlas = laid_out(capacity, grain, screen, steps)
    cursor = atlas.cursor
    MOVES[change](atlas, grain, place)
    assert atlas.cursor == cursor


@law
@given(capacities, grains, screens, moves)
def test_zooming_ends_at_the_grain_and_at_the_whole_volume(capacity, grain, screen, steps):
    atlas = laid_out(capacity, grain, screen, steps)
    for _ in range(70):
        atlas.zoom(grain, atlas.cursor, nearer=True)
    assert atlas.window.cell_bytes == max(grain, 1) or atlas.window.is_whole
    for _ in range(70):
        atlas.zoom(grain, atlas.cursor, nearer=False)
    assert atlas.window.is_whole


@law
@given(capacities, grains, screens, moves)
def test_the_cell_that_was_gone_into_is_all_on_the_screen(capacity, grain, screen, steps):
    atlas = laid_out(capacity, grain, screen, steps)
    start, end = atlas.cell
    atlas.zoom_into_cell(grain)
    if atlas.window.cells > 1:
        assert atlas.window.start <= start < end <= atlas.window.end


def test_the_ends_of_the_volume_stop_the_cursor():
    atlas = laid_out(64 * MIB, 4096, (10, 4))
    atlas.go_cells(-1)
    assert atlas.cursor == 0
    atlas.go(2**63 - 1)
    assert atlas.cursor == 64 * MIB - 1
    atlas.go_cells(1)
    assert atlas.cursor == 64 * MIB - 1


@pytest.mark.parametrize("move", sorted(set(MOVES) - {"resize"}))
def test_before_anything_is_known_no_move_does_anything(move):
    atlas = Atlas(cursor=7)
    MOVES[move](atlas, 4096, 12)
    assert (atlas.window, atlas.cursor, atlas.cell) == (None, 7, (0, 0))


def test_a_volume_that_turns_out_smaller_keeps_the_cursor_inside():
    atlas = laid_out(64 * MIB, 4096, (10, 4))
    atlas.go(60 * MIB)
    atlas.lay_out(32 * MIB, 4096, 10, 4)
    assert atlas.cursor == 32 * MIB - 1
    assert atlas.window.index_of(atlas.cursor) is not None


@pytest.mark.parametrize("capacity", [64 * MIB, 33 * MIB, 32 * MIB + 1])
def test_who_saw_all_of_a_volume_still_does_when_it_turns_out_larger(capacity):
    """A snapshot's restoreSize may be less than the capacity that the first message brings."""
    atlas = laid_out(32 * MIB, 4096, (40, 10))
    assert atlas.window.is_whole
    atlas.lay_out(capacity, 4096, 40, 10)
    assert atlas.window.is_whole
