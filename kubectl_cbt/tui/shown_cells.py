"""What the terminal shows, cell by cell, so that an update sends only what differs.

Textual sends every cell of a widget that was refreshed. Over a slow link that is seen: a moved cursor changes a few
cells of a map and a few figures of a panel, which are a tenth of the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

Piece = tuple[int, int, Strip]
"""Line, column, and what is drawn from there, from 0."""

_RESET = "\x1b[0m"
_SECOND_HALF = "\0"
"""Stands for the second column of a wide character."""
_JOINED_GAP = 3
"""Unchanged cells between changed ones that are sent again, rather than a movement of the cursor."""
_PLAIN = Style()


class _Look(NamedTuple):
    """How characters look.

    Attributes:
        codes: the sequence that switches it on.
        of_blanks: the same for spaces, which show no color of their own, nor whether they are bold.
    """

    codes: str
    of_blanks: str


_NOTHING = _Look("", "")


class ShownCells:
    """The cells of the terminal."""

    def __init__(self) -> None:
        self._characters: list[list[str]] = []
        self._looks: list[list[_Look]] = []
        self._size = (0, 0)

    def forget(self) -> None:
        """Assume nothing about the terminal: the next update is sent whole."""
        self._size = (0, 0)

    def changes(self, pieces: Iterable[Piece], size: tuple[int, int], colors: ColorSystem | None) -> str:
        """Return the control sequences that show these pieces, and remember them as shown.

        Args:
            size: columns and lines of the terminal; another size than before forgets everything.
            colors: None for none.
        """
        if size != self._size:
            columns, lines = self._size = size
            self._characters = [[""] * columns for _ in range(lines)]
            self._looks = [[_NOTHING] * columns for _ in range(lines)]
        pen = _Pen()
        for line, column, strip in pieces:
            if 0 <= line < size[1]:
                self._draw(pen, line, column, strip, colors)
        return pen.sequences()

    def _draw(self, pen: _Pen, line: int, column: int, strip: Strip, colors: ColorSystem | None) -> None:
        shown, looks = self._characters[line], self._looks[line]
        for text, style, control in strip:
            if control:
                continue
            cells = _cells(text)
            end = min(column + len(cells), len(shown))
            cells = cells[: end - column]
            look = _look(style or _PLAIN, colors)
            drawn = [look] * len(cells)
            if shown[column:end] != cells or looks[column:end] != drawn:
                for first, last in _differing(shown[column:end], looks[column:end], cells, look):
                    pen.write(line, column + first, cells[first:last], look.codes)
                shown[column:end], looks[column:end] = cells, drawn
            column = end


def _cells(text: str) -> list[str]:
    """A string for each column."""
    if text.isascii() or cell_len(text) == len(text):
        return list(text)
    cells: list[str] = []
    for character in text:
        width = cell_len(character)
        if width == 0 and cells:
            cells[-1 if cells[-1] != _SECOND_HALF else -2] += character
        else:
            cells += [character, *[_SECOND_HALF] * (width - 1)]
    return cells


def _differing(shown: list[str], looks: list[_Look], cells: list[str], look: _Look) -> Iterable[tuple[int, int]]:
    """Ranges that differ, with short gaps between them filled; no range begins or ends inside a wide character."""
    found: list[list[int]] = []
    for index, (before, cell, earlier) in enumerate(zip(shown, cells, looks, strict=True)):
        if before == cell and (earlier == look or (cell == " " and earlier.of_blanks == look.of_blanks)):
            continue
        if found and index - found[-1][1] <= _JOINED_GAP:
            found[-1][1] = index + 1
        else:
            found.append([index, index + 1])
    for first, last in found:
        while first > 0 and cells[first] == _SECOND_HALF:
            first -= 1  # widened to whole characters
        while last < len(cells) and cells[last] == _SECOND_HALF:
            last += 1
        yield first, last


class _Pen:
    """Collects what is written, and sends it look by look: a change of colors takes more bytes than a movement."""

    def __init__(self) -> None:
        self._writes: dict[str, list[tuple[int, int, list[str]]]] = {}

    def write(self, line: int, column: int, cells: list[str], codes: str) -> None:
        """Write cells; none is written twice in an update."""
        self._writes.setdefault(codes, []).append((line, column, cells))

    def sequences(self) -> str:
        """The control sequences that write everything."""
        found: list[str] = []
        for codes, writes in self._writes.items():
            found.append(_RESET + codes)
            place = (-1, -1)
            for line, column, cells in writes:
                if line == place[0] and column > place[1]:
                    found.append(f"\x1b[{column - place[1]}C")
                elif (line, column) != place:
                    found.append(f"\x1b[{line + 1};{column + 1}H")
                found.append("".join(cell for cell in cells if cell != _SECOND_HALF))
                place = (line, column + len(cells))
        if found:
            found.append(_RESET)
        return "".join(found)


@lru_cache(maxsize=4096)
def _look(style: Style, colors: ColorSystem | None) -> _Look:
    codes = style.render("x", color_system=colors).partition("x")[0]
    if style.reverse or style.underline or style.strike:
        return _Look(codes, codes)
    return _Look(codes, Style(bgcolor=style.bgcolor).render("x", color_system=colors).partition("x")[0])
