"""Windows: cells that tile what they show, exact sums at any zoom, and moves that never lose the cursor."""

from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import columns, covered_between, law, legal_extents

from kubectl_cbt.analysis.cells import coverage
from kubectl_cbt.analysis.viewport import Viewport, Zoom, whole_volume
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.record import INT64_MAX

LARGEST = 2**62
ROUND_NUMBERS = sorted({m << k for m in range(1, 32) for k in range(63)})
"""Of at most five significant bits."""

capacities = st.one_of(
    st.integers(1, 60),
    st.integers(1, 20_000),
    st.integers(1, LARGEST),
    st.builds(lambda power, off: max((1 << power) + off, 1), st.integers(0, 61), st.integers(-2, 2)),
)
grains = st.one_of(
    st.sampled_from([0, 1, 512, 4096, 1 << 20]), st.integers(1, 100), st.integers(1, LARGEST).map(lambda odd: odd | 1)
)
few = settings(law, max_examples=40)
"""For what takes every step of a zoom."""

cell_sizes = st.one_of(st.integers(1, 30), st.integers(1, LARGEST))
screens = st.tuples(st.integers(1, 40), st.integers(1, 12))


@st.composite
def windows(draw):
    """Any window there is a way to: of cells of any size, with any byte on the screen."""
    window = whole_volume(draw(capacities), draw(grains), *draw(screens))
    if draw(st.booleans()):
        window = window.with_cells_of(draw(cell_sizes), draw(bytes_in(window)))
    return window.showing(draw(bytes_in(window)))


def bytes_in(window: Viewport) -> st.SearchStrategy[int]:
    """A byte of the volume, often one at an end of it or beside the window."""
    last = window.capacity_bytes - 1
    beside = [min(max(place, 0), last) for place in (window.start - 1, window.start, window.end - 1, window.end)]
    return st.one_of(st.integers(0, last), st.sampled_from([0, last, *beside]))


def volume_cells(window: Viewport) -> int:
    return -(-window.capacity_bytes // window.cell_bytes)


def is_at_an_end(window: Viewport) -> bool:
    return window.start == 0 or window.end == window.capacity_bytes


def fills_the_screen(window: Viewport) -> bool:
    """Nothing stays empty while there is volume to show."""
    return window.first_cell >= 0 and window.shown_cells == min(window.cells, volume_cells(window))


# Cells.


@law
@given(windows())
def test_cells_are_disjoint_ordered_and_cover_the_window(window):
    edges = window.edges().tolist()
    assert (edges[0], edges[-1]) == (window.start, window.end)
    assert len(edges) == window.shown_cells + 1 >= 2
    assert 0 <= window.start < window.end <= window.capacity_bytes
    widths = [high - low for low, high in pairwise(edges)]
    assert set(widths[:-1]) <= {window.cell_bytes}
    assert 0 < widths[-1] <= window.cell_bytes
    assert widths[-1] == window.cell_bytes or window.end == window.capacity_bytes


@law
@given(windows())
def test_a_window_shows_as_much_as_there_is_room_for(window):
    assert window.cells == window.columns * window.rows
    assert fills_the_screen(window)
    assert window.is_whole == (window.end - window.start == window.capacity_bytes)


@law
@given(windows())
def test_the_index_and_the_bounds_of_a_byte_name_the_same_cell(window):
    for index, (low, high) in enumerate(pairwise(window.edges().tolist())):
        for position in {low, (low + high) // 2, high - 1}:
            assert window.index_of(position) == index
            assert window.bounds(position) == (low, high)


@law
@given(windows(), st.data())
def test_a_byte_off_the_screen_has_no_index_but_bounds(window, data):
    assert window.index_of(window.start - 1) is None
    assert window.index_of(window.end) is None
    position = data.draw(bytes_in(window))
    low, high = window.bounds(position)
    assert low <= position < high <= window.capacity_bytes
    assert low % window.cell_bytes == 0
    assert high - low == window.cell_bytes or high == window.capacity_bytes
    assert (window.index_of(position) is None) == (not window.start <= position < window.end)


@law
@given(windows(), windows())
def test_the_bounds_of_a_cell_do_not_depend_on_how_one_got_there(window, other):
    panned = Viewport(window.capacity_bytes, other.columns, other.rows, window.cell_bytes, window.first_cell)
    assert panned.bounds(window.end - 1) == window.bounds(window.end - 1)
    common = set(window.edges().tolist()[:-1]) & set(panned.edges().tolist()[:-1])
    assert len(common) == min(window.shown_cells, panned.shown_cells)


# Exact sums.


@st.composite
def windows_and_extents(draw):
    """A window and extents around it: some of them in front, some behind, some of many cells, some within one."""
    window = draw(windows())
    most = draw(st.integers(1, 24))
    first = max(window.start - draw(st.integers(0, window.cell_bytes)), 0)
    widest = draw(st.sampled_from([window.cell_bytes, window.end - window.start, 5])) // (2 * most) + 1
    return window, draw(legal_extents(most=most, widest=widest, first=first))


@law
@given(windows_and_extents())
def test_cells_add_up_exactly_to_the_covered_bytes_of_any_window_at_any_zoom(drawn):
    window, extents = drawn
    found = coverage(Extents(*columns(extents)), window.edges())
    assert len(found) == window.shown_cells
    assert sum(found.tolist()) == covered_between(extents, window.start, window.end)


@law
@given(windows_and_extents())
def test_each_cell_of_a_window_has_its_covered_bytes(drawn):
    window, extents = drawn
    edges = window.edges()
    found = coverage(Extents(*columns(extents)), edges).tolist()
    assert found == [covered_between(extents, low, high) for low, high in pairwise(edges.tolist())]


@few
@given(st.integers(1, 600), grains, screens, legal_extents(widest=40), st.data())
def test_zooming_step_by_step_never_changes_what_is_covered(capacity, grain, screen, extents, data):
    """Every page of every zoom, and the sum is the same."""
    window, covered = whole_volume(capacity, grain, *screen), Extents(*columns(extents))
    expected = covered_between(extents, 0, capacity)
    for _ in range(11):
        pages = range(0, volume_cells(window), window.cells)
        shown = [Viewport(capacity, *screen, window.cell_bytes, first_cell) for first_cell in pages]
        assert [page.end for page in shown[:-1]] == [page.start for page in shown[1:]]
        assert sum(int(coverage(covered, page.edges()).sum()) for page in shown) == expected
        window = window.with_cells_of(Zoom(window, grain).nearer(), data.draw(bytes_in(window)))


# Moves.


@law
@given(windows(), st.data())
def test_showing_a_byte_moves_by_the_fewest_whole_rows_unless_an_end_is_hit(window, data):
    position = data.draw(bytes_in(window))
    shown = window.showing(position)
    assert shown.index_of(position) is not None
    assert fills_the_screen(shown)
    assert (shown.cell_bytes, shown.columns, shown.rows) == (window.cell_bytes, window.columns, window.rows)
    moved = shown.first_cell - window.first_cell
    assert moved % window.columns == 0 or is_at_an_end(shown)
    if window.index_of(position) is not None:
        assert shown == window
    elif abs(moved) > window.columns:
        # A row less would not do.
        nearly = shown.first_cell - (window.columns if moved > 0 else -window.columns)
        assert (
            Viewport(window.capacity_bytes, *(window.columns, window.rows), window.cell_bytes, nearly).index_of(
                position
            )
            is None
        )


@law
@given(windows(), st.data())
def test_a_window_that_shows_a_byte_stays_where_it_is(window, data):
    position = data.draw(bytes_in(window))
    assert window.showing(position).showing(position) == window.showing(position)


@law
@given(windows(), cell_sizes, st.data())
def test_zooming_keeps_a_byte_at_its_place_unless_an_end_is_hit(window, cell_bytes, data):
    position = data.draw(bytes_in(window))
    zoomed = window.with_cells_of(cell_bytes, position)
    assert zoomed.cell_bytes == cell_bytes
    assert (zoomed.columns, zoomed.rows) == (window.columns, window.rows)
    assert fills_the_screen(zoomed)
    place = zoomed.index_of(position)
    assert place is not None
    assert place == window.showing(position).index_of(position) or is_at_an_end(zoomed)


@law
@given(windows(), st.data())
def test_cells_of_the_same_size_move_nothing(window, data):
    position = data.draw(st.integers(window.start, window.end - 1))
    assert window.with_cells_of(window.cell_bytes, position) == window


@law
@given(windows(), screens, st.data())
def test_another_size_of_the_screen_keeps_a_byte_on_it(window, screen, data):
    position = data.draw(bytes_in(window))
    laid_out = window.laid_out(*screen, position)
    assert (laid_out.columns, laid_out.rows) == screen
    assert laid_out.cell_bytes == window.cell_bytes
    assert laid_out.index_of(position) is not None
    assert fills_the_screen(laid_out)


@law
@given(windows(), st.data())
def test_the_same_size_of_the_screen_changes_nothing(window, data):
    position = data.draw(st.integers(window.start, window.end - 1))
    assert window.laid_out(window.columns, window.rows, position) == window


def test_a_larger_screen_starts_with_the_same_cell():
    window = Viewport(1 << 30, 8, 4, 4096, 80)
    assert window.laid_out(16, 4, window.start) == Viewport(1 << 30, 16, 4, 4096, 80)


def test_one_row_down_is_one_row_further():
    window = Viewport(1 << 30, 8, 4, 4096, 80)
    assert window.showing(window.end).first_cell == 88
    assert window.showing(window.start - 1).first_cell == 72


# The whole volume.


@law
@given(capacities, grains, screens)
@example(1, 0, (1, 1))
@example(1, 4096, (40, 12))
@example(7, 0, (40, 12))
@example(LARGEST, 0, (1, 1))
@example(LARGEST, 0, (40, 12))
@example(INT64_MAX, 4096, (40, 12))
def test_the_whole_volume_is_shown_in_the_smallest_round_cells_no_finer_than_the_grain(capacity, grain, screen):
    window = whole_volume(capacity, grain, *screen)
    assert window.is_whole
    assert window.edges().tolist()[-1] == capacity
    assert window.shown_cells == volume_cells(window)
    smallest = -(-capacity // window.cells)
    assert window.cell_bytes == max(next(number for number in ROUND_NUMBERS if number >= smallest), grain)


@law
@given(capacities, grains, screens)
def test_cells_coarser_than_the_grain_leave_at_most_a_sixteenth_of_the_screen_empty(capacity, grain, screen):
    window = whole_volume(capacity, grain, *screen)
    # Of a few bytes each, the next larger cell is more than a sixteenth larger.
    assume(window.cell_bytes > max(grain, 15))
    assert (window.cells * window.cell_bytes - capacity) * 16 <= window.cells * window.cell_bytes
    assert (window.cells - window.shown_cells) * 16 <= window.cells


def test_a_volume_of_fewer_bytes_than_cells_has_a_cell_for_each_byte():
    window = whole_volume(7, 0, 80, 24)
    assert (window.cell_bytes, window.shown_cells, window.edges().tolist()) == (1, 7, [0, 1, 2, 3, 4, 5, 6, 7])


def test_a_volume_smaller_than_its_grain_is_one_cell():
    window = whole_volume(100, 4096, 80, 24)
    assert (window.cell_bytes, window.edges().tolist()) == (4096, [0, 100])
    assert window.bounds(99) == (0, 100)


# Sizes of cells.


@few
@given(capacities, grains, screens, st.data())
def test_zooming_in_reaches_the_grain_and_zooming_out_the_whole_volume(capacity, grain, screen, data):
    whole = window = whole_volume(capacity, grain, *screen)
    sizes = [window.cell_bytes]
    while (size := Zoom(window, grain).nearer()) != window.cell_bytes:
        window = window.with_cells_of(size, data.draw(bytes_in(window)))
        sizes.append(size)
    assert all(larger > smaller for larger, smaller in pairwise(sizes))
    assert sizes[-1] == max(grain, 1)
    back = [window.cell_bytes]
    while (size := Zoom(window, grain).farther()) != window.cell_bytes:
        window = window.with_cells_of(size, data.draw(bytes_in(window)))
        back.append(size)
    assert back == sizes[::-1]
    assert window == whole


@law
@given(windows(), st.data())
def test_from_cells_of_any_size_nearer_is_smaller_and_farther_larger(window, data):
    grain = data.draw(st.one_of(st.just(0), st.integers(1, window.cell_bytes)))
    zoom = Zoom(window, grain)
    whole = whole_volume(window.capacity_bytes, grain, window.columns, window.rows).cell_bytes
    nearer, farther = zoom.nearer(), zoom.farther()
    assert nearer < window.cell_bytes or nearer == window.cell_bytes == max(grain, 1)
    assert farther > window.cell_bytes or farther == whole
    assert max(grain, 1) <= nearer <= whole
    assert farther <= whole


@law
@given(windows(), grains)
@example(Viewport(100, 10, 10, 1), 4096)
def test_nearer_never_gives_larger_cells_even_where_they_are_finer_than_the_grain(window, grain):
    """A grain that becomes known after the window was opened may be larger than its cells."""
    assert Zoom(window, grain).nearer() <= window.cell_bytes


@law
@given(windows(), grains)
def test_into_a_cell_is_the_smallest_step_that_has_room_for_it(window, grain):
    size = Zoom(window, grain).into_a_cell()
    assert size <= window.cell_bytes
    # One cell of the screen is to spare, for a former cell that begins within one of the new ones.
    room = max(window.cells - 1, 1)
    assert size * room >= window.cell_bytes
    if size < window.cell_bytes:
        step, rest = divmod(size, max(grain, 1))
        assert (rest, step.bit_count()) == (0, 1)
        assert size == max(grain, 1) or size // 2 * room < window.cell_bytes


def holds(window: Viewport, size: int, position: int) -> bool:
    """Whether as many cells of ``size`` as there is room for hold all of the cell that holds ``position``."""
    low, high = window.bounds(position)
    inside = Viewport(window.capacity_bytes, window.columns, window.rows, size, low // size)
    return inside.index_of(low) == 0 and inside.index_of(high - 1) is not None


@few
@given(capacities, grains, screens, st.data())
def test_into_a_cell_holds_the_former_cell(capacity, grain, screen, data):
    """From the whole volume and from every step below it."""
    window = whole_volume(capacity, grain, *screen)
    for _ in range(64):
        position = data.draw(bytes_in(window))
        assert holds(window, Zoom(window, grain).into_a_cell(), position)
        if window.cell_bytes == max(grain, 1):
            break
        window = window.with_cells_of(Zoom(window, grain).nearer(), position)


@pytest.mark.parametrize(
    ("capacity", "grain", "screen", "position"),
    [(133, 1, (3, 2), 23), (4_974_807_727, 5000, (9, 5), 3_737_124_864)],
    ids=["few cells", "a grain that is no power of two"],
)
def test_into_a_cell_holds_the_former_cell_where_finer_cells_begin_within_it(capacity, grain, screen, position):
    """A cell that the finer ones do not divide touches one more of them than its size needs."""
    window = whole_volume(capacity, grain, *screen)
    assert holds(window, Zoom(window, grain).into_a_cell(), position)


@pytest.mark.parametrize(
    ("cell_bytes", "nearer", "farther"),
    [
        (4096, 4096, 8192),
        (5000, 4096, 8192),
        (8192, 4096, 16384),
        (12288, 8192, 16384),
        (1 << 19, 1 << 18, 9 << 16),
        (9 << 16, 1 << 19, 9 << 16),
        (1 << 30, 9 << 16, 9 << 16),
    ],
)
def test_steps_are_the_grain_doubled_and_last_the_whole_volume(cell_bytes, nearer, farther):
    # 100 cells of 9 x 64 KiB hold the volume with a bit to spare.
    zoom = Zoom(Viewport(100 * (9 << 16) - 5, 20, 5, cell_bytes), 4096)
    assert (zoom.nearer(), zoom.farther()) == (nearer, farther)
