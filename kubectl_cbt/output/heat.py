"""Cells as glyphs. Every level differs in the glyph, so that colour only ever repeats what a shape says."""

from __future__ import annotations

GLYPHS = " ░▒▓█"
"""None, up to a quarter, a half, three quarters, all."""

_CIVIDIS = ("", "#414d6b", "#7c7b78", "#bcaf6f", "#fee838")


def level(fraction: float) -> int:
    """Heat level of a cell: 0 for exactly nothing, so that the least change is seen; 1 to 4 for each quarter."""
    if fraction <= 0:
        return 0
    return min(1 + int(fraction * 4 - 1e-12), 4)


def heat_line(fractions: list[float], color_system: str | None = None) -> str:
    """One line of heat glyphs.

    Args:
        fractions: covered share of each cell.
        color_system: as in :class:`~kubectl_cbt.output.writer.Screen`; None for glyphs alone.
    """
    levels = [level(fraction) for fraction in fractions]
    if color_system is None:
        return "".join(GLYPHS[found] for found in levels)
    from rich.color import ColorSystem
    from rich.style import Style

    systems = {
        "standard": ColorSystem.STANDARD,
        "256": ColorSystem.EIGHT_BIT,
        "truecolor": ColorSystem.TRUECOLOR,
        "windows": ColorSystem.WINDOWS,
    }
    painted = [
        # A style of its own each time: rich keeps the codes of the first colour system a parsed one was used with.
        Style(color=color).render(glyph, color_system=systems[color_system]) if color else glyph
        for glyph, color in zip(GLYPHS, _CIVIDIS, strict=True)
    ]
    return "".join(painted[found] for found in levels)
