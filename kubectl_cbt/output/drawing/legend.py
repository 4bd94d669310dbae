"""The legends of the heat and of the classes of a comparison."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.analysis import grid
from kubectl_cbt.output.drawing.painting import Painter


def legend_samples(painter: Painter, marks: dict[int, str], text: Style) -> list[Segment]:
    """A sample of each level, with the texts between them."""
    segments = [Segment("  ", text)]
    last = ""
    for level in range(1, grid.HEAT_LEVELS + 2):
        if level in marks:
            segments.append(Segment(f"{' ' * (level > 1)}{marks[level]}{' ' * (level <= grid.HEAT_LEVELS)}", text))
            last = ""
        if level > grid.HEAT_LEVELS:
            break
        sample = painter.sample(level)
        # Without colors two levels may share a glyph.
        if sample.text.strip() == "" or sample.text != last:
            segments.append(sample)
        last = sample.text
    return segments


def class_samples(painter: Painter, text: Style, *, is_short: bool = False) -> list[Segment]:
    """A sample of each class of a comparison, with its name."""
    only = "" if is_short else "only "
    names = {
        grid.ONLY_LEFT: f"{only}left",
        grid.IN_BOTH: "both",
        grid.ONLY_RIGHT: f"{only}right",
        grid.LEFT_AND_RIGHT: "left+right" if is_short else "left and right",
    }
    segments: list[Segment] = []
    for code, name in names.items():
        segments += [Segment("  ", text), painter.sample(code), Segment(f" {name}", text)]
    return segments
