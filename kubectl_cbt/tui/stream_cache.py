"""The complete streams of snapshots that were stepped away from, so that stepping back queries nothing."""

from __future__ import annotations

from collections import OrderedDict

from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.tui.layers import Layers

BUDGET_BYTES = 256 * 2**20
_EXTENT_BYTES = 24
"""Offset, size and the covered bytes before."""


class StreamCache:
    """Extents by the names of their snapshots; those not used for the longest time are dropped first.

    Args:
        budget_bytes: of all extents together.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._kept: OrderedDict[SnapshotNames, Layers] = OrderedDict()

    def __contains__(self, names: SnapshotNames) -> bool:
        return names in self._kept

    def put(self, names: SnapshotNames, layers: Layers) -> None:
        """Close the streams, and keep their extents if all are complete."""
        layers.close()
        if not all(loader.frame.outcome.complete for loader in layers.all):
            return
        self._kept[names] = layers
        while sum(map(_size_bytes, self._kept.values())) > self._budget:
            self._kept.popitem(last=False)

    def take(self, names: SnapshotNames) -> Layers | None:
        """Remove and return the layers of these snapshots; None if they are not kept."""
        return self._kept.pop(names, None)


def _size_bytes(layers: Layers) -> int:
    return sum(_EXTENT_BYTES * len(loader.frame.received.extents) for loader in layers.all)
