"""The map of a whole stream, as `kubectl cbt allocated` opens it, on a virtual screen of 200 x 60.

python bench/map_memory.py KUBECONFIG
"""

from __future__ import annotations

import sys
from typing import Any

from kubectl_cbt.core.query import ClusterOptions, open_cluster
from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.tui.app import CbtApp
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.screens.map_screen import MapScreen


def main() -> None:
    """Load everything, zoom in a few times, and exit."""
    with open_cluster(ClusterOptions(kubeconfig=sys.argv[1])) as backend:
        loader = Loader(backend.open(SnapshotNames(SnapshotRef("vms", "scratch-1"))))
        loader.start()

        async def look(pilot: Any) -> None:
            while loader.frame.is_running:
                await pilot.pause(0.05)
            await pilot.press("plus", "plus", "plus")
            pilot.app.exit()

        app = CbtApp(MapScreen(loader, backend), limits=StreamLimits())
        app.run(headless=True, size=(200, 60), auto_pilot=look)
        frame = loader.frame
        if not frame.outcome.complete:
            raise SystemExit(f"incomplete: {frame.outcome.failure}")
        loader.close()


if __name__ == "__main__":
    main()
