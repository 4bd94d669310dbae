"""The time to zoom or pan the heatmap: cells, codes and segments of a whole screen, at every zoom.

    python bench/heatmap.py [EXTENTS]         default: 16 million

The time does not include what textual and the terminal do with the segments. The goal is a redraw in less than a frame
at 60 Hz, 16 ms, on a screen of 200 x 60 characters with two cells each.
"""

import resource
import statistics
import sys
import time

import numpy as np

from kubectl_cbt.analysis.extent_filter import ExtentFilter, FilteredExtents
from kubectl_cbt.analysis.grid import LayerView, cell_codes
from kubectl_cbt.analysis.known_range import fully_known
from kubectl_cbt.analysis.viewport import Viewport, Zoom, whole_volume
from kubectl_cbt.model.extents import ExtentBuffer, Extents
from kubectl_cbt.output.drawing.painting import ColorScheme, Painter
from kubectl_cbt.output.palettes import PALETTES

COLUMNS, ROWS = 200, 120
GRAIN = 4096
ROUNDS = 15
GOAL_MS = 16.0


def extents_of(count: int) -> Extents:
    """Return random extents, about one per MiB, as in a busy volume."""
    log = ExtentBuffer()
    random = np.random.default_rng(1)
    start = 0
    for begin in range(0, count, 4096):
        rows = min(4096, count - begin)
        sizes = random.integers(1, 17, rows) * GRAIN
        offsets = start + np.cumsum(random.integers(100, 400, rows) * GRAIN + sizes) - sizes
        log.append(offsets, sizes)
        start = int(offsets[-1] + sizes[-1])
    return log.received().extents


def redraw(viewport: Viewport, view: LayerView, painter: Painter) -> None:
    """Do all work for one new viewport, without textual's."""
    codes = cell_codes(viewport, view).reshape(viewport.rows // 2, 2, viewport.columns)
    for row in codes:
        painter.row(row)


def milliseconds(viewport: Viewport, view: LayerView, painter: Painter) -> list[float]:
    """Measure some redraws."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        redraw(viewport, view, painter)
        times.append((time.perf_counter() - begun) * 1000)
    return times


def main() -> int:
    """Print one line per zoom; exit with 1 if any misses the goal."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 16_000_000
    extents = extents_of(count)
    capacity = extents.end
    view = LayerView(extents, fully_known(capacity))
    print(f"{len(extents):,} extents, {COLUMNS}x{ROWS} cells, {ROUNDS} redraws each")
    print(f"{'cell':>12}  {'median ms':>10}  {'most ms':>8}")
    viewport = whole_volume(capacity, GRAIN, COLUMNS, ROWS)
    worst = 0.0
    while True:
        painter = Painter(ColorScheme(PALETTES[0]))
        redraw(viewport, view, painter)  # the first redraw creates the segments
        times = milliseconds(viewport, view, painter)
        worst = max(worst, statistics.median(times))
        print(f"{viewport.cell_bytes:>12}  {statistics.median(times):>10.2f}  {max(times):>8.2f}")
        nearer = Zoom(viewport, GRAIN).smaller()
        if nearer == viewport.cell_bytes:
            break
        viewport = viewport.with_cells_of(nearer, capacity // 2)
    for name, work in (
        ("next run", lambda: extents.run_from(capacity // 2)),
        ("largest runs", lambda: extents.largest_runs(5)),
        ("filter >32Ki", lambda: FilteredExtents(extents, ExtentFilter.parse(">32Ki"))),
    ):
        begun = time.perf_counter()
        work()
        print(f"{name:>12}  {(time.perf_counter() - begun) * 1000:>10.2f}")
    held = sum(chunk.offsets.nbytes + chunk.totals.nbytes for chunk in extents.chunks)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"columns hold {held / len(extents):.2f} bytes an extent; peak of this process {peak / 2**20:.0f} MiB")
    print(f"slowest zoom {worst:.2f} ms, goal < {GOAL_MS:.0f} ms: {'kept' if worst < GOAL_MS else 'MISSED'}")
    return 0 if worst < GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
