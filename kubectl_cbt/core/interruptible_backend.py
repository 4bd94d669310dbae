"""Opens streams, unless it is interrupted: to connect can take as long as a server or a login command likes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kubectl_cbt.errors import Interrupted
from kubectl_cbt.system.cancellation import Cancellation

if TYPE_CHECKING:
    from kubectl_cbt.model.backend import Backend, OpenStream
    from kubectl_cbt.model.refs import SnapshotNames
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry


class InterruptibleBackend:
    """Another backend, whose :meth:`open` ends when this is cancelled; for use from several threads."""

    def __init__(self, backend: Backend) -> None:
        self.context = backend.context
        self._backend = backend
        self._cancellation = Cancellation()

    def entries(self) -> list[SnapshotEntry]:
        """As the other backend."""
        return self._backend.entries()

    def open(self, names: SnapshotNames) -> OpenStream:
        """As the other backend.

        Raises:
            Interrupted: it was cancelled. What is still connecting is closed when that is done.
        """
        if self._cancellation.is_cancelled:
            raise Interrupted("interrupted")
        opening = _Opening(self._backend, names)
        with self._cancellation.calling(opening.abandon):
            return opening.result()

    def cancel(self) -> None:
        """End what is being opened, and open no more. From any thread, and more than once."""
        self._cancellation.cancel()


class _Opening:
    """A stream that a thread of its own opens. A daemon: an interrupted command does not wait for it."""

    def __init__(self, backend: Backend, names: SnapshotNames) -> None:
        self._opened: OpenStream | None = None
        self._error: BaseException | None = None
        self._is_abandoned = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        threading.Thread(target=self._open, args=(backend, names), name="cbt-open", daemon=True).start()

    def result(self) -> OpenStream:
        """Wait for it; raises what opening it raised."""
        self._over.wait()
        with self._lock:
            opened, error = self._opened, self._error
            self._is_abandoned = opened is None
        if error is not None:
            raise error
        if opened is None:
            raise Interrupted("interrupted")
        return opened

    def abandon(self) -> None:
        """End the wait for it."""
        self._over.set()

    def _open(self, backend: Backend, names: SnapshotNames) -> None:
        try:
            opened = backend.open(names)
        except BaseException as error:  # noqa: BLE001  # raised by result()
            self._error = error
        else:
            with self._lock:
                self._opened = opened
                is_abandoned = self._is_abandoned
            if is_abandoned:
                opened.close()
        self._over.set()
