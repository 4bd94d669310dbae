"""The visible range of a timeline: never beyond the volume, always with the cursor."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_cbt.analysis.cells import cell_edges
from kubectl_cbt.analysis.volume_columns import columns_of
from kubectl_cbt.tui.visible_range import SMALLEST_COLUMN_BYTES, VisibleRange

CAPACITY = 10 * 2**30 + 4096
steps = st.lists(st.sampled_from(["in", "out", "left", "right", "cell", "far", "whole"]), max_size=25)


@settings(max_examples=60)
@given(steps, st.integers(0, CAPACITY - 1), st.integers(1, 200))
def test_every_step_keeps_the_cursor_visible_and_the_range_within_the_volume(steps, position, count):
    shown = VisibleRange(position)
    shown.use_capacity(CAPACITY)
    edges = cell_edges(0, CAPACITY, 960)
    for step in steps:
        columns = columns_of(edges, shown.start, shown.end, count)
        at = columns.at(shown.position)
        if step in ("in", "out"):
            shown.zoom(count, closer=step == "in")
        elif step in ("left", "right"):
            shown.go_columns(1 if step == "right" else -1, columns)
        elif step == "cell":
            shown.show(int(columns.starts[at]), int(columns.ends[at]), count)
        elif step == "far":
            shown.go(CAPACITY - 1 - shown.position)
        else:
            shown.show_whole()
        assert 0 <= shown.start <= shown.position < shown.end <= CAPACITY, step
        assert shown.end - shown.start >= min(count * SMALLEST_COLUMN_BYTES, CAPACITY)


def test_a_volume_that_turns_out_larger_stays_visible_as_a_whole():
    shown = VisibleRange(5)
    shown.use_capacity(100)
    shown.use_capacity(200)
    assert (shown.start, shown.end, shown.position) == (0, 200, 5)
    assert shown.is_whole
    shown.use_capacity(3)
    assert (shown.start, shown.end, shown.position) == (0, 3, 2)
