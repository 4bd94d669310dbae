"""Ends what another thread waits for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Cancellation:
    """Is cancelled once, from any thread, and then calls what was registered to be called.

    Whoever begins something that can wait (a connection, a call) registers how it ends:

        with cancellation.calling(call.cancel):
            for message in call: ...
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Cancel; more than once has no effect beyond the first."""
        self._event.set()
        # A copy: a thread that is ended by a callback removes its own.
        for callback in tuple(self._callbacks):
            callback()

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, unless and until it is cancelled; returns whether it is."""
        return self._event.wait(seconds)

    @contextlib.contextmanager
    def part(self) -> Iterator[Cancellation]:
        """A cancellation for one of several steps: cancelled with this one, and when the block is left."""
        part = Cancellation()
        with self.calling(part.cancel):
            try:
                yield part
            finally:
                part.cancel()

    @contextlib.contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call ``callback`` when this is cancelled while the block runs; at once if it is already.

        Args:
            callback: may be called more than once, and from any thread.
        """
        self._callbacks.append(callback)
        try:
            if self._event.is_set():
                callback()
            yield
        finally:
            self._callbacks.remove(callback)
