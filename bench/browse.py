"""The time of the list of snapshots on 200 x 60: opening, a mark, a letter of a filter, a cursor move.

python bench/browse.py SNAPSHOTS
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.tui.app import CbtApp
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.snapshot_columns import Columns
from kubectl_cbt.tui.snapshot_rows import SnapshotRows

A_VOLUME, RUNS = 14, 9
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class Backend:
    """A cluster that is never queried."""

    context, namespace = "bench", None

    def entries(self) -> list[SnapshotEntry]:
        """Return no other snapshots."""
        return []

    def open(self, choice: SnapshotNames) -> OpenStream:
        """Open nothing."""
        raise AssertionError(f"the benchmark opened {choice}")

    def namespaces(self) -> list[str]:
        """Return no other namespaces."""
        return []

    def in_namespace(self, namespace: str | None) -> Backend:
        """Return the same view."""
        return self

    def contexts(self) -> list[str]:
        """Return no other contexts."""
        return []

    def in_context(self, context: str) -> tuple[Backend, list[SnapshotEntry]]:
        """Return the same view."""
        return self, []

    def close(self) -> None:
        """Close nothing."""


def entries(count: int) -> list[SnapshotEntry]:
    """Return daily snapshots of volumes in twenty namespaces."""
    return [entry(number // A_VOLUME, number % A_VOLUME) for number in range(count)]


def entry(volume: int, day: int) -> SnapshotEntry:
    """Return one snapshot."""
    taken = _FIRST + timedelta(days=day)
    return SnapshotEntry(
        ref=SnapshotRef(f"team-{volume % 20}", f"data-{volume:04}-{taken:%Y%m%d}"),
        claim=f"data-{volume:04}",
        content=f"snapcontent-{volume}-{day}",
        driver="rbd.csi.example.com",
        handle=f"{volume:08x}-{day:02}",
        volume_handle=f"{volume:08x}",
        restore_size_bytes=(volume % 50 + 1) << 30,
        ready=True,
        created=taken,
        object_created=taken,
        obstacle="",
    )


async def measured(count: int) -> dict[str, float]:
    """Measure the milliseconds of each operation, including drawing; opening is sorting and layout."""
    found = entries(count)
    opening = []
    for _ in range(RUNS):
        before = time.perf_counter()
        Columns.of(SnapshotRows(found), 196)
        opening.append(time.perf_counter() - before)
    screen = BrowseScreen(Backend(), found)
    app = CbtApp(screen, limits=StreamLimits())
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause()

        def seconds(act: Callable[[], None]) -> float:
            start = time.perf_counter()
            act()
            screen.snapshot_list.render_lines(screen.snapshot_list.content_size.region)
            return time.perf_counter() - start

        seconds(screen.action_first)
        texts = ["d", "da", "dat", "data", "data-", "data-0", "data-01", "data-01 t", ""]
        times = {
            "mark": [seconds(screen.action_mark) for _ in range(RUNS)],
            "filter by a letter": [seconds(lambda text=text: screen.filter_by(text)) for text in texts],  # type: ignore[misc]
            "move the cursor": [seconds(lambda: screen.action_move(97)) for _ in range(RUNS)],
        }
    times["open"] = opening
    return {name: median(values) * 1e3 for name, values in times.items()}


def main() -> None:
    """Print the results."""
    found = asyncio.run(measured(int(sys.argv[1])))
    print(", ".join(f"{name} {value:.1f} ms" for name, value in found.items()))


if __name__ == "__main__":
    main()
