"""Ends the screens on a signal, or when the terminal was closed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from kubectl_cbt.cli import signals
from kubectl_cbt.cli.signals import GRACE_SECONDS
from kubectl_cbt.system.cleanup import remove_leftovers

if TYPE_CHECKING:
    from kubectl_cbt.tui.app import CbtApp

_POLL_SECONDS = 0.2
_HANGUP = int(getattr(signal, "SIGHUP", signal.SIGTERM))


class TuiStop:
    """Handles signals and the end of the terminal, for the duration of a ``with`` block around ``app.run()``.

    The app exits in order: streams, recordings and port-forwards are closed. A terminal that has stopped reading cannot
    delay that: after :data:`GRACE_SECONDS` it is detached. If the app still does not exit, the process is ended.
    """

    def __init__(self, app: CbtApp) -> None:
        self._app = app
        self._over = threading.Event()
        self._handlers_before: dict[int, Any] = {}

    def __enter__(self) -> TuiStop:
        self._handlers_before = {number: signal.signal(number, self._on_signal) for number in signals.handled_signals()}
        _in_background(self._watch_terminal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._app.terminal is not None:
            self._app.terminal.stop_reading()
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._app.stop(number):
            # Before the first screen, or after the last one, a signal unwinds the command as everywhere else.
            signals.raise_terminated(number, frame)
        _in_background(self._detach_and_exit, number)

    def _watch_terminal(self) -> None:
        """Wait until the terminal is closed. Nothing else notices that: reading from it then returns no data."""
        while not self._over.wait(_POLL_SECONDS):
            if not _is_open(0):
                self._detach()
                self._app.stop(_HANGUP)
                self._exit_process(_HANGUP)
                return

    def _detach_and_exit(self, number: int) -> None:
        if not self._over.wait(GRACE_SECONDS):
            self._detach()
            self._exit_process(number)

    def _exit_process(self, number: int) -> None:
        if not self._over.wait(GRACE_SECONDS):
            remove_leftovers()
            os._exit(128 + number)

    def _detach(self) -> None:
        if self._app.terminal is not None:
            self._app.terminal.detach()


def _in_background(work: Callable[..., None], *arguments: int) -> None:
    threading.Thread(target=work, args=arguments, name="cbt-screen-stop", daemon=True).start()


def _is_open(descriptor: int) -> bool:
    try:
        import termios
    except ImportError:  # not a POSIX system: the process has a console
        return True
    try:
        termios.tcgetattr(descriptor)
    except termios.error:
        return False
    return True
