"""Only cells that differ are sent, and the terminal shows what it would show if all were sent."""

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pseudo_terminal import Terminal
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from strategies import law
from textual.strip import Strip

from kubectl_cbt.tui.shown_cells import ShownCells

COLUMNS, LINES = 24, 4
MOST_BYTES = 1536
STYLES = [None, Style(bold=True), Style(color="#ff0000"), Style(color="#00ff00", bgcolor="#000080")]
strips = st.lists(
    st.tuples(st.text("ab ░█名", min_size=1, max_size=8), st.sampled_from(STYLES)), min_size=1, max_size=4
).map(lambda parts: Strip([Segment(text, style) for text, style in parts]))
updates = st.lists(
    st.tuples(st.integers(0, LINES - 1), st.just(0), strips), max_size=4, unique_by=lambda piece: piece[0]
)


def cells(screen: pyte.Screen) -> list[list[tuple]]:
    """What is visible: a space has no foreground."""
    lines = ([screen.buffer[line][column] for column in range(COLUMNS)] for line in range(LINES))
    return [[(cell.data, cell.bg, cell.data != " " and (cell.fg, cell.bold)) for cell in line] for line in lines]


@law
@given(st.lists(updates, max_size=6))
def test_the_terminal_shows_the_same_as_if_every_cell_was_sent(frames):
    shown, whole = pyte.Screen(COLUMNS, LINES), pyte.Screen(COLUMNS, LINES)
    kept = ShownCells()
    for frame in frames:
        # Lines are drawn from the first column to the last, so that no wide character is cut.
        lines = [(line, column, strip.adjust_cell_length(COLUMNS, Style())) for line, column, strip in frame]
        pyte.Stream(shown).feed(kept.changes(lines, (COLUMNS, LINES), ColorSystem.TRUECOLOR))
        pyte.Stream(whole).feed(ShownCells().changes(lines, (COLUMNS, LINES), ColorSystem.TRUECOLOR))
    assert cells(shown) == cells(whole)


def test_what_is_shown_is_not_sent_again_until_it_is_forgotten():
    kept, pieces = ShownCells(), [(0, 0, Strip([Segment("changed", Style(bold=True))]))]
    first = kept.changes(pieces, (COLUMNS, LINES), ColorSystem.TRUECOLOR)
    assert "changed" in first
    assert kept.changes(pieces, (COLUMNS, LINES), ColorSystem.TRUECOLOR) == ""
    kept.forget()
    assert kept.changes(pieces, (COLUMNS, LINES), ColorSystem.TRUECOLOR) == first
    assert kept.changes(pieces, (COLUMNS, LINES + 1), ColorSystem.TRUECOLOR) == first


def test_only_the_differing_part_of_a_line_is_sent():
    kept = ShownCells()
    for text, sent in (("offset 1234567 bytes", "offset 1234567 bytes"), ("offset 1234568 bytes", "8")):
        found = kept.changes([(0, 0, Strip([Segment(text)]))], (COLUMNS, LINES), ColorSystem.TRUECOLOR)
        assert found.replace("\x1b[0m", "").rpartition("H")[2] == sent


@pytest.fixture
def on_terminal():
    opened = Terminal("delta", "pg-mon", "pg-tue", "-n", "shop", "--demo", columns=100, rows=30)
    yield opened
    opened.close()


def test_a_moved_cursor_sends_little(on_terminal):
    on_terminal.wait_for("complete")
    on_terminal.press("g")
    on_terminal.wait_for("0x0")
    on_terminal.settle()
    for key in "jjkllh":
        before, screen = len(on_terminal.written), on_terminal.text
        on_terminal.press(key)
        on_terminal.wait_until(lambda screen=screen: on_terminal.text != screen, "another position")
        on_terminal.settle()
        assert len(on_terminal.written) - before < MOST_BYTES
