"""The streams of one map: what was asked for, and what the target holds, once somebody wants to see it."""

from __future__ import annotations

from collections.abc import Callable

from kubectl_cbt.analysis.grid import LayerView
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.snapshot_entry import SnapshotEntry, siblings
from kubectl_cbt.tui.loader import Frame, Loader
from kubectl_cbt.tui.text.vocabulary import Vocabulary, vocabulary_of

DELTA, ALLOCATED, BOTH = "delta", "allocated", "both"
_ORDER = (DELTA, ALLOCATED, BOTH)


class Layers:
    """Loaders by kind, and which of them is shown.

    Args:
        main: of what was asked for; started by whoever made it.
        on_frame: called, from a loader's thread, with a loader that has a newer frame.

    Attributes:
        main: as given.
        shown: ``delta``, ``allocated``, ``both``, or None for a document that does not say what it is.
    """

    def __init__(self, main: Loader, on_frame: Callable[[Loader], None]) -> None:
        self.main = main
        self.shown: str | None = main.opened.operation
        self._on_frame = on_frame
        self._loaders: dict[str | None, Loader] = {}
        self._add(main)

    @property
    def active(self) -> Loader:
        """The one that heat, list and figures are of."""
        return self._loaders[DELTA if self.shown == BOTH else self.shown]

    @property
    def unfinished(self) -> Loader:
        """The one that is shown and still runs, or else is incomplete; the active one where all went well."""
        running = [loader for loader in self._shown if loader.frame.is_running]
        cut = [loader for loader in self._shown if not loader.frame.outcome.complete]
        return (running or cut or self._shown)[0]

    @property
    def resumable(self) -> Loader:
        """The one that is shown and ended early; where none did, the one that still runs, or the active one."""
        cut = [loader for loader in self._shown if not (loader.frame.is_running or loader.frame.outcome.complete)]
        return cut[0] if cut else self.unfinished

    @property
    def all(self) -> list[Loader]:
        """Shown or not."""
        return list(self._loaders.values())

    @property
    def _shown(self) -> list[Loader]:
        return [self.active, self._loaders[ALLOCATED]] if self.shown == BOTH else [self.active]

    @property
    def frame(self) -> Frame:
        """Its newest frame."""
        return self.active.frame

    @property
    def extents(self) -> Extents:
        """Its extents, in order."""
        return self.frame.received.extents

    @property
    def words(self) -> Vocabulary:
        """How its extents are called."""
        return vocabulary_of(self.active.opened.operation)

    @property
    def title(self) -> str:
        """What is shown, in a word or two."""
        return "changed and allocated" if self.shown == BOTH else self.words.title

    def views(self) -> tuple[LayerView, LayerView | None]:
        """What is drawn as heat, and what is drawn as allocated where there is none."""
        return _view(self.active), _view(self._loaders[ALLOCATED]) if self.shown == BOTH else None

    def next_layer(self) -> str | None:
        """The layer after this one; None when there is no other."""
        if self.shown is None or DELTA not in self._loaders:
            return None
        return _ORDER[(_ORDER.index(self.shown) + 1) % len(_ORDER)]

    def needs_stream(self, layer: str) -> bool:
        """Whether a stream has to be opened to show it."""
        return layer != DELTA and ALLOCATED not in self._loaders

    def add_allocated(self, loader: Loader) -> None:
        """What the target holds."""
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
    """The choice moved along the snapshots of its volume, or in words why it cannot be."""
    refs = [entry.ref for entry in siblings(entries, names.target)]
    if names.target not in refs or (names.base is not None and names.base not in refs):
        return "the other snapshots of this volume are not known"
    target = refs.index(names.target) + by
    base = target if names.base is None else refs.index(names.base) + by
    if min(base, target) < 0 or max(base, target) >= len(refs):
        return f"{names.target if by > 0 else names.base or names.target} is the {'newest' if by > 0 else 'oldest'}"
    return SnapshotNames(refs[target], None if names.base is None else refs[base])
