"""One code for each cell of a viewport: nothing, a heat, allocated but unchanged, unknown, or beyond the volume.

The cells of a comparison have a class instead of a heat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kubectl_cbt.analysis.cells import coverage
from kubectl_cbt.analysis.heat_scale import LOG, HeatScale, Levels, hottest_share, linear_levels
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.record import Int64Column

HEAT_LEVELS = 8

NOTHING = 0
"""Known to contain no extent; 1 to :data:`HEAT_LEVELS` are heat."""
ALLOCATED_LEVELS = 4
ALLOCATED = HEAT_LEVELS + 1
"""Allocated and unchanged: the first of :data:`ALLOCATED_LEVELS` codes, for up to a quarter of the cell."""
UNKNOWN = ALLOCATED + ALLOCATED_LEVELS
"""Not in the known range, or only in part, so that a missing extent means nothing."""
BEYOND = UNKNOWN + 1
"""Beyond the end of the volume."""
END = UNKNOWN + 2
"""The first cell beyond the end."""
ONLY_LEFT, IN_BOTH, ONLY_RIGHT, LEFT_AND_RIGHT = range(UNKNOWN + 3, UNKNOWN + 7)
"""Of a comparison: only the left side has something that the other lacks; nothing differs; only the right side has;
both sides have. A difference is shown however small it is.
"""
CODES = UNKNOWN + 7
"""The number of codes. A selected cell has its code plus this."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerView:
    """The extents of one stream, and the bytes of the volume for which they are complete."""

    extents: Extents
    known: KnownRange


@dataclass(frozen=True, slots=True, eq=False)
class LayerCells:
    """The cells of a viewport in one stream: int64[shown_cells], covered bytes, and the bytes that are known."""

    covered: Int64Column
    known: KnownRange


def mark_selected(codes: Levels, viewport: Viewport, start: int, end: int) -> None:
    """Change the codes of the cells in ``[start, end)``, bytes, to those of selected cells."""
    edges = viewport.edges()
    codes[: len(edges) - 1][(edges[1:] > start) & (edges[:-1] < end)] += CODES


def is_allocated(codes: Levels) -> npt.NDArray[np.bool_]:
    """Which cells are drawn as allocated and unchanged."""
    return (codes >= ALLOCATED) & (codes < ALLOCATED + ALLOCATED_LEVELS)


def visible_hottest(viewport: Viewport, heat: LayerView) -> float:
    """The largest covered share of a visible cell, 0.0 to 1.0."""
    edges = viewport.edges()
    return hottest_share(coverage(heat.extents, edges), np.diff(edges))


def cell_codes(
    viewport: Viewport, heat: LayerView | None, allocated: LayerView | None = None, scale: HeatScale = LOG
) -> Levels:
    """The code of each cell of the viewport as uint8[viewport.cells], row by row.

    Args:
        heat: drawn as heat; None draws none.
        allocated: its share of each cell is drawn in cells without heat; None draws none.
    """
    edges = viewport.edges()
    heat_cells, allocated_cells = (
        None if view is None else LayerCells(coverage(view.extents, edges), view.known) for view in (heat, allocated)
    )
    return codes_of_cells(viewport, heat_cells, allocated_cells, scale)


def codes_of_cells(
    viewport: Viewport, heat: LayerCells | None, allocated: LayerCells | None = None, scale: HeatScale = LOG
) -> Levels:
    """As :func:`cell_codes`, for cells that are counted already."""
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
        if view is allocated:
            levels = linear_levels(view.covered, widths, ALLOCATED_LEVELS)
            shown[:] = np.where(levels > 0, levels + (ALLOCATED - 1), shown)
        else:
            levels = scale.levels(view.covered, widths, HEAT_LEVELS)
            shown[:] = np.where(levels > 0, levels, shown)
    for view in (heat, allocated):
        if view is None:
            continue
        # Extents that were received are drawn even where a broken stream never reached. "Allocated and unchanged" is
        # two statements: the second depends on the heat, and is unknown where the heat is.
        stated = (shown == NOTHING) if view is allocated else (shown == NOTHING) | is_allocated(shown)
        shown[~view.known.contains_cells(edges) & stated] = UNKNOWN
    return codes


def comparison_codes(
    viewport: Viewport, only_left: Int64Column, both: Int64Column, only_right: Int64Column, known: KnownRange
) -> Levels:
    """The code of each cell of a comparison as uint8[viewport.cells], row by row.

    Args:
        only_left, both, only_right: covered bytes of each cell, int64[viewport.shown_cells].
        known: the range that is compared.
    """
    codes = np.full(viewport.cells, BEYOND, dtype=np.uint8)
    edges = viewport.edges()
    shown = codes[: len(edges) - 1]
    if len(shown) < len(codes):
        codes[len(shown)] = END
    shown[:] = np.where(both > 0, IN_BOTH, NOTHING)
    # That nothing differs is a statement about all of the cell.
    shown[~known.contains_cells(edges)] = UNKNOWN
    for is_present, code in (
        (only_left > 0, ONLY_LEFT),
        (only_right > 0, ONLY_RIGHT),
        ((only_left > 0) & (only_right > 0), LEFT_AND_RIGHT),
    ):
        shown[is_present] = code
    return codes
