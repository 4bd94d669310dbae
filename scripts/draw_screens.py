"""Draw the pictures of the README from the demo cluster: the real app, without a terminal.

``python scripts/draw_screens.py`` rewrites them; a test compares. Values that differ between runs (the duration
of the stream) are set to a fixed value before the picture is taken; everything else is drawn by the app.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from kubectl_cbt.cli.backend import command_session
from kubectl_cbt.cli.options import ClusterFlags
from kubectl_cbt.core.backends import ClusterBackend
from kubectl_cbt.core.options import QueryOptions, ServiceOptions
from kubectl_cbt.core.session import Session
from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.tui.app import LIGHT, CbtApp
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.screen_picture import picture_of
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen
from kubectl_cbt.tui.settings import Settings
from kubectl_cbt.tui.volume_of_snapshot import history_of

DOCS = Path(__file__).resolve().parent.parent / "docs"
_SIZE = (116, 32)
_SECONDS = 0.12
_BASE, _TARGET = SnapshotRef("shop", "pg-mon"), SnapshotRef("shop", "pg-tue")


def pictures() -> dict[str, str]:
    """Return the SVGs by file name."""
    with command_session(ClusterFlags(demo=True)) as session:
        return {
            # To the largest run.
            "map.svg": draw(the_map(session), ["s", "1", "s"]),
            # Both layers, in the light theme.
            "layers.svg": draw(the_map(session), ["a", "a", "n"], theme=LIGHT.name),
            # With what changed at all.
            "timeline.svg": draw(the_timeline(session, _TARGET), ["u"]),
        }


def the_map(session: Session, base: SnapshotRef = _BASE, target: SnapshotRef = _TARGET) -> MapScreen:
    """Return a map with a complete stream."""
    cluster = ClusterBackend(session, ServiceOptions(), QueryOptions(), target.namespace)
    loader = Loader(cluster.open(SnapshotNames(target, base)))
    loader.start()
    loader.wait_until_ended()
    loader.frame = replace(loader.frame, outcome=replace(loader.frame.outcome, seconds=_SECONDS))
    return MapScreen(loader, cluster)


def the_timeline(session: Session, snapshot: SnapshotRef) -> TimelineScreen:
    """Return the timeline of the volume of a snapshot."""
    cluster = ClusterBackend(session, ServiceOptions(), QueryOptions(), snapshot.namespace)
    history = history_of(cluster.entries(), snapshot)
    if isinstance(history, str):
        raise SystemExit(history)
    return TimelineScreen(history, cluster)


def draw(
    screen: CbtScreen[None],
    keys: Sequence[str] = (),
    *,
    size: tuple[int, int] = _SIZE,
    theme: str = "",
    palette: str = "cividis",
    colors: bool = True,
) -> str:
    """Return the picture of a screen after some keys."""
    app = CbtApp(screen, limits=StreamLimits(), colors=colors, settings=Settings(palette=palette))

    async def drawn() -> str:
        async with app.run_test(size=size) as pilot:
            app.theme = theme or app.theme
            for key in keys:
                await _settled(pilot)
                await pilot.press(key)
            await _settled(pilot)
            return picture_of(app.screen)

    return asyncio.run(drawn())


async def _settled(pilot: Pilot[None]) -> None:
    """Wait until no stream and no background work is active."""
    await pilot.pause()
    while any(screen.is_updating for screen in pilot.app.screen_stack if isinstance(screen, CbtScreen)):
        # Without a real sleep this loop would take the interpreter from the threads that it waits for.
        await asyncio.sleep(0.005)
        await pilot.pause()
    await pilot.pause()


if __name__ == "__main__":
    for name, picture in pictures().items():
        (DOCS / name).write_text(picture, encoding="utf-8")
        print(f"drew docs/{name}")
