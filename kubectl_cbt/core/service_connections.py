"""The connections to services that the streams of a session share: one port-forward and one channel a service.

A connection outlives its last stream for a while, so that the next one (a second layer of the map, the next pair of a
history) does not start another port-forward; and not for as long as a screen may stay open, as it occupies a process,
a local port and a connection of the API server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.errors import Interrupted

if TYPE_CHECKING:
    from kubectl_cbt.wire.service_connection import ServiceConnection

IDLE_SECONDS = 60.0
"""How long a connection that no stream uses is kept."""


class ServiceConnections:
    """The connections of one session; thread-safe.

    Args:
        idle_seconds: how long a connection is kept after its last lease.
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._kept: dict[Hashable, _Kept] = {}
        self._closed = False
        self._lock = threading.Lock()

    def lease(
        self, key: Hashable, make: Callable[[], ServiceConnection]
    ) -> tuple[ServiceConnection, Callable[[], None]]:
        """The connection of ``key``, and the function that ends this lease, to be called once.

        Args:
            make: makes the connection, with nothing started and without waiting; called when there is none.

        Raises:
            Interrupted: the session is closed.
        """
        with self._lock:
            if self._closed:
                raise Interrupted("interrupted")
            kept = self._kept.get(key)
            if kept is None:
                kept = self._kept[key] = _Kept(make())
            kept.leases += 1
            if kept.timer is not None:
                kept.timer.cancel()
                kept.timer = None
        return kept.connection, lambda: self._release(key, kept)

    def close(self) -> None:
        """Close all connections; running streams end. More than once, and from any thread."""
        with self._lock:
            self._closed = True
            closing = list(self._kept.values())
            self._kept.clear()
        for kept in closing:
            if kept.timer is not None:
                kept.timer.cancel()
            kept.connection.close()

    def _release(self, key: Hashable, kept: _Kept) -> None:
        with self._lock:
            kept.leases -= 1
            if kept.leases or self._closed:
                return
            timer = kept.timer = threading.Timer(self._idle_seconds, lambda: self._close_idle(key, kept, timer))
            timer.name, timer.daemon = "cbt-idle", True
            timer.start()

    def _close_idle(self, key: Hashable, kept: _Kept, timer: threading.Timer) -> None:
        with self._lock:
            # It may have been leased again just before.
            if kept.timer is not timer or self._closed:
                return
            del self._kept[key]
        kept.connection.close()


@dataclass(eq=False, slots=True)
class _Kept:
    """A connection and its leases.

    Attributes:
        timer: closes it; None while it has leases.
    """

    connection: ServiceConnection
    leases: int = 0
    timer: threading.Timer | None = None
