"""The offset of each row of a map."""

from __future__ import annotations

from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.units import MOST_DECIMALS, human_offset, human_offsets

LABEL_COLUMNS = 11
"""The widest label of a row: ``115.911 GiB``, ``+1018.7 MiB``."""


def row_labels(viewport: Viewport, row_bytes: int) -> list[str]:
    """The offset of each row that contains bytes of the volume; all labels differ.

    Offsets that would be longer than :data:`LABEL_COLUMNS` are shown as distances from the first row.
    """
    offsets = range(viewport.start, viewport.end, row_bytes)
    labels = human_offsets(offsets)
    if max(map(len, labels)) <= LABEL_COLUMNS:
        return labels
    texts = (human_offset(viewport.start, decimals) for decimals in range(MOST_DECIMALS, -1, -1))
    first = next(text for text in texts if len(text) <= LABEL_COLUMNS)
    return [first, *(f"+{text}" for text in human_offsets([offset - viewport.start for offset in offsets[1:]]))]
