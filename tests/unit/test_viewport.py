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
def viewports(draw):
    """Any viewport there is a way to: of cells of any size, with any byte on the screen."""
    viewport = whole_volume(draw(capacities), draw(grains), *draw(screens))
    if draw(st.booleans()):
        viewport = viewport.with_cells_of(draw(cell_sizes), draw(bytes_in(viewport)))
    return viewport.showing(draw(bytes_in(viewport)))


def bytes_in(viewport: Viewport) -> st.SearchStrategy[int]:
    """A byte of the volume, often one at an end of it or beside the viewport."""
    last = viewport.capacity_bytes - 1
    beside = [
        min(max(place, 0), last) for place in (viewport.start - 1, viewport.start, viewport.end - 1, viewport.end)
    ]
    return st.one_of(st.integers(0, last), st.sampled_from([0, last, *beside]))


def volume_cells(viewport: Viewport) -> int:
    return -(-viewport.capacity_bytes // viewport.cell_bytes)


def is_at_an_end(viewport: Viewport) -> bool:
    return viewport.start == 0 or viewport.end == viewport.capacity_bytes


def fills_the_screen(viewport: Viewport) -> bool:
    """Nothing stays empty while there is volume to show."""
    return viewport.first_cell >= 0 and viewport.shown_cells == min(viewport.cells, volume_cells(viewport))


# Cells.


@law
@given(viewports())
def test_cells_are_disjoint_ordered_and_cover_the_window(viewport):
    edges = viewport.edges().tolist()
    assert (edges[0], edges[-1]) == (viewport.start, viewport.end)
    assert len(edges) == viewport.shown_cells + 1 >= 2
    assert 0 <= viewport.start < viewport.end <= viewport.capacity_bytes
    widths = [high - low for low, high in pairwise(edges)]
    assert set(widths[:-1]) <= {viewport.cell_bytes}
    assert 0 < widths[-1] <= viewport.cell_bytes
    assert widths[-1] == viewport.cell_bytes or viewport.end == viewport.capacity_bytes


@law
@given(viewports())
def test_a_window_shows_as_much_as_there_is_room_for(viewport):
    assert viewport.cells == viewport.columns * viewport.rows
    assert fills_the_screen(viewport)
    assert viewport.is_whole == (viewport.end - viewport.start == viewport.capacity_bytes)


@law
@given(viewports())
def test_the_index_and_the_bounds_of_a_byte_name_the_same_cell(viewport):
    for index, (low, high) in enumerate(pairwise(viewport.edges().tolist())):
        for position in {low, (low + high) // 2, high - 1}:
            assert viewport.index_of(position) == index
            assert viewport.bounds(position) == (low, high)


@law
@given(viewports(), st.data())
def test_a_byte_off_the_screen_has_no_index_but_bounds(viewport, data):
    assert viewport.index_of(viewport.start - 1) is None
    assert viewport.index_of(viewport.end) is None
    position = data.draw(bytes_in(viewport))
    low, high = viewport.bounds(position)
    assert low <= position < high <= viewport.capacity_bytes
    assert low % viewport.cell_bytes == 0
    assert high - low == viewport.cell_bytes or high == viewport.capacity_bytes
    assert (viewport.index_of(position) is None) == (not viewport.start <= position < viewport.end)


@law
@given(viewports(), viewports())
def test_the_bounds_of_a_cell_do_not_depend_on_how_one_got_there(viewport, other):
    panned = Viewport(viewport.capacity_bytes, other.columns, other.rows, viewport.cell_bytes, viewport.first_cell)
    assert panned.bounds(viewport.end - 1) == viewport.bounds(viewport.end - 1)
    common = set(viewport.edges().tolist()[:-1]) & set(panned.edges().tolist()[:-1])
    assert len(common) == min(viewport.shown_cells, panned.shown_cells)


# Exact sums.


@st.composite
def windows_and_extents(draw):
    """A viewport and extents around it: some of them in front, some behind, some of many cells, some within one."""
    viewport = draw(viewports())
    most = draw(st.integers(1, 24))
    first = max(viewport.start - draw(st.integers(0, viewport.cell_bytes)), 0)
    widest = draw(st.sampled_from([viewport.cell_bytes, viewport.end - viewport.start, 5])) // (2 * most) + 1
    return viewport, draw(legal_extents(most=most, widest=widest, first=first))


@law
@given(windows_and_extents())
def test_cells_add_up_exactly_to_the_covered_bytes_of_any_window_at_any_zoom(drawn):
    viewport, extents = drawn
    found = coverage(Extents(*columns(extents)), viewport.edges())
    assert len(found) == viewport.shown_cells
    assert sum(found.tolist()) == covered_between(extents, viewport.start, viewport.end)


@law
@given(windows_and_extents())
def test_each_cell_of_a_window_has_its_covered_bytes(drawn):
    viewport, extents = drawn
    edges = viewport.edges()
    found = coverage(Extents(*columns(extents)), edges).tolist()
    assert found == [covered_between(extents, low, high) for low, high in pairwise(edges.tolist())]


@few
@given(st.integers(1, 600), grains, screens, legal_extents(widest=40), st.data())
def test_zooming_step_by_step_never_changes_what_is_covered(capacity, grain, screen, extents, data):
    """Every page of every zoom, and the sum is the same."""
    viewport, covered = whole_volume(capacity, grain, *screen), Extents(*columns(extents))
    expected = covered_between(extents, 0, capacity)
    for _ in range(11):
        pages = range(0, volume_cells(viewport), viewport.cells)
        shown = [Viewport(capacity, *screen, viewport.cell_bytes, first_cell) for first_cell in pages]
        assert [page.end for page in shown[:-1]] == [page.start for page in shown[1:]]
        assert sum(int(coverage(covered, page.edges()).sum()) for page in shown) == expected
        viewport = viewport.with_cells_of(Zoom(viewport, grain).smaller(), data.draw(bytes_in(viewport)))


# Moves.


@law
@given(viewports(), st.data())
def test_showing_a_byte_moves_by_the_fewest_whole_rows_unless_an_end_is_hit(viewport, data):
    position = data.draw(bytes_in(viewport))
    shown = viewport.showing(position)
    assert shown.index_of(position) is not None
    assert fills_the_screen(shown)
    assert (shown.cell_bytes, shown.columns, shown.rows) == (viewport.cell_bytes, viewport.columns, viewport.rows)
    moved = shown.first_cell - viewport.first_cell
    assert moved % viewport.columns == 0 or is_at_an_end(shown)
    if viewport.index_of(position) is not None:
        assert shown == viewport
    elif abs(moved) > viewport.columns:
        # A row less would not do.
        nearly = shown.first_cell - (viewport.columns if moved > 0 else -viewport.columns)
        assert (
            Viewport(viewport.capacity_bytes, *(viewport.columns, viewport.rows), viewport.cell_bytes, nearly).index_of(
                position
            )
            is None
        )


@law
@given(viewports(), st.data())
def test_a_window_that_shows_a_byte_stays_where_it_is(viewport, data):
    position = data.draw(bytes_in(viewport))
    assert viewport.showing(position).showing(position) == viewport.showing(position)


@law
@given(viewports(), cell_sizes, st.data())
def test_zooming_keeps_a_byte_at_its_place_unless_an_end_is_hit(viewport, cell_bytes, data):
    position = data.draw(bytes_in(viewport))
    zoomed = viewport.with_cells_of(cell_bytes, position)
    assert zoomed.cell_bytes == cell_bytes
    assert (zoomed.columns, zoomed.rows) == (viewport.columns, viewport.rows)
    assert fills_the_screen(zoomed)
    place = zoomed.index_of(position)
    assert place is not None
    assert place == viewport.showing(position).index_of(position) or is_at_an_end(zoomed)


@law
@given(viewports(), st.data())
def test_cells_of_the_same_size_move_nothing(viewport, data):
    position = data.draw(st.integers(viewport.start, viewport.end - 1))
    assert viewport.with_cells_of(viewport.cell_bytes, position) == viewport


@law
@given(viewports(), screens, st.data())
def test_another_size_of_the_screen_keeps_a_byte_on_it(viewport, screen, data):
    position = data.draw(bytes_in(viewport))
    laid_out = viewport.laid_out(*screen, position)
    assert (laid_out.columns, laid_out.rows) == screen
    assert laid_out.cell_bytes == viewport.cell_bytes
    assert laid_out.index_of(position) is not None
    assert fills_the_screen(laid_out)


@law
@given(viewports(), st.data())
def test_the_same_size_of_the_screen_changes_nothing(viewport, data):
    position = data.draw(st.integers(viewport.start, viewport.end - 1))
    assert viewport.laid_out(viewport.columns, viewport.rows, position) == viewport


def test_a_larger_screen_starts_with_the_same_cell():
    viewport = Viewport(1 << 30, 8, 4, 4096, 80)
    assert viewport.laid_out(16, 4, viewport.start) == Viewport(1 << 30, 16, 4, 4096, 80)


def test_one_row_down_is_one_row_further():
    viewport = Viewport(1 << 30, 8, 4, 4096, 80)
    assert viewport.showing(viewport.end).first_cell == 88
    assert viewport.showing(viewport.start - 1).first_cell == 72


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
    viewport = whole_volume(capacity, grain, *screen)
    assert viewport.is_whole
    assert viewport.edges().tolist()[-1] == capacity
    assert viewport.shown_cells == volume_cells(viewport)
    smallest = -(-capacity // viewport.cells)
    assert viewport.cell_bytes == max(next(number for number in ROUND_NUMBERS if number >= smallest), grain)


@law
@given(capacities, grains, screens)
def test_cells_coarser_than_the_grain_leave_at_most_a_sixteenth_of_the_screen_empty(capacity, grain, screen):
    viewport = whole_volume(capacity, grain, *screen)
    # Of a few bytes each, the next larger cell is more than a sixteenth larger.
    assume(viewport.cell_bytes > max(grain, 15))
    assert (viewport.cells * viewport.cell_bytes - capacity) * 16 <= viewport.cells * viewport.cell_bytes
    assert (viewport.cells - viewport.shown_cells) * 16 <= viewport.cells


def test_a_volume_of_fewer_bytes_than_cells_has_a_cell_for_each_byte():
    viewport = whole_volume(7, 0, 80, 24)
    assert (viewport.cell_bytes, viewport.shown_cells, viewport.edges().tolist()) == (1, 7, [0, 1, 2, 3, 4, 5, 6, 7])


def test_a_volume_smaller_than_its_grain_is_one_cell():
    viewport = whole_volume(100, 4096, 80, 24)
    assert (viewport.cell_bytes, viewport.edges().tolist()) == (4096, [0, 100])
    assert viewport.bounds(99) == (0, 100)


# Sizes of cells.


@few
@given(capacities, grains, screens, st.data())
def test_zooming_in_reaches_the_grain_and_zooming_out_the_whole_volume(capacity, grain, screen, data):
    whole = viewport = whole_volume(capacity, grain, *screen)
    sizes = [viewport.cell_bytes]
    while (size := Zoom(viewport, grain).smaller()) != viewport.cell_bytes:
        viewport = viewport.with_cells_of(size, data.draw(bytes_in(viewport)))
        sizes.append(size)
    assert all(larger > smaller for larger, smaller in pairwise(sizes))
    assert sizes[-1] == max(grain, 1)
    back = [viewport.cell_bytes]
    while (size := Zoom(viewport, grain).larger()) != viewport.cell_bytes:
        viewport = viewport.with_cells_of(size, data.draw(bytes_in(viewport)))
        back.append(size)
    assert back == sizes[::-1]
    assert viewport == whole


@law
@given(viewports(), st.data())
def test_from_cells_of_any_size_nearer_is_smaller_and_farther_larger(viewport, data):
    grain = data.draw(st.one_of(st.just(0), st.integers(1, viewport.cell_bytes)))
    zoom = Zoom(viewport, grain)
    whole = whole_volume(viewport.capacity_bytes, grain, viewport.columns, viewport.rows).cell_bytes
    nearer, farther = zoom.smaller(), zoom.larger()
    assert nearer < viewport.cell_bytes or nearer == viewport.cell_bytes == max(grain, 1)
    assert farther > viewport.cell_bytes or farther == whole
    assert max(grain, 1) <= nearer <= whole
    assert farther <= whole


@law
@given(viewports(), grains)
@example(Viewport(100, 10, 10, 1), 4096)
def test_nearer_never_gives_larger_cells_even_where_they_are_finer_than_the_grain(viewport, grain):
    """A grain that becomes known after the viewport was opened may be larger than its cells."""
    assert Zoom(viewport, grain).smaller() <= viewport.cell_bytes


@law
@given(viewports(), grains)
def test_into_a_cell_is_the_smallest_step_that_has_room_for_it(viewport, grain):
    size = Zoom(viewport, grain).single_cell()
    assert size <= viewport.cell_bytes
    # One cell of the screen is to spare, for a former cell that begins within one of the new ones.
    room = max(viewport.cells - 1, 1)
    assert size * room >= viewport.cell_bytes
    if size < viewport.cell_bytes:
        step, rest = divmod(size, max(grain, 1))
        assert (rest, step.bit_count()) == (0, 1)
        assert size == max(grain, 1) or size // 2 * room < viewport.cell_bytes


def holds(viewport: Viewport, size: int, position: int) -> bool:
    """Whether as many cells of ``size`` as there is room for hold all of the cell that holds ``position``."""
    low, high = viewport.bounds(position)
    inside = Viewport(viewport.capacity_bytes, viewport.columns, viewport.rows, size, low // size)
    return inside.index_of(low) == 0 and inside.index_of(high - 1) is not None


@few
@given(capacities, grains, screens, st.data())
def test_zooming_into_a_cell_contains_the_former_cell(capacity, grain, screen, data):
    """From the whole volume and from every step below it."""
    viewport = whole_volume(capacity, grain, *screen)
    for _ in range(64):
        position = data.draw(bytes_in(viewport))
        assert holds(viewport, Zoom(viewport, grain).single_cell(), position)
        if viewport.cell_bytes == max(grain, 1):
            break
        viewport = viewport.with_cells_of(Zoom(viewport, grain).smaller(), position)


@pytest.mark.parametrize(
    ("capacity", "grain", "screen", "position"),
    [(133, 1, (3, 2), 23), (4_974_807_727, 5000, (9, 5), 3_737_124_864)],
    ids=["few cells", "a grain that is no power of two"],
)
def test_zooming_into_a_cell_contains_the_former_cell_if_finer_cells_begin_within_it(capacity, grain, screen, position):
    """A cell that the finer ones do not divide touches one more of them than its size needs."""
    viewport = whole_volume(capacity, grain, *screen)
    assert holds(viewport, Zoom(viewport, grain).single_cell(), position)


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
    assert (zoom.smaller(), zoom.larger()) == (nearer, farther)
