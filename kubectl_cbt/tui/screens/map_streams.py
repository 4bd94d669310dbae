"""The streams of a map: its layers, the snapshots before and after it, stopping and resuming."""

from __future__ import annotations

from dataclasses import dataclass

from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.volume_history import VolumeHistory
from kubectl_cbt.tui.layers import ALLOCATED, BOTH, Layers, neighbour
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.messages import FrameReady
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.screens.map_navigation import MapNavigation
from kubectl_cbt.tui.stream_cache import StreamCache
from kubectl_cbt.tui.text.header_line import map_name
from kubectl_cbt.tui.text.problem_report import incomplete_map_note
from kubectl_cbt.tui.volume_of_snapshot import history_of
from kubectl_cbt.units import human_offset


class MapStreams(MapNavigation):
    """A screen with a map whose streams can be replaced, stopped and resumed.

    Args:
        loader: of the stream to show first; already started.
        backend: opens the other layer and other snapshots; None for a document.
        cursor: where to start; None for the first byte that was queried.
    """

    def __init__(self, loader: Loader, backend: Backend | None, cursor: MapCursor | None = None) -> None:
        cursor = cursor or MapCursor(loader.opened.resolved.query.starting_offset)
        super().__init__(cursor, lambda: self._layers_of(loader))
        self._backend = backend
        self._left = StreamCache()

    @property
    def context(self) -> str:
        """The context of the kubeconfig that the snapshots are from; empty for others."""
        return self._backend.context if self._backend is not None else ""

    def _layers_of(self, loader: Loader) -> Layers:
        return Layers(loader, self._post_frame)

    def _post_frame(self, loader: Loader) -> None:
        # A stream begins before the screen is mounted; frames from before are drawn when it is.
        if self.is_running:
            self.post_message(FrameReady(loader))

    def on_unmount(self) -> None:
        """End the streams with their screen."""
        self._note_incomplete()
        self.streams.close()

    def _note_incomplete(self) -> None:
        """The command names the incomplete maps once the terminal is restored."""
        for loader in self.streams.all:
            name = map_name(loader.opened.resolved, loader.opened.operation)
            self.cbt.note_incomplete_map(name, incomplete_map_note(loader.frame, name))

    def streams_changed(self) -> None:
        """Draw other streams, or another layer."""

    # Layers and other snapshots

    def action_next_layer(self) -> None:
        """Switch from delta to allocated to both; the second stream is opened when it is first needed."""
        layer, streams, backend = self.streams.next_layer(), self.streams, self._backend
        if layer is None:
            self.notice("this is not a delta: there is only one layer")
        elif not streams.needs_stream(layer):
            self._show_layer(layer)
        elif backend is None:
            self.notice("saved documents have one layer; connect to a cluster to see allocated blocks")
        else:
            names = SnapshotNames(streams.main.opened.resolved.target.ref)

            def done(opened: OpenStream) -> None:
                streams.add_allocated(Loader(opened))
                self._show_layer(layer)

            self.do(f"querying allocated blocks of {names} …", lambda: backend.open(names), done, OpenStream.close)

    def action_wipe(self) -> None:
        """Show the other layer, or the next side of a comparison."""
        obstacle = self.streams.wipe()
        if obstacle:
            self.notice(obstacle)
        else:
            self.streams_changed()

    def _show_layer(self, layer: str) -> None:
        self.streams.shown = layer
        self.streams_changed()

    def action_step(self, by: int) -> None:
        """Show the same operation on older or newer snapshots."""
        resolved, backend = self.streams.main.opened.resolved, self._backend
        if backend is None:
            self.notice("a document has no other snapshots; kubectl cbt browse shows those of a cluster")
            return
        if resolved.base is None and resolved.query.base is not None:
            self.notice("the base was given by its handle: its neighbors are unknown")
            return
        names, layer = self._names, self.streams.shown

        def work() -> _Neighbour | str:
            found = neighbour(backend.entries(), names, by)
            if isinstance(found, str):
                return found
            wants_allocated = found.base is not None and layer in (ALLOCATED, BOTH)
            made = _Neighbour(found, None if found in self._left else Loader(backend.open(found)))
            if made.main is not None and wants_allocated:
                try:
                    made.allocated = Loader(backend.open(SnapshotNames(found.target)))
                except CbtError:
                    made.close()
                    raise
            return made

        self.do("looking for the neighboring snapshots …", work, self._stepped, _close_unused)

    @property
    def _names(self) -> SnapshotNames:
        """The snapshots of the map."""
        resolved = self.streams.main.opened.resolved
        return SnapshotNames(resolved.target.ref, resolved.base.ref if resolved.base else None)

    def _stepped(self, made: _Neighbour | str) -> None:
        """Replace the streams; layer, zoom and cursor stay."""
        if isinstance(made, str):
            self.notice(made)
            return
        self._note_incomplete()
        layer = self.streams.shown
        self._left.put(self._names, self.streams)
        streams = self._left.take(made.names) if made.main is None else Layers(made.main, self._post_frame)
        if streams is None:
            return
        if made.main is not None:
            made.main.start()
        if made.allocated is not None:
            streams.add_allocated(made.allocated)
        if layer is not None and streams.next_layer() is not None and not streams.needs_stream(layer):
            streams.shown = layer
        self.streams = streams
        self.streams_changed()

    def action_timeline(self) -> None:
        """Open the timeline of the volume, at the cursor; a map that was opened from one goes back to it."""
        # Timelines open maps.
        from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen

        backend, ref, position = self._backend, self._names.target, self.cursor.position
        if isinstance(self.app.screen_stack[-2], TimelineScreen):
            self.cbt.go_back(self)
            return
        if backend is None:
            self.notice("a document has no other snapshots; kubectl cbt history shows the timeline of a claim")
            return

        def done(found: VolumeHistory | str) -> None:
            if isinstance(found, str):
                self.notice(found)
            else:
                self.app.push_screen(TimelineScreen(found, backend, position))

        self.do("looking for the snapshots of the volume …", lambda: history_of(backend.entries(), ref), done)

    def action_stop(self) -> None:
        """Stop the running stream and keep what was received."""
        if self.streams.unfinished.frame.is_running:
            self.streams.unfinished.stop()
        else:
            self.notice("no stream is running")

    def action_resume(self) -> None:
        """Continue a stream that ended early from where it stopped."""
        loader = self.streams.resumable
        if loader.resume_obstacle:
            self.notice(loader.resume_obstacle)
            return
        place = human_offset(loader.frame.outcome.next_offset)
        self.do(f"resuming the stream from {place} …", loader.resume, lambda made: self.streams_changed())


@dataclass
class _Neighbour:
    """Streams to step to.

    Attributes:
        main: None for snapshots whose streams were kept.
        allocated: of the target, when that layer is shown.
    """

    names: SnapshotNames
    main: Loader | None
    allocated: Loader | None = None

    def close(self) -> None:
        """End both."""
        for loader in (self.main, self.allocated):
            if loader is not None:
                loader.close()


def _close_unused(made: _Neighbour | str) -> None:
    if not isinstance(made, str):
        made.close()
