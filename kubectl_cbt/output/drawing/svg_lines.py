"""Lines of characters as an SVG picture.

Cells are rectangles, so that the map is as sharp as on the terminal and has no seams.

Rich's export draws block characters as text, with gaps that depend on the reader's font, and names a font to download.
Here text is in the reader's own monospace font, stretched to its cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.units import printable

_WIDTH, _HEIGHT = 8, 17
"""Size of a character in the picture."""
_FONT_SIZE = 13.2
"""Makes most monospace fonts as wide as a cell, for viewers that do not stretch text."""
_FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_MARGIN = 8
PAGE = "#0f1319"
"""The default background."""
_FOREGROUND = "#d8dee9"

_EIGHTHS = {glyph: number for number, glyph in enumerate("▁▂▃▄▅▆▇█", 1)}
_LINES = {"─": "M0 8.5H8", "│": "M4 0V17", "╭": "M8 8.5Q4 8.5 4 17", "╮": "M0 8.5Q4 8.5 4 17"}
_LINES |= {"╰": "M4 0Q4 8.5 8 8.5", "╯": "M4 0Q4 8.5 0 8.5"}
"""Frames as paths in a cell; fonts leave gaps between lines."""
_BARS = {"━": 1.0, "╸": 0.5}
"""Bars as paths: the part of the cell that each fills."""
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}


def svg(lines: Sequence[Iterable[Segment]], *, page: str = PAGE) -> str:
    """Lines of characters as a picture.

    Args:
        page: the color of the background, ``#rrggbb``.
    """
    rows = [list(line) for line in lines]
    columns = max((sum(segment.cell_length for segment in row) for row in rows), default=0)
    width, height = columns * _WIDTH + 2 * _MARGIN, len(rows) * _HEIGHT + 2 * _MARGIN
    body = "\n".join(element for number, row in enumerate(rows) for element in _line(number, row, page))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f'<rect width="{width}" height="{height}" rx="6" fill="{page}"/>\n'
        f'<g transform="translate({_MARGIN} {_MARGIN})" font-family="{_FONTS}" font-size="{_FONT_SIZE}"'
        f' shape-rendering="crispEdges" xml:space="preserve">\n{body}\n</g>\n</svg>\n'
    )


def _line(row: int, segments: Iterable[Segment], page: str) -> Iterator[str]:
    column = 0
    for text, style, _ in segments:
        ground = color_of(style, background=True)
        foreground = color_of(style, background=False) or _FOREGROUND
        if style is not None and style.reverse:
            foreground, ground = ground or page, foreground
        if ground and ground != page:
            yield _rectangle(column, row, cell_len(text), ground)
        for kind, group in groupby(text, key=_kind):
            part = "".join(group)
            if kind == "block":
                yield from _blocks(column, row, part, foreground)
            elif kind == "line":
                yield from _frames(column, row, part, foreground)
            elif part.strip():
                yield _text(column, row, part, foreground, bold=bool(style and style.bold))
            column += cell_len(part)


def _kind(glyph: str) -> str:
    if glyph in _LINES or glyph in _BARS:
        return "line"
    return "block" if glyph in _EIGHTHS or glyph in _SHADES or glyph == "▀" else "text"


def _frames(column: int, row: int, text: str, foreground: str) -> Iterator[str]:
    for glyph, group in groupby(text):
        length = len(list(group))
        is_line, is_bar = glyph == "─", glyph in _BARS
        width = length * _WIDTH * _BARS.get(glyph, 1.0)
        path = f"M0 8.5H{width:g}" if is_line or is_bar else _LINES[glyph]
        thick = ' stroke-width="3"' if is_bar else ""
        for repeat in range(1 if is_line or is_bar else length):
            at = f"translate({(column + repeat) * _WIDTH} {row * _HEIGHT})"
            yield f'<path transform="{at}" d="{path}" fill="none" stroke="{foreground}"{thick}/>'
        column += length


def _blocks(column: int, row: int, text: str, foreground: str) -> Iterator[str]:
    for glyph, group in groupby(text):
        length = len(list(group))
        if glyph in _SHADES:
            yield _rectangle(column, row, length, foreground, opacity=_SHADES[glyph])
        elif glyph == "▀":
            yield _rectangle(column, row, length, foreground, bottom=0.5)
        else:
            yield _rectangle(column, row, length, foreground, top=1 - _EIGHTHS[glyph] / 8)
        column += length


def _rectangle(
    column: int, row: int, columns: int, fill: str, *, top: float = 0.0, bottom: float = 1.0, opacity: float = 1.0
) -> str:
    y, height = (row + top) * _HEIGHT, (bottom - top) * _HEIGHT
    faded = f' fill-opacity="{opacity}"' if opacity < 1 else ""
    return (
        f'<rect x="{column * _WIDTH}" y="{y:g}" width="{columns * _WIDTH}" height="{height:g}" fill="{fill}"{faded}/>'
    )


def _text(column: int, row: int, text: str, foreground: str, *, bold: bool) -> str:
    # The reader's font may have any width; the cells have one.
    stripped = text.lstrip(" ")
    column += len(text) - len(stripped)
    stripped = stripped.rstrip(" ")
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{column * _WIDTH}" y="{row * _HEIGHT + 13}" textLength="{cell_len(stripped) * _WIDTH}"'
        f' lengthAdjust="spacingAndGlyphs" fill="{foreground}"{weight}>{_escaped(stripped)}</text>'
    )


def _escaped(text: str) -> str:
    """As XML text: a name may contain characters that XML cannot represent."""
    return escape(printable(text), quote=False)


def color_of(style: Style | None, *, background: bool) -> str:
    """A color of a style as ``#rrggbb``; empty for the default one."""
    color = (style.bgcolor if background else style.color) if style is not None else None
    if color is None or color.is_default:
        return ""
    return color.get_truecolor(foreground=not background).hex
