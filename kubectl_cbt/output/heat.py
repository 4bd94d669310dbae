"""Cells as glyphs. Each level has its own glyph, so that the output does not depend on colour."""

from __future__ import annotations

from kubectl_cbt.analysis.heat_scale import Levels
from kubectl_cbt.output.palettes import PALETTES, indexed

GLYPHS = " ▁░▒▓█"
"""No heat, then level 1 (on the log scale a trace) to 5."""

GLYPH_LEVELS = len(GLYPHS) - 1


def heat_line(levels: Levels, color_system: str | None = None) -> str:
    """Return one line of heat glyphs.

    Args:
        levels: the level of each cell, 0 to :data:`GLYPH_LEVELS`.
        color_system: as in :class:`~kubectl_cbt.output.writer.OutputTarget`; None for glyphs alone.
    """
    if color_system is None:
        return "".join(GLYPHS[found] for found in levels.tolist())
    from rich.color import ColorSystem
    from rich.style import Style

    systems = {
        "standard": ColorSystem.STANDARD,
        "256": ColorSystem.EIGHT_BIT,
        "truecolor": ColorSystem.TRUECOLOR,
        "windows": ColorSystem.WINDOWS,
    }
    heat = PALETTES[0].heat(GLYPH_LEVELS, dark=True)
    colors = ("", *(indexed(heat) if color_system == "256" else heat))
    painted = [
        # A new style each time: rich caches the codes of the first colour system that a parsed style is used with.
        Style(color=color).render(glyph, color_system=systems[color_system]) if color else glyph
        for glyph, color in zip(GLYPHS, colors, strict=True)
    ]
    return "".join(painted[found] for found in levels.tolist())
