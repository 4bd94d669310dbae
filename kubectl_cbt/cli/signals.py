"""SIGINT, SIGTERM and SIGHUP, also while a document is being written.

An exception at an arbitrary point could leave half a row in the output, or figures that count a batch which is not in
the document. So after the first batch, a signal only requests a stop: a thread cancels the stream, the current batch is
finished, and the document gets its end. A second signal does not wait for that: the document is truncated.
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
from kubectl_cbt.system.signal_wakeup import wake_on_signals

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
GRACE_SECONDS = 2.0
"""How long a reader that has stopped reading can delay the end of a document."""
_POLL_SECONDS = 0.1

_RESEND_SECONDS = 0.02
_EXIT_AT_ONCE_AFTER = 2


class Terminated(BaseException):
    """A signal ends the command.

    Not a KeyboardInterrupt: typer turns that into its own error, which loses the number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """As shells report it: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.number


received: int | None = None
"""The last signal that ended the command, or is going to; None if there was none."""

_raised = 0


def terminated_by(number: int) -> Terminated:
    """The exception for a signal that was handled without one, recorded as if it had been raised."""
    global received  # as the handlers below
    received = number
    return Terminated(number)


def raise_on_signals() -> None:
    """Let each of :data:`SIGNALS` unwind the command, so that servers are stopped and files deleted.

    A second signal interrupts that cleanup. A third one ends the process at once.
    """
    sys.unraisablehook = _on_unraisable
    wake_on_signals()
    for number in handled_signals():
        signal.signal(number, raise_terminated)


def leave(code: int) -> NoReturn:
    """End the process.

    First, the default signal handlers are restored, so that no signal prints a traceback. An interrupted command does
    not wait for threads that are still blocked.
    """
    for number in handled_signals():
        signal.signal(number, signal.SIG_DFL)
    remove_leftovers()
    if received is None:
        sys.exit(code)
    _exit_now(code)


def report_interruption() -> None:
    """Print "interrupted" to stderr."""
    with contextlib.suppress(OSError, ValueError):
        if is_writable(sys.stderr):
            print("interrupted", file=sys.stderr)  # noqa: T201  # diagnostics may not be imported yet


def is_writable(stream: TextIO | None) -> bool:
    """Whether a write would return: a full pipe, or a terminal that is not read, can block it forever."""
    try:
        return stream is not None and bool(select.select((), (stream.fileno(),), (), _POLL_SECONDS)[1])
    except (OSError, ValueError):
        return False  # it is closed


def _exit_now(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            if is_writable(stream):
                stream.flush()
    os._exit(code)


def handled_signals() -> list[int]:
    """The signals that the caller did not set to be ignored, as ``nohup`` does."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def raise_terminated(number: int, frame: FrameType | None) -> None:
    """Raise :class:`Terminated` in the main thread; later, where it must not be raised now."""
    if _is_importing(frame) or signals_are_deferred():
        # An exception while an extension module is initialised can crash the interpreter, and one inside a block that
        # defers signals would leave files.
        _send_again(number)
        return
    global received, _raised  # a signal handler has no other place for it
    received = number
    _raised += 1
    if _raised > _EXIT_AT_ONCE_AFTER:
        remove_leftovers()
        _exit_now(128 + number)
    raise Terminated(number)


def _on_unraisable(event: sys.UnraisableHookArgs) -> None:
    """Repeat a signal during a finalizer or a callback from C, where Python drops exceptions."""
    if not isinstance(event.exc_value, Terminated):
        sys.__unraisablehook__(event)
        return
    global _raised
    _raised -= 1
    _send_again(event.exc_value.number)


def _send_again(number: int) -> None:
    again = threading.Timer(_RESEND_SECONDS, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class GracefulStop:
    """Makes signals a request to stop, for the duration of a ``with`` block.

    At first a signal raises, which ends any wait at once; after :meth:`defer` the block checks ``number`` instead.

    Args:
        cancel: ends the stream; called from a thread, because it may need locks that the main thread holds.

    Attributes:
        is_deferring: whether :meth:`defer` was called.
        number: the first signal after that; None if there was none.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.is_deferring = False
        self.number: int | None = None
        self._cancel = cancel
        self._requested_at = 0.0
        self._blocked_since: float | None = None
        self._over = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._cancel_on_request, daemon=True)
        self._handlers_before: dict[int, Any] = {}

    def defer(self) -> None:
        """From now on, let signals wait for the block to check ``number``: something is being written."""
        self.is_deferring = True

    @contextlib.contextmanager
    def may_block(self) -> Iterator[None]:
        """Around a call of the main thread that can block: a stop does not wait for it forever."""
        self._blocked_since = time.monotonic()
        try:
            yield
        finally:
            self._blocked_since = None

    def __enter__(self) -> GracefulStop:
        self._handlers_before = {number: signal.signal(number, self._on_signal) for number in handled_signals()}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        self._over.set()
        self._wake.set()
        self._thread.join()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self.is_deferring or self.number is not None:
            raise_terminated(number, frame)
            return
        global received
        received = self.number = number
        self._requested_at = time.monotonic()
        self._wake.set()

    def _cancel_on_request(self) -> None:
        self._wake.wait()
        if self.number is None:
            return
        self._cancel()
        while not self._over.wait(_POLL_SECONDS):
            blocked_since = self._blocked_since
            if blocked_since is not None and time.monotonic() - max(self._requested_at, blocked_since) > GRACE_SECONDS:
                # A second signal interrupts the blocked call.
                os.kill(os.getpid(), self.number)
                return
