"""The work of the screens: to draw the map and the timeline again, and to go through the list of snapshots."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from measuring import PYTHON, ROOT, Row

REDRAW_MS, BROWSE_MS = 16.0, 50.0


def redrawing(extents: int) -> Iterator[Row]:
    """Measure the heatmap's work for a new viewport."""
    yield _redraw("redraw 200×120 cells, any zoom", f"at {extents:,}", "heatmap.py", extents, "slowest zoom ")


def timelining() -> Iterator[Row]:
    """Measure the timeline's work for another cursor, zoom or scale."""
    yield _redraw("timeline of 100 pairs, any redraw", "at 200×60", "timeline.py", 100, "slowest redraw ")


def _redraw(work: str, size: str, script: str, argument: int, before: str) -> Row:
    """Run a script, and take the milliseconds that it prints after a text."""
    command = (PYTHON, str(ROOT / "bench" / script), str(argument))
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    slowest = float(text.rpartition(before)[2].partition(" ms")[0])
    shown = f"{slowest:.1f} ms"
    return Row(work, f"{shown} {size}", "", shown, f"< {REDRAW_MS:g} ms", slowest < REDRAW_MS)


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
