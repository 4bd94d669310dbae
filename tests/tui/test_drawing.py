"""What is drawn, without an app: codes of cells, rows of characters, where the cursor goes, what the lines say."""

import threading
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from directing import CAPACITY, ENTRIES, EXTENTS, FOUR, GONE, MIB, ONE, THREE, TWO, ScriptedOpened, ScriptedStream
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from strategies import columns, covered_between, law, legal_extents
from textual.strip import Strip

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.grid import LayerView, cell_codes
from kubectl_cbt.analysis.heat_scale import LOG
from kubectl_cbt.analysis.known_range import KnownRange, fully_known
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.results import MUST, Violation
from kubectl_cbt.output.drawing.painting import (
    ALLOCATED_GLYPHS,
    CURSOR_GLYPH,
    CURSOR_LOWER,
    CURSOR_UPPER,
    HATCH,
    ColorScheme,
    Painter,
)
from kubectl_cbt.output.drawing.svg_lines import svg
from kubectl_cbt.output.heat import GLYPHS
from kubectl_cbt.output.palettes import PALETTES, luminance
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.tui.layers import neighbour
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.text.cell_panel import cell_panel
from kubectl_cbt.tui.text.header_line import header_line
from kubectl_cbt.tui.text.status_line import status_line

WIDTHS = [40, 60, 80, 110, 160, 220]


def loaded(stream: ScriptedStream | None = None) -> Loader:
    loader = Loader(ScriptedOpened(stream or ScriptedStream(), SnapshotNames(THREE, TWO)))
    loader.start()
    loader.wait_until_ended()
    return loader


# Codes.


@law
@given(
    legal_extents(),
    legal_extents(),
    st.integers(1, 400),
    st.integers(1, 9),
    st.integers(1, 6),
    st.integers(1, 40),
    st.tuples(st.integers(0, 300), st.integers(0, 300)),
)
def test_every_cell_has_the_code_that_its_bytes_say(heat, allocated, capacity, across, rows, cell, known):
    viewport = Viewport(capacity, across, rows, cell)
    views = [
        LayerView(Extents(*columns(extents)), KnownRange(*sorted(known), capacity, is_complete=True))
        for extents in (heat, allocated)
    ]
    found = cell_codes(viewport, *views).tolist()
    for index, code in enumerate(found):
        start, end = index * cell, min((index + 1) * cell, capacity)
        if start >= capacity:
            first = index == 0 or (index - 1) * cell < capacity
            assert code == (grid.END if first else grid.BEYOND)
        elif changed := covered_between(heat, start, end):
            assert code == LOG.levels(*np.array([[changed], [end - start]]), grid.HEAT_LEVELS)[0]
        elif not min(known) <= start < end <= max(known):
            assert code == grid.UNKNOWN
        else:
            quarters = -(-covered_between(allocated, start, end) * grid.ALLOCATED_LEVELS // (end - start))
            assert code == (grid.ALLOCATED - 1 + quarters if quarters else grid.NOTHING)


# Painting.


def painted(codes: list[list[int]], colors: ColorScheme) -> tuple[str, list[Segment]]:
    segments = Painter(colors).row(np.array(codes, dtype=np.uint8))
    return "".join(segment.text for segment in segments), segments


def test_without_colors_every_decade_and_every_allocated_quarter_has_its_own_glyph():
    text, segments = painted([[*range(grid.CODES)]], ColorScheme(None))
    assert text == f" ▁░░▒▒▓▓█·-=≡{HATCH} ▏<=>X"
    assert not set(ALLOCATED_GLYPHS) & set(GLYPHS)
    assert all(not segment.style.color and not segment.style.bgcolor for segment in segments)


def test_with_colours_a_character_holds_two_cells():
    scheme = ColorScheme(PALETTES[0], background="#0a0d12", beyond="#0f1319", faint="#808080")
    colors = scheme.of_codes()
    text, segments = painted([[0, 8, 0, 3, 3, grid.UNKNOWN, 0], [0, 0, 8, 3, 5, grid.UNKNOWN, grid.UNKNOWN]], scheme)
    assert text == f" ▀▄ ▀{HATCH}{HATCH}"
    upper, lower, both = segments[1], segments[2], segments[4]
    assert (upper.style.color.name, upper.style.bgcolor.name) == (colors[8], colors[0])
    assert (lower.style.color.name, lower.style.bgcolor.name) == (colors[8], colors[0])
    assert (both.style.color.name, both.style.bgcolor.name) == (colors[3], colors[5])


@law
@given(st.lists(st.tuples(st.integers(0, grid.CODES - 1), st.integers(0, grid.CODES - 1)), min_size=1, max_size=60))
def test_a_row_is_as_wide_as_its_cells_and_one_run_is_one_segment(pairs):
    codes = [list(part) for part in zip(*pairs, strict=True)]
    text, segments = painted(codes, ColorScheme(PALETTES[0]))
    assert len(text) == len(pairs)
    assert len(segments) == 1 + sum(one != other for one, other in pairwise(pairs))


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_the_cursor_can_be_read_on_every_colour(palette, dark):
    painter = Painter(ColorScheme(palette, dark=dark, background="#0a0d12" if dark else "#fbfbf9"))
    for code in range(grid.CODES):
        for half, glyph in enumerate((CURSOR_UPPER, CURSOR_LOWER)):
            mark = painter.cursor((code, code), half)
            light, dim = sorted((luminance(mark.style.color.name), luminance(mark.style.bgcolor.name)), reverse=True)
            assert mark.text == glyph
            assert (light + 0.05) / (dim + 0.05) >= 4
    assert Painter(ColorScheme(None)).cursor((1, 1), 0).text == CURSOR_GLYPH


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_a_terminal_of_256_colours_draws_no_two_codes_alike(palette, dark):
    for both in (True, False):
        colors = ColorScheme(palette, dark, background="#0a0d12" if dark else "#fbfbf9", both_layers=both, of_256=True)
        told_apart = range(grid.UNKNOWN if both else grid.ALLOCATED)
        segments = [Painter(colors).sample(code) for code in told_apart]
        drawn = {segment.style.render(" ", color_system=ColorSystem.EIGHT_BIT) for segment in segments}
        assert len(drawn) == len(told_apart)


# Where the cursor goes.

MOVES = {
    "go": lambda cursor, number: cursor.go(number),
    "cells": lambda cursor, number: cursor.go_cells(number % 7 - 3),
    "rows": lambda cursor, number: cursor.go_rows(number % 5 - 2),
    "pages": lambda cursor, number: cursor.go_pages(number % 3 - 1),
    "in row": lambda cursor, number: cursor.go_in_row(-(number % 2)),
    "nearer": lambda cursor, number: cursor.zoom(4096, cursor.position, closer=True),
    "farther": lambda cursor, number: cursor.zoom(4096, cursor.position, closer=False),
    "into": lambda cursor, number: cursor.zoom_to_cell(4096),
    "whole": lambda cursor, number: cursor.zoom_whole(4096),
    "size": lambda cursor, number: cursor.lay_out(
        cursor.viewport.capacity_bytes, 4096, number % 90 + 1, number // 90 % 40 + 1
    ),
}


@law
@given(
    st.integers(1, 2**45),
    st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 2**45)), max_size=12),
)
def test_whatever_one_does_the_cursor_is_on_the_volume_and_on_the_screen(capacity, moves):
    cursor = MapCursor()
    cursor.lay_out(capacity, 4096, 70, 30)
    for name, number in moves:
        MOVES[name](cursor, number)
        assert 0 <= cursor.position < capacity
        assert cursor.viewport.index_of(cursor.position) is not None
        start, end = cursor.cell
        assert start <= cursor.position < end
        assert cursor.viewport.shown_cells > 0


@pytest.mark.parametrize(("there", "back"), [("go_rows", -1), ("go_cells", -1), ("go_pages", -1)])
def test_there_and_back_is_the_same_cell(there, back):
    cursor = MapCursor()
    cursor.lay_out(64 * 2**30, 4096, 70, 30)
    for _ in range(3):
        cursor.zoom(4096, 0, closer=True)
    cursor.go(10 * 2**30)
    before = cursor.cell
    getattr(cursor, there)(1)
    assert cursor.cell != before
    getattr(cursor, there)(back)
    assert cursor.cell == before


# Neighbours.


@pytest.mark.parametrize(
    ("names", "by", "found"),
    [
        (SnapshotNames(THREE, TWO), 1, SnapshotNames(FOUR, THREE)),
        (SnapshotNames(THREE, TWO), -1, SnapshotNames(TWO, ONE)),
        (SnapshotNames(THREE, ONE), 1, SnapshotNames(FOUR, TWO)),
        (SnapshotNames(TWO), -1, SnapshotNames(ONE)),
        (SnapshotNames(FOUR, THREE), 1, "ns/four is the newest snapshot of its volume"),
        (SnapshotNames(TWO, ONE), -1, "ns/one is the oldest snapshot of its volume"),
    ],
)
def test_neighbours_are_the_same_question_about_the_snapshots_beside(names, by, found):
    assert neighbour(ENTRIES, names, by) == found


def test_a_snapshot_that_is_not_listed_has_no_neighbours():
    assert neighbour(ENTRIES[1:], SnapshotNames(TWO, ONE), 1) == "the other snapshots of this volume are unknown"


# What the lines say.

BROKEN = Violation("R2", MUST, "extents are ascending and do not overlap", 3, ())
STREAMS = {
    "complete": ScriptedStream,
    "failed": lambda: ScriptedStream(error=GONE),
    "broken": lambda: ScriptedStream(violations=(BROKEN,)),
    "empty": lambda: ScriptedStream([]),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", STREAMS)
def test_no_line_is_wider_than_the_screen_and_no_word_is_cut(name, width):
    loader = loaded(STREAMS[name]())
    frame, resolved = loader.frame, loader.opened.resolved
    whole = [header_line(resolved, "delta", frame, 400).plain, status_line(frame, 400).plain]
    words = {word for line in whole for word in line.split()}
    for line in (header_line(resolved, "delta", frame, width).plain, status_line(frame, width).plain):
        assert len(line) <= width
        assert {word.removesuffix("…") for word in line.split()} <= words | {""}


def test_the_second_line_says_how_the_stream_stands():
    found = {name: status_line(loaded(make()).frame, 160).plain for name, make in STREAMS.items()}
    assert found["complete"].startswith(" complete · 5 extents in 5 runs · 3 messages")
    assert found["failed"] == ' INCOMPLETE at 40 MiB: "two" not found · v shows more'
    assert found["broken"] == f" BROKEN R2: {BROKEN.title} (3 times) · v shows more"
    assert found["empty"].startswith(" complete · 0 extents")


@pytest.mark.parametrize(
    ("cursor", "ahead", "behind"),
    [
        (0, "+4 KiB", "none"),
        (4096, "+1020 KiB", "−4 KiB"),
        (22 * MIB, "continues for", "starts"),
        (63 * MIB, "none", "−"),
    ],
)
def test_the_panel_tells_how_far_the_next_change_is(cursor, ahead, behind):
    extents = Extents(*columns(EXTENTS))
    viewport = Viewport(CAPACITY, 16, 1024, 4096)
    lines = [
        line.plain
        for line in cell_panel(
            extents, fully_known(CAPACITY), viewport.bounds(cursor), cursor, vocabulary_of("delta"), 40
        )
    ]
    told = {line[1:11].strip(): line[11:] for line in lines if line[1:11].strip()}
    if cursor == 4096:
        ahead = "+0 B"  # the next one begins where the cell ends
        behind = "−0 B"
    assert told["next"].startswith(ahead)
    assert told["previous"].startswith(behind)


# The loader.


def test_a_frame_is_never_changed_by_what_comes_after_it():
    gate = threading.Event()
    loader = Loader(ScriptedOpened(ScriptedStream(gate=gate), SnapshotNames(THREE, TWO)))
    loader.start()
    loader.wait_for_first_frame(60)
    early = loader.frame
    assert (len(early.received), early.is_running, early.outcome.complete) == (2, True, False)
    gate.set()
    loader.wait_until_ended()
    assert len(early.received) == 2
    assert (len(loader.frame.received), loader.frame.is_running, loader.frame.outcome.complete) == (5, False, True)
    assert loader.opened.is_closed


def test_who_stops_a_loader_gets_what_came_marked_as_stopped():
    loader = Loader(ScriptedOpened(ScriptedStream(gate=threading.Event()), SnapshotNames(THREE, TWO)))
    loader.start()
    loader.wait_for_first_frame(60)
    loader.stop()
    loader.wait_until_ended()
    assert loader.frame.outcome.failure.message == "stopped"
    assert len(loader.frame.received) == 2


# Pictures.


def test_a_picture_draws_cells_as_rectangles_and_escapes_text():
    colors = ColorScheme(PALETTES[0], background="#0a0d12", beyond="#0f1319")
    row = Painter(colors).row(np.array([[0, 8], [8, 0]], dtype=np.uint8))
    root = ET.fromstring(svg([Strip(row), Strip([Segment("a < b & c")])]))
    shapes = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert shapes.count("rect") == 1 + 2 + 2
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")] == ["a < b & c"]
