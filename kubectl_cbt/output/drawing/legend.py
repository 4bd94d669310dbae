"""The legend of the heat."""

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
