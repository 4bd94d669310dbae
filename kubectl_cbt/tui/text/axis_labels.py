"""The label of the map: its scale."""

from __future__ import annotations

from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.output.drawing.text_width import SEPARATOR
from kubectl_cbt.units import human_bytes, human_offset


def scale_label(viewport: Viewport) -> str:
    """The size of a cell, and the part of the volume that is visible."""
    shown = f"{human_offset(viewport.start)} + {human_bytes(viewport.end - viewport.start)}"
    return f"1 cell = {human_bytes(viewport.cell_bytes)}{SEPARATOR}{'whole volume' if viewport.is_whole else shown}"
