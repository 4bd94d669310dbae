"""The whole volume in one line of bars, shared by the minimap and the pictures."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.analysis.heat_scale import HeatScale
from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.output.drawing.painting import HATCH

BARS_TITLE = " whole volume "
_BARS = " ▁▂▃▄▅▆▇█"


def bar_glyphs(covered: Int64Column, edges: Int64Column, known: KnownRange, scale: HeatScale) -> list[str]:
    """Return a bar for each cell; cells outside the known range are hatched unless they contain extents.

    Args:
        covered: covered bytes of each cell, int64[n].
        edges: int64[n + 1], bytes.
    """
    levels = scale.levels(covered, np.diff(edges), len(_BARS) - 1).tolist()
    are_known = known.contains_cells(edges).tolist()
    return [_BARS[level] if level or is_known else HATCH for level, is_known in zip(levels, are_known, strict=True)]
