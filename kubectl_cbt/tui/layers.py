"""The streams of one map: the one it was opened with, and the allocated blocks of the target on request."""

from __future__ import annotations

from collections.abc import Callable

from kubectl_cbt.analysis.grid import LayerView, cell_codes
from kubectl_cbt.analysis.heat_scale import HeatScale, Levels
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.snapshot_entry import SnapshotEntry, siblings
from kubectl_cbt.output.vocabulary import Vocabulary, vocabulary_of
from kubectl_cbt.tui.export_source import ExportSource, RangeChoices
from kubectl_cbt.tui.loader import Frame, Loader
from kubectl_cbt.tui.map_export import MapExport

DELTA, ALLOCATED, BOTH = "delta", "allocated", "both"
_ORDER = (DELTA, ALLOCATED, BOTH)


class Layers:
    """Loaders by operation, and which of them is shown.

    Args:
        main: the stream that the map was opened with; started by the caller.
        on_frame: called, on a loader's thread, with a loader that has a newer frame.

    Attributes:
        main: as given.
        shown: ``delta``, ``allocated``, ``both``, or None for a document that does not record its operation.
    """

    def __init__(self, main: Loader, on_frame: Callable[[Loader], None]) -> None:
        self.main = main
        self.shown: str | None = main.opened.operation
        self._on_frame = on_frame
        self._loaders: dict[str | None, Loader] = {}
        self._add(main)

    @property
    def active(self) -> Loader:
        """The loader whose extents are shown as heat, list and figures."""
        return self._loaders[DELTA if self.shown == BOTH else self.shown]

    @property
    def unfinished(self) -> Loader:
        """A shown loader that still runs, else one that is incomplete, else the active one."""
        running = [loader for loader in self._shown if loader.frame.is_running]
        cut = [loader for loader in self._shown if not loader.frame.outcome.complete]
        return (running or cut or self._shown)[0]

    @property
    def resumable(self) -> Loader:
        """A shown loader whose stream ended early, else as :attr:`unfinished`."""
        cut = [loader for loader in self._shown if not (loader.frame.is_running or loader.frame.outcome.complete)]
        return cut[0] if cut else self.unfinished

    @property
    def all(self) -> list[Loader]:
        """All loaders, shown or not."""
        return list(self._loaders.values())

    @property
    def _shown(self) -> list[Loader]:
        return [self.active, self._loaders[ALLOCATED]] if self.shown == BOTH else [self.active]

    @property
    def frame(self) -> Frame:
        """The newest frame of the active loader."""
        return self.active.frame

    @property
    def extents(self) -> Extents:
        """The extents of the active loader, in order."""
        return self.frame.received.extents

    @property
    def words(self) -> Vocabulary:
        """The words for the extents of the active loader."""
        opened = self.active.opened
        return vocabulary_of(opened.operation, missing=opened.resolved.shows_missing)

    @property
    def title(self) -> str:
        """The title of the map."""
        return "changed and allocated" if self.shown == BOTH else self.words.title

    def views(self) -> tuple[LayerView, LayerView | None]:
        """What is drawn as heat, and what is drawn as allocated where there is no heat."""
        return _view(self.active), _view(self._loaders[ALLOCATED]) if self.shown == BOTH else None

    def codes(self, viewport: Viewport, scale: HeatScale) -> Levels:
        """The codes of the cells; see :func:`~kubectl_cbt.analysis.grid.cell_codes`."""
        return cell_codes(viewport, *self.views(), scale)

    def export(self, ranges: RangeChoices, picture: str) -> ExportSource:
        """What can be exported of the active loader.

        Args:
            ranges: those that are offered.
            picture: the SVG of the screen.
        """
        return MapExport(self.active, ranges, picture)

    def wipe(self) -> str | None:
        """Show the other one of delta and allocated; returns why that is impossible, or None."""
        if len(self._loaders) < 2:
            return "there is one layer; a opens the allocated blocks of a delta"
        self.shown = ALLOCATED if self.shown == DELTA else DELTA
        return None

    @property
    def allocated_frame(self) -> Frame | None:
        """The newest frame of the allocated blocks beside a delta; None while they were not queried."""
        return self._loaders[ALLOCATED].frame if DELTA in self._loaders and ALLOCATED in self._loaders else None

    def next_layer(self) -> str | None:
        """The layer that follows the shown one; None when there is only one."""
        if self.shown is None or DELTA not in self._loaders:
            return None
        return _ORDER[(_ORDER.index(self.shown) + 1) % len(_ORDER)]

    def needs_stream(self, layer: str) -> bool:
        """Whether a stream must be opened to show a layer."""
        return layer != DELTA and ALLOCATED not in self._loaders

    def add_allocated(self, loader: Loader) -> None:
        """Add the stream of the target's allocated blocks, and start it."""
        self._add(loader)
        loader.start()

    def close(self) -> None:
        """End every stream."""
        for loader in self._loaders.values():
            loader.close()

    def _add(self, loader: Loader) -> None:
        self._loaders[loader.opened.operation] = loader
        loader.notify_on_frame(lambda: self._on_frame(loader))


def _view(loader: Loader) -> LayerView:
    return LayerView(loader.frame.received.extents, loader.frame.known)


def neighbour(entries: list[SnapshotEntry], names: SnapshotNames, by: int) -> SnapshotNames | str:
    """The names moved by ``by`` along the snapshots of their volume, oldest first; or why that is impossible."""
    refs = [entry.ref for entry in siblings(entries, names.target)]
    if names.target not in refs or (names.base is not None and names.base not in refs):
        return "the other snapshots of this volume are unknown"
    target = refs.index(names.target) + by
    base = target if names.base is None else refs.index(names.base) + by
    if min(base, target) < 0 or max(base, target) >= len(refs):
        end = f"{names.target} is the newest" if by > 0 else f"{names.base or names.target} is the oldest"
        return f"{end} snapshot of its volume"
    return SnapshotNames(refs[target], None if names.base is None else refs[base])
