"""The work of the screens: to draw the map and the timeline again, and to go through the list of snapshots."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from measuring import PYTHON, ROOT, Row

REDRAW_MS, BROWSE_MS = 16.0, 50.0


def redrawing(extents: int) -> Iterator[Row]:
    """Measure the heatmap's work for a new viewport."""
    command = (PYTHON, str(ROOT / "bench" / "heatmap.py"), str(extents))
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    slowest = float(text.rpartition("slowest zoom ")[2].partition(" ms")[0])
    yield Row(
        "redraw 200×120 cells, any zoom",
        f"{slowest:.1f} ms at {extents:,}",
        "",
        f"{slowest:.1f} ms",
        f"< {REDRAW_MS:g} ms",
        slowest < REDRAW_MS,
    )


def timelining() -> Iterator[Row]:
    """Measure the timeline's work for another cursor, zoom or scale."""
    command = (PYTHON, str(ROOT / "bench" / "timeline.py"), "100")
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    slowest = float(text.rpartition("slowest redraw ")[2].partition(" ms")[0])
    yield Row(
        "timeline of 100 pairs, any redraw",
        f"{slowest:.1f} ms at 200×60",
        "",
        f"{slowest:.1f} ms",
        f"< {REDRAW_MS:g} ms",
        slowest < REDRAW_MS,
    )


def browsing(many: int) -> Iterator[Row]:
    """Measure the list of snapshots: a long one and a short one."""
    few = 100
    script = str(ROOT / "bench" / "browse.py")
    short, long = (
        subprocess.run((PYTHON, script, str(count)), capture_output=True, text=True, check=True).stdout
        for count in (few, many)
    )
    for work in ("open", "mark", "filter by a letter", "move the cursor"):
        ours, theirs = (float(text.partition(f"{work} ")[2].partition(" ms")[0]) for text in (long, short))
        yield Row(
            f"browse: {work}",
            f"{ours:.1f} ms at {many:,} snapshots",
            f"{theirs:.1f} ms at {few}",
            f"{ours:.1f} ms",
            f"< {BROWSE_MS:g} ms",
            ours < BROWSE_MS,
        )
