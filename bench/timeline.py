"""The time to redraw the timeline of 100 pairs on 200 x 60: cursor, zoom, newer figures of one pair, another scale.

    python bench/timeline.py [PAIRS]          default: 100

The time includes the texts around the bands, and the strips that textual gets; not what the terminal does with them.
The goal is a redraw in less than a frame at 60 Hz, 16 ms.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from kubectl_cbt.analysis.heat_scale import SCALES
from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.record import Batch, Record, Records
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.results import Outcome
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.stream_query import Operation, Query
from kubectl_cbt.tui.app import CbtApp
from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen
from kubectl_cbt.tui.volume_of_snapshot import history_of
from kubectl_cbt.tui.widgets.timeline import Timeline

SIZE, ROUNDS, GOAL_MS = (200, 60), 25, 16.0
CAPACITY, EXTENTS = 2**40, 5000
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class Stream:
    """Random extents in one message."""

    seconds = 0.1

    def __init__(self, seed: int) -> None:
        self.capacity_bytes: int | None = None
        self.extents = self.next_offset = 0
        self._seed = seed

    def __iter__(self) -> Any:
        random = np.random.default_rng(self._seed)
        offsets = np.sort(random.choice(CAPACITY // 2**20, EXTENTS, replace=False)).astype(np.int64) * 2**20
        self.capacity_bytes, self.extents = CAPACITY, EXTENTS
        self.next_offset = int(offsets[-1]) + 2**20
        yield Batch.whole(Records.of(Record(1, 2, CAPACITY, offsets, random.integers(1, 256, EXTENTS) * 4096)))

    def resume(self) -> None:
        """Do nothing: it never ends early."""

    def notify_to(self, notify: Callable[[str], None]) -> None:
        """Do nothing: it has nothing to report."""

    def cancel(self) -> None:
        """Do nothing: it ends at once."""

    def outcome(self, error: Exception | None = None, restore_size_bytes: int | None = None) -> Outcome:
        """Return the state of a complete stream."""
        return Outcome(True, 2, CAPACITY, 1, EXTENTS, self.next_offset, 0, 0, self.seconds, (), None)


class Backend:
    """Answers each query with other extents."""

    context = "bench"

    def entries(self) -> list[SnapshotEntry]:
        """Return nothing: the screen is given its snapshots."""
        return []

    def open(self, names: SnapshotNames) -> OpenStream:
        """Return a stream that depends on the name of the target."""
        target = Snapshot(
            names.target, "content", "driver", SnapshotHandle("handle"), "claim", "volume", CAPACITY, None
        )
        stream = Stream(int(names.target.name.rpartition("-")[2]))
        return OpenStream(ResolvedQuery(Query(names.target, None), target, None), stream, Operation.DELTA)


def entry(number: int) -> SnapshotEntry:
    """Return one of the daily snapshots."""
    taken = _FIRST + timedelta(days=number)
    return SnapshotEntry(
        ref=SnapshotRef("shop", f"data-{number:04}"),
        claim="data",
        content=f"content-{number}",
        driver="driver",
        handle=f"handle-{number}",
        volume_handle="volume",
        restore_size_bytes=CAPACITY,
        ready=True,
        created=taken,
        object_created=taken,
        obstacle="",
    )


async def measured(pairs: int) -> dict[str, list[float]]:
    """Measure the milliseconds of each operation."""
    history = history_of([entry(number) for number in range(pairs + 1)], SnapshotRef("shop", "data-0000"))
    if isinstance(history, str):
        raise SystemExit(history)
    screen = TimelineScreen(history, Backend())
    app = CbtApp(screen, limits=StreamLimits())
    async with app.run_test(size=SIZE) as pilot:
        while screen.is_updating:
            await pilot.pause(0.05)
        await pilot.pause()
        timeline = screen.query_one(Timeline)

        def milliseconds(act: Callable[[], object]) -> float:
            start = time.perf_counter()
            act()
            timeline.render_lines(timeline.outer_size.region)
            return (time.perf_counter() - start) * 1e3

        screen.action_union()
        scales = (SCALES[number % len(SCALES)] for number in range(ROUNDS))
        return {
            "move by a pair": [milliseconds(lambda: screen.action_move(-1)) for _ in range(ROUNDS)],
            "move by a column": [milliseconds(lambda: screen.action_go_columns(-1)) for _ in range(ROUNDS)],
            "move by a screen": [milliseconds(lambda: screen.action_page(-1)) for _ in range(ROUNDS)],
            "zoom": [
                milliseconds(screen.action_zoom_out if number % 2 else screen.action_zoom_in)
                for number in range(ROUNDS)
            ],
            "scale": [milliseconds(lambda scale=scale: app.use_scale(scale)) for scale in scales],  # type: ignore[misc]
        }


def main() -> int:
    """Print one line per operation; exit with 1 if any misses the goal."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    found = asyncio.run(measured(pairs))
    print(f"{pairs} pairs, {SIZE[0]}x{SIZE[1]}, {ROUNDS} redraws each")
    for name, times in found.items():
        print(f"{name:>18}  median {statistics.median(times):6.2f} ms  most {max(times):6.2f} ms")
    slowest = max(statistics.median(times) for times in found.values())
    print(f"slowest redraw {slowest:.2f} ms, goal < {GOAL_MS:.0f} ms: {'kept' if slowest < GOAL_MS else 'MISSED'}")
    return 0 if slowest < GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
