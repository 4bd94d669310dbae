"""One number for each cell of a viewport: nothing, a heat, allocated but unchanged, not known, or beyond the volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kubectl_cbt.analysis.cells import Levels, coverage, heat_levels
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Extents

HEAT_LEVELS = 8

NOTHING = 0
"""Known to hold no extent; 1 to :data:`HEAT_LEVELS` are heat."""
ALLOCATED = HEAT_LEVELS + 1
"""Allocated and unchanged."""
UNKNOWN = HEAT_LEVELS + 2
"""Not, or only in part, in the known range, so that a missing extent means nothing."""
BEYOND = HEAT_LEVELS + 3
"""Behind the volume's end."""
END = HEAT_LEVELS + 4
"""The first of those."""
CODES = HEAT_LEVELS + 5
"""How many codes there are."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerView:
    """What is known of one stream: its extents, and for which bytes of the volume they are all."""

    extents: Extents
    known: KnownRange


def cell_codes(viewport: Viewport, heat: LayerView | None, allocated: LayerView | None = None) -> Levels:
    """The code of each cell of the viewport as uint8[viewport.cells], row by row.

    Args:
        heat: what is drawn as heat; None while there is nothing of it.
        allocated: when given, what is drawn where there is no heat.
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
        levels = heat_levels(coverage(view.extents, edges), widths, HEAT_LEVELS)
        shown[:] = np.where(levels > 0, ALLOCATED if view is allocated else levels, shown)
    for view in (heat, allocated):
        if view is None:
            continue
        # What came is shown, even if a broken stream never got past it. Allocated and unchanged is two statements:
        # the second one is the heat's, and unknown where the heat is.
        stated = (shown == NOTHING) if view is allocated else (shown == NOTHING) | (shown == ALLOCATED)
        shown[~view.known.cells(edges) & stated] = UNKNOWN
    return codes
