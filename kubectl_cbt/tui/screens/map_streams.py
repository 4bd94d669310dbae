"""The streams of a map: its layers, the snapshots before and after it, stopping and resuming."""

from __future__ import annotations

from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.tui.layers import Layers, neighbour
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.messages import FrameReady
from kubectl_cbt.tui.navigation import MapCursor
from kubectl_cbt.tui.screens.map_navigation import MapNavigation
from kubectl_cbt.tui.text.header_line import map_name
from kubectl_cbt.tui.text.problem_report import incomplete_map_note
from kubectl_cbt.units import human_offset


class MapStreams(MapNavigation):
    """A screen with a map whose streams can be replaced, stopped and resumed.

    Args:
        loader: of the stream to show first; already started.
        backend: opens the other layer and other snapshots; None for a document.
    """

    def __init__(self, loader: Loader, backend: Backend | None) -> None:
        super().__init__(MapCursor(loader.opened.resolved.query.starting_offset), Layers(loader, self._post_frame))
        self._backend = backend

    def _post_frame(self, loader: Loader) -> None:
        # A stream begins before the screen is mounted; frames from before are drawn when it is.
        if self.is_running:
            self.post_message(FrameReady(loader))

    def on_unmount(self) -> None:
        """End the streams with their screen."""
        self._leave_streams()

    def _leave_streams(self) -> None:
        """End the streams; the command names the incomplete ones once the terminal is restored."""
        for loader in self.streams.all:
            name = map_name(loader.opened.resolved, loader.opened.operation)
            self.cbt.note_incomplete_map(name, incomplete_map_note(loader.frame, name))
        self.streams.close()

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
        names = SnapshotNames(resolved.target.ref, resolved.base.ref if resolved.base else None)

        def work() -> Loader | str:
            found = neighbour(backend.entries(), names, by)
            return found if isinstance(found, str) else Loader(backend.open(found))

        self.do("looking for the neighboring snapshots …", work, self._stepped, _close_unused)

    def _stepped(self, made: Loader | str) -> None:
        if isinstance(made, str):
            self.notice(made)
            return
        self._leave_streams()
        self.streams = Layers(made, self._post_frame)
        made.start()
        self.streams_changed()

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


def _close_unused(made: Loader | str) -> None:
    if not isinstance(made, str):
        made.close()
