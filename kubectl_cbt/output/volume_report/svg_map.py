"""A small map of a volume for an HTML page: what changed, above what is allocated."""

from __future__ import annotations

from html import escape

import numpy as np

from kubectl_cbt.analysis.cells import cell_edges
from kubectl_cbt.analysis.heat_scale import LOG, Levels
from kubectl_cbt.model.volume_report import CELLS, MeasuredStream
from kubectl_cbt.output.palettes import PALETTES

LEVELS = 5
_HEIGHT = 12
_CHANGED, _ALLOCATED = (0, 8), (9, 3)
"""Position and height of each row."""


def map_style() -> str:
    """The colors of all maps, on a light and on a dark page."""
    return f"{_colors(dark=False)}@media screen and (prefers-color-scheme: dark) {{\n{_colors(dark=True)}}}\n"


def volume_map(full: MeasuredStream | None, delta: MeasuredStream | None, title: str) -> str:
    """The map of a volume; empty when nothing is known of it."""
    rows = ((delta, "h", *_CHANGED), (full, "a", *_ALLOCATED))
    if not any(stream is not None and stream.cells for stream, *_ in rows):
        return ""
    drawn = "".join(_row(stream, prefix, top, height) for stream, prefix, top, height in rows if stream is not None)
    return (
        f'<svg class="map" viewBox="0 0 {CELLS} {_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' shape-rendering="crispEdges"><title>{escape(title)}</title>{drawn}</svg>'
    )


def legend_scale(prefix: str) -> str:
    """All levels of a row, from the least to the most."""
    steps = "".join(f'<path class="{prefix}{level}" d="M{level - 1} 0h1v1h-1z"/>' for level in range(1, LEVELS + 1))
    return f'<svg viewBox="0 0 {LEVELS} 1" preserveAspectRatio="none" aria-hidden="true">{steps}</svg>'


def _row(stream: MeasuredStream, prefix: str, top: int, height: int) -> str:
    capacity = stream.capacity_bytes or 0
    if not stream.cells or not capacity:
        return ""
    edges = cell_edges(0, capacity, CELLS)
    levels = LOG.levels(np.array(stream.cells, dtype=np.int64), np.diff(edges), LEVELS)
    drawn = "".join(
        f'<path class="{prefix}{level}" d="{_path(levels == level, top, height)}"/>'
        for level in range(1, LEVELS + 1)
        if (levels == level).any()
    )
    unknown = (edges[1:] > stream.known_bytes) & (levels == 0)
    if stream.is_complete or not unknown.any():
        return drawn
    return f'{drawn}<path class="x" d="{_path(unknown, top, height)}"/>'


def _path(cells: Levels | np.ndarray[tuple[int, ...], np.dtype[np.bool_]], top: int, height: int) -> str:
    """One rectangle for each run of cells."""
    steps = np.diff(np.concatenate(([0], cells.astype(np.int8), [0])))
    starts, ends = np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist()
    return "".join(
        f"M{start} {top}h{end - start}v{height}h{start - end}z" for start, end in zip(starts, ends, strict=True)
    )


def _colors(*, dark: bool) -> str:
    palette = PALETTES[0]
    heat = palette.heat(LEVELS, dark=dark)
    allocated = palette.allocated(LEVELS, dark=dark, background="#182029" if dark else "#ffffff")
    rules = [f".h{level} {{ fill: {color}; }}" for level, color in enumerate(heat, 1)]
    rules += [f".a{level} {{ fill: {color}; }}" for level, color in enumerate(allocated, 1)]
    rules.append(f".x {{ fill: {'#4a5663' if dark else '#b9c2cb'}; fill-opacity: .55; }}")
    return "".join(f"{rule}\n" for rule in rules)
