"""Comparisons of two scripted lists, and their maps."""

from directing import EXTENTS, KIB, MIB, THREE, TWO, ScriptedOpened, ScriptedStream

from kubectl_cbt.core.compare import ComparedStreams
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.tui.comparison_loader import ComparisonLoader
from kubectl_cbt.tui.screens.comparison_screen import ComparisonScreen

OTHER = [(0, 4 * KIB), (MIB, 512 * KIB), (22 * MIB, 8 * MIB), (50 * MIB, 4 * KIB)]
"""Against ``EXTENTS``: only left at 8 KiB, 20 MiB and 40 MiB, only right at 28 MiB and 50 MiB."""


def compared(left=None, right=None, **settings):
    sides = (
        ScriptedOpened(stream or ScriptedStream(extents), SnapshotNames(THREE, TWO), kind=Operation.DELTA)
        for stream, extents in ((left, EXTENTS), (right, OTHER))
    )
    return ComparedStreams(*sides, ("old.json", "new.json"), **settings)


def comparison(left=None, right=None, *, at_start=True, **settings) -> ComparisonScreen:
    loader = ComparisonLoader(compared(left, right, **settings))
    loader.start()
    screen = ComparisonScreen(loader)
    screen.cursor.is_placed = at_start
    return screen
