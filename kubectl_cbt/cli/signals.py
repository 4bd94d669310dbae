"""Ctrl-C and its kin while a document is being written.

An exception at an arbitrary point could leave half a row behind, or figures that count a batch the document does
not hold. So from the first batch on a signal only asks to stop: a thread cancels the stream, the batch at hand is
finished, and the document gets its end. A second signal does not wait for that: the document is cut where it is.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, NoReturn, TextIO

from kubectl_cbt.system.cleanup import remove_leftovers, signals_are_deferred

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
GRACE_SECONDS = 2.0
"""How long a reader that takes nothing any more may hold up a document that is to end."""
_LOOK_UP_SECONDS = 0.1

_AGAIN_AFTER_SECONDS = 0.02
_AT_ONCE_AFTER = 2


class Terminated(BaseException):
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
"""The last signal that asked the command to end; None as long as none came."""

_raised = 0


def stopped_by(number: int) -> Terminated:
    """For a signal that was answered without an exception; the process ends as if it had raised."""
    global seen  # as the handlers below
    seen = number
    return Terminated(number)


def raise_on_signals() -> None:
    """Let every signal of :data:`SIGNALS` unwind the command: servers stopped, files deleted.

    The second one unwinds what the first one is being cleaned up by. The third ends the process at once.
    """
    sys.unraisablehook = _not_raised
    for number in heeded():
        signal.signal(number, raise_stopped)


def leave(code: int) -> NoReturn:
    """End the process: the last thing it does.

    From here on signals have the system's own effect, so that none is answered with a traceback. A command that was
    interrupted does not wait for threads that still wait for somebody else.
    """
    for number in heeded():
        signal.signal(number, signal.SIG_DFL)
    remove_leftovers()
    if seen is None:
        sys.exit(code)
    _exit_now(code)


def report_interruption() -> None:
    """Print on stderr why the command ends."""
    with contextlib.suppress(OSError, ValueError):
        if takes_text(sys.stderr):
            print("interrupted", file=sys.stderr)  # noqa: T201  # diagnostics may not be imported yet


def takes_text(stream: TextIO | None) -> bool:
    """Whether a write to a stream returns: a full pipe, or a terminal that is not read, may block it for ever."""
    try:
        return stream is not None and bool(select.select((), (stream.fileno(),), (), _LOOK_UP_SECONDS)[1])
    except (OSError, ValueError):
        return False  # it is closed


def _exit_now(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            if takes_text(stream):
                stream.flush()
    os._exit(code)


def heeded() -> list[int]:
    """The signals that the caller did not have us ignore, as ``nohup`` does."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def raise_stopped(number: int, frame: FrameType | None) -> None:
    """Raise :class:`Terminated` in the main thread; soon, where it must not be raised now."""
    if _is_importing(frame) or signals_are_deferred():
        # An exception inside an extension module's initialisation may crash the interpreter, and one inside a
        # block that defers signals leaves files behind.
        _send_again(number)
        return
    global seen, _raised  # a signal handler has no other place to leave it
    seen = number
    _raised += 1
    if _raised > _AT_ONCE_AFTER:
        remove_leftovers()
        _exit_now(128 + number)
    raise Terminated(number)


def _not_raised(event: sys.UnraisableHookArgs) -> None:
    """A signal that fell into a finaliser or a callback from C: Python drops exceptions there."""
    if not isinstance(event.exc_value, Terminated):
        sys.__unraisablehook__(event)
        return
    global _raised
    _raised -= 1
    _send_again(event.exc_value.number)


def _send_again(number: int) -> None:
    again = threading.Timer(_AGAIN_AFTER_SECONDS, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class GracefulStop:
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

    def __enter__(self) -> GracefulStop:
        self._before = {number: signal.signal(number, self._ask) for number in heeded()}
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
            raise_stopped(number, frame)
            return
        global seen
        seen = self.number = number
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
