"""One code for each cell of a viewport: nothing, a heat, allocated but unchanged, unknown, or beyond the volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kubectl_cbt.analysis.cells import coverage
from kubectl_cbt.analysis.heat_scale import LINEAR, HeatScale, Levels
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Extents

HEAT_LEVELS = 8

NOTHING = 0
"""Known to contain no extent; 1 to :data:`HEAT_LEVELS` are heat."""
ALLOCATED = HEAT_LEVELS + 1
"""Allocated and unchanged."""
UNKNOWN = HEAT_LEVELS + 2
"""Not in the known range, or only in part, so that a missing extent means nothing."""
BEYOND = HEAT_LEVELS + 3
"""Beyond the end of the volume."""
END = HEAT_LEVELS + 4
"""The first cell beyond the end."""
CODES = HEAT_LEVELS + 5
"""The number of codes."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerView:
    """The extents of one stream, and the bytes of the volume for which they are complete."""

    extents: Extents
    known: KnownRange


def cell_codes(
    viewport: Viewport, heat: LayerView | None, allocated: LayerView | None = None, scale: HeatScale = LINEAR
) -> Levels:
    """The code of each cell of the viewport as uint8[viewport.cells], row by row.

    Args:
        heat: drawn as heat; None draws none.
        allocated: when given, drawn where there is no heat.
    """
    codes = np.full(viewport.cells, BEYOND, dtype=np.uint8)
    edges = viewport.edges()
    shown = codes[: len(edges) - 1]
    if len(shown) < len(codes):
        codes[len(shown)] = END
    widths = np.diff(edges)
    shown[:] = NOTHING
    for view in (allocated, heat):
        if view is None:
            continue
        levels = scale.levels(coverage(view.extents, edges), widths, HEAT_LEVELS)
        shown[:] = np.where(levels > 0, ALLOCATED if view is allocated else levels, shown)
    for view in (heat, allocated):
        if view is None:
            continue
        # Extents that were received are drawn even where a broken stream never reached. "Allocated and unchanged" is
        # two statements: the second depends on the heat, and is unknown where the heat is.
        stated = (shown == NOTHING) if view is allocated else (shown == NOTHING) | (shown == ALLOCATED)
        shown[~view.known.contains_cells(edges) & stated] = UNKNOWN
    return codes
