"""A screen as an SVG picture, for the export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_cbt.output.drawing.svg_lines import PAGE, color_of, svg
from kubectl_cbt.tui.textual_private import screen_strips

if TYPE_CHECKING:
    from textual.screen import Screen


def picture_of(screen: Screen[Any]) -> str:
    """The present screen as a picture."""
    return svg(screen_strips(screen), page=color_of(screen.rich_style, background=True) or PAGE)
