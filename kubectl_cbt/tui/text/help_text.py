"""The help of a screen: what the map shows, and all keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.heat_scale import HeatScale
from kubectl_cbt.output.drawing.painting import HATCH, ColorScheme, Painter
from kubectl_cbt.tui.keys import KeyGroup
from kubectl_cbt.tui.plain_text import Content, line, plain
from kubectl_cbt.tui.text.line_layout import MUTED

_TERM_COLUMNS = 12


def map_lines(colors: ColorScheme, scale: HeatScale) -> Iterator[Content]:
    """What the map shows, with samples in its present colors.

    Args:
        scale: the present one.
    """
    painter = Painter(colors)
    heat = heat_samples(colors)
    allocated = _samples(painter, range(grid.ALLOCATED, grid.ALLOCATED + grid.ALLOCATED_LEVELS))
    yield plain("The map", "bold")
    yield plain("  The volume, row by row, from its first byte to its last.")
    yield term_line("cell", "a range of the volume; the lower border has its size")
    yield term_line("heat", *heat, f" changed share, a trace to all ({scale.name} scale)")
    yield term_line("empty", "known to be unchanged")
    yield term_line("allocated", *allocated, " allocated, unchanged, by share (layer both)")
    yield term_line("unknown", f"{HATCH * 3} not received: it may have changed")
    yield term_line("extent", "a changed range as the driver reported it")
    yield term_line("run", "adjacent extents, merged; n and N visit them")
    yield term_line("grain", "divides all offsets and sizes; the finest zoom")
    yield term_line("rules", "what the protocol requires, R1–R7; v lists violations")


def class_terms(painter: Painter) -> Iterator[Content]:
    """The cells of a comparison."""
    yield term_line("left", *_samples(painter, [grid.ONLY_LEFT]), " something that only the left list has")
    yield term_line("both", *_samples(painter, [grid.IN_BOTH]), " both have the same, at least a part of the cell")
    yield term_line("right", *_samples(painter, [grid.ONLY_RIGHT]), " something that only the right list has")
    yield term_line(
        "left, right", *_samples(painter, [grid.LEFT_AND_RIGHT]), " each has something that the other lacks"
    )
    yield term_line("empty", "neither has anything")


def key_lines(groups: Sequence[KeyGroup], mouse: str) -> list[Content]:
    """All keys by group, and the use of the mouse."""
    lines: list[Content] = []
    for group in groups:
        lines += [plain(""), plain(group.title, "bold")] if lines else [plain(group.title, "bold")]
        lines += [line((f"  {key.shown:<10}", "bold $text-accent"), (key.help, "")) for key in group.keys]
    lines += [plain(""), plain(mouse, MUTED)]
    return lines


def term_line(term: str, *parts: str | tuple[str, str]) -> Content:
    """A term and what it means."""
    return line((f"  {term:<{_TERM_COLUMNS - 2}}", "bold $text-accent"), *parts)


def heat_samples(colors: ColorScheme) -> list[str | tuple[str, str]]:
    """A sample of each level of heat."""
    return _samples(Painter(colors), range(1, grid.HEAT_LEVELS + 1))


def _samples(painter: Painter, codes: Sequence[int]) -> list[str | tuple[str, str]]:
    """A character for each code, in its color; without colors each glyph once."""
    samples: list[str | tuple[str, str]] = []
    for code in codes:
        segment = painter.sample(code)
        ground = segment.style.bgcolor if segment.style else None
        part = (segment.text, f"on {ground.name}") if ground else (segment.text, "")
        if ground or part not in samples:
            samples.append(part)
    return samples
