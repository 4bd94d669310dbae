"""The hottest regions of a volume: those of its equal parts with the most covered bytes."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.analysis.cells import cell_edges, coverage
from kubectl_cbt.model.extents import Extents, Run

PARTS = 64


def hottest_regions(extents: Extents, capacity_bytes: int, most: int) -> list[tuple[Run, int]]:
    """At most ``most`` of :data:`PARTS` equal parts, with their covered bytes, largest first; none that is empty."""
    edges = cell_edges(0, capacity_bytes, PARTS)
    covered = coverage(extents, edges)
    order = np.argsort(-covered, kind="stable")[:most].tolist()
    return [(Run(int(edges[part]), int(edges[part + 1])), int(covered[part])) for part in order if covered[part]]
