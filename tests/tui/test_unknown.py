"""What a stream has not described is shown as unknown: in cells, bars, rows and sentences.

The oracle is two ends that both fit what came. What would differ between them is not known, and must not be stated.
"""

from dataclasses import replace

import numpy as np
import pytest
from directing import (
    CAPACITY,
    GONE,
    KIB,
    MIB,
    THREE,
    TWO,
    ScriptedBackend,
    ScriptedOpened,
    ScriptedStream,
    drive,
    press,
    shown,
    the_map,
    until,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from strategies import columns, law, legal_extents

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.grid import LayerView, cell_codes
from kubectl_cbt.analysis.known_range import KnownRange, fully_known
from kubectl_cbt.analysis.regions import hottest_regions
from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.analysis.viewport import Viewport, whole_volume
from kubectl_cbt.model.extents import ExtentBuffer, Extents
from kubectl_cbt.model.record import Batch, Record, Records
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.output.lower_bounds import at_least
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.tui.loader import Frame, Loader
from kubectl_cbt.tui.text.cell_panel import cell_panel, no_extent_at_cursor, no_run_found
from kubectl_cbt.tui.text.header_line import header_line
from kubectl_cbt.tui.text.statistics_panel import jumps_to, statistics_panel
from kubectl_cbt.tui.widgets.minimap import Minimap

WORDS = vocabulary_of("delta")
RESOLVED = ScriptedOpened(ScriptedStream(), SnapshotNames(THREE, TWO)).resolved
LENGTH = 4000


def frame_of(extents, *, complete: bool, is_running: bool = False) -> Frame:
    """Of a stream that gave these, in one message, and then ended or broke."""
    stream = ScriptedStream(extents, capacity=LENGTH)
    log, figures = ExtentBuffer(), SummaryBuilder()
    offsets, sizes = columns(extents)
    stream.messages, stream.extents, stream.capacity_bytes = 1, len(extents), LENGTH
    stream.next_offset = int((offsets + sizes)[-1]) if extents else 0
    log.append(offsets, sizes)
    figures.add(Batch.whole(Records.of(Record(1, 2, LENGTH, offsets, sizes))))
    outcome = stream.outcome(None if complete else GONE)
    summary = figures.summary(LENGTH, complete=complete)
    return Frame(log.received(), summary, outcome, is_running, RESOLVED.query)


def ends_of(extents) -> tuple[Frame, Frame, Frame]:
    """Nothing more comes, everything else is changed, one byte is."""
    end = sum(extents[-1]) if extents else 0
    middle = (end + LENGTH) // 2
    rest = ([], [(end, LENGTH - end)], [(middle, 1)])
    return tuple(frame_of([*extents, *(pair for pair in more if pair[1])], complete=True) for more in rest)


def rows_of_here(frame: Frame, viewport: Viewport, cursor: int) -> list[str]:
    extents = frame.received.extents
    return [row.plain for row in cell_panel(extents, frame.known, viewport.bounds(cursor), cursor, WORDS, 40)]


def rows_of_statistics(frame: Frame) -> list[str]:
    extents = frame.received.extents
    found = jumps_to(extents.largest_runs(5), hottest_regions(extents, LENGTH, 5), frame.known)
    return [row.plain for row in statistics_panel(frame, WORDS, *found, 40) if row.plain.strip()]


def nothing_more(frame: Frame, position: int) -> list[str]:
    """What ``n``, ``N`` and ``c`` say when they find nothing."""
    extents, known, said = frame.received.extents, frame.known, []
    for run, ahead in ((extents.run_from(position), True), (extents.run_before(position), False)):
        said.append(no_run_found(WORDS, known, position, ahead=ahead) if run is None else f"{run.start}")
    if not extents.overlapping(position, position + 1):
        said.append(no_extent_at_cursor(known, position, WORDS))
    return said


class Bare(Minimap):
    """Without an app, and so without styles."""

    rich_style = Style()

    def get_component_rich_style(self, *names: str, partial: bool = False) -> Style:
        return Style()


def bars(frame: Frame) -> str:
    """The minimap; its first bar is the cursor."""
    drawn = Bare()._bars(LayerView(frame.received.extents, frame.known), whole_volume(LENGTH, 0, 8, 8), 37)
    return "".join(segment.text for segment in drawn)[1:]


@settings(law, max_examples=30)
@given(
    legal_extents(most=6, widest=200),
    st.integers(0, LENGTH - 1),
    st.integers(1, 300),
    st.booleans(),
)
def test_nothing_of_a_cut_stream_states_what_only_its_rest_can_tell(extents, cursor, cell, is_running):
    extents = [(offset, size) for offset, size in extents if offset + size < LENGTH]
    cut, ends = frame_of(extents, complete=False, is_running=is_running), ends_of(extents)
    viewport = Viewport(LENGTH, 8, -(-LENGTH // (8 * cell)), cell)
    position = max(cursor, cut.known.end)

    drawings = [cell_codes(viewport, LayerView(frame.received.extents, frame.known)) for frame in (cut, *ends)]
    stated = (drawings[0] == grid.NOTHING) | grid.is_allocated(drawings[0])
    for drawing in drawings[1:]:
        assert (drawing[stated] == drawings[0][stated]).all()

    drawn, complete = bars(cut), [bars(frame) for frame in ends]
    assert all(bar == "╱" or all(other[index] >= bar for other in complete) for index, bar in enumerate(drawn))
    assert all(bar != " " or {other[index] for other in complete} == {" "} for index, bar in enumerate(drawn))
    _states_only_what_all_do(rows_of_statistics(cut), [rows_of_statistics(frame) for frame in ends])
    for place in (cursor, position):
        found = rows_of_here(cut, viewport, place)
        _states_only_what_all_do(found, [rows_of_here(frame, viewport, place) for frame in ends])
        said = nothing_more(cut, viewport.bounds(place)[1])
        for sentence in said:
            if "this cell" in sentence and "unknown" not in sentence:
                assert all(sentence in nothing_more(frame, viewport.bounds(place)[1]) for frame in ends)
    assert f" {WORDS.covered} ≥ " in header_line(RESOLVED, "delta", cut, 200).plain


def _states_only_what_all_do(found: list[str], ends: list[list[str]]) -> None:
    """A line without a mark of what is unknown is a line of every end; −0 B is the run that touches the cell."""
    counts = next((index for index, text in enumerate(found) if text.startswith(" Sizes of extents so far")), None)
    marks = ("≥", "≤", "so far", "unknown", "╱", "known", "> 0 %", "none up to", "−0 B")
    for text in found[:counts]:
        # Of a run or region without a mark every byte is known; only its rank, under a title with one, may change.
        if " at " not in text and not any(mark in text for mark in marks):
            assert all(text in end for end in ends), text


@pytest.mark.parametrize(("first", "end"), [(0, 10), (3, 10), (0, 7)])
def test_both_layers_are_known_only_where_each_is(first, end):
    viewport = Viewport(10, 10, 1, 1)
    everything, nothing = Extents(*columns([(0, 10)])), Extents(*columns([]))
    known = KnownRange(first, end, 10, is_complete=False)
    found = cell_codes(viewport, LayerView(nothing, known), LayerView(everything, fully_known(10)))
    inside = (np.arange(10) >= first) & (np.arange(10) < end)
    assert found.tolist() == np.where(inside, grid.UNKNOWN - 1, grid.UNKNOWN).tolist()


def test_out_of_order_nothing_is_known_but_what_came():
    loader = Loader(ScriptedOpened(ScriptedStream([(20 * MIB, MIB)], error=GONE), SnapshotNames(THREE, TWO)))
    loader.start()
    loader.wait_until_ended()
    frame = loader.frame
    assert frame.known.contains(0, 20 * MIB)
    from test_screen_text import BROKEN

    odd = replace(frame, outcome=replace(frame.outcome, violations=(BROKEN,)))
    assert not odd.known.contains(0, 1)


def test_a_cut_delta_below_what_is_allocated_is_hatched_and_its_panels_say_unknown():
    backend = ScriptedBackend()
    screen = the_map(ScriptedStream([(0, 4 * KIB), (MIB, 512 * KIB)], error=GONE), backend)

    async def steps(pilot, screen):
        await press(pilot, "a", "a")
        await until(pilot, lambda: screen.streams.shown == "both" and not screen.is_updating)
        screen.go_to(30 * MIB)
        await press(pilot, "n")
        text = shown(pilot.app)
        assert "unknown whether anything is changed after this cell" in text
        assert "≥ 516 KiB so far" in text
        assert "changed   unknown" in text
        assert "next      unknown" in text
        assert "1 of 2 so far" in text or "2 of 2 so far" in text
        codes = cell_codes(screen.cursor.viewport, *screen.streams.views())
        assert not grid.is_allocated(codes[screen.cursor.viewport.index_of(2 * MIB) :]).any()
        assert "╱╱╱" in text.splitlines()[-2]

    drive(screen, steps, size=(140, 30))


def test_an_excerpt_states_its_own_range():
    known = KnownRange(MIB, 2 * MIB, CAPACITY, is_complete=True)
    assert at_least("4 KiB", known) == "≥ 4 KiB"
    assert no_run_found(WORDS, known, MIB, ahead=True).endswith("2 MiB; unknown beyond")
