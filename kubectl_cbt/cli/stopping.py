"""Ctrl-C and its kin while a document is being written.

An exception at an arbitrary point could leave half a row behind, or figures that count a batch the document does
not hold. So from the first batch on a signal only asks to stop: a thread cancels the stream, the batch at hand is
finished, and the document gets its end. A second signal does not wait for that: the document is cut where it is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
GRACE_SECONDS = 2.0
"""How long a reader that takes nothing any more may hold up a document that is to end."""
_LOOK_UP_SECONDS = 0.1

_IMPORT_PATIENCE_SECONDS = 0.02


class Stopped(BaseException):
    """A signal asks the command to end.

    No KeyboardInterrupt: typer turns that into an error of its own, and the signal's number would be lost.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """As a shell reports it: 130 for Ctrl-C, 143 for terminate."""
        return 128 + self.number


seen: int | None = None
"""The last signal that was raised as :class:`Stopped`."""


def raise_on_signals() -> None:
    """Let every signal of :data:`SIGNALS` unwind the command: servers stopped, key files gone."""
    for number in _heeded():
        signal.signal(number, _raise)


def _heeded() -> list[int]:
    """The signals that the caller did not have us ignore, as ``nohup`` does."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def _raise(number: int, frame: FrameType | None) -> None:
    if _is_importing(frame):
        # An exception inside an extension module's initialisation may crash the interpreter: come back in a moment.
        again = threading.Timer(_IMPORT_PATIENCE_SECONDS, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()
        return
    global seen  # a signal handler has no other place to leave it
    seen = number
    raise Stopped(number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class StopRequest:
    """Signals as a request, for the time of a ``with`` block.

    Args:
        cancel: ends the stream; called from a thread, because it may need locks that the main thread holds.

    Attributes:
        deferring: set it once something was written; until then a signal raises, which ends any wait at once.
        number: the signal that came while deferring, None as long as none did.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.deferring = False
        self.number: int | None = None
        self._cancel = cancel
        self._since = 0.0
        self._blocked_since: float | None = None
        self._over = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._cancel_when_asked, daemon=True)
        self._before: dict[int, Any] = {}

    @contextlib.contextmanager
    def may_block(self) -> Iterator[None]:
        """For what waits for somebody else, in the main thread: a stop does not wait for it for ever."""
        self._blocked_since = time.monotonic()
        try:
            yield
        finally:
            self._blocked_since = None

    def __enter__(self) -> StopRequest:
        self._before = {number: signal.signal(number, self._ask) for number in _heeded()}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._over.set()
        self._wake.set()
        self._thread.join()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if not self.deferring or self.number is not None:
            _raise(number, frame)
        self.number = number
        self._since = time.monotonic()
        self._wake.set()

    def _cancel_when_asked(self) -> None:
        self._wake.wait()
        if self.number is None:
            return
        self._cancel()
        while not self._over.wait(_LOOK_UP_SECONDS):
            blocked_since = self._blocked_since
            if blocked_since is not None and time.monotonic() - max(self._since, blocked_since) > GRACE_SECONDS:
                # As if it were asked for once more: that ends what the main thread waits for.
                os.kill(os.getpid(), self.number)
                return
