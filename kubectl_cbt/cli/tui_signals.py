"""What ends a screen from outside: a signal, and a terminal that is gone."""

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

_LOOK_SECONDS = 0.2
_HANGUP = int(getattr(signal, "SIGHUP", signal.SIGTERM))


class TuiStop:
    """Signals and the end of the terminal, for the time of a ``with`` block around ``app.run()``.

    The screen is left in order: streams, recordings and port-forwards are closed. A terminal that takes nothing any
    more cannot hold that up: after a while it is let go. A screen that does not end even then ends with the process.
    """

    def __init__(self, app: CbtApp) -> None:
        self._app = app
        self._over = threading.Event()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> TuiStop:
        self._before = {number: signal.signal(number, self._on_signal) for number in signals.heeded()}
        _in_background(self._watch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._app.terminal is not None:
            self._app.terminal.stop_reading()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._app.stop(number):
            # Before the first screen, or after the last one: as anywhere else in the command.
            signals.raise_stopped(number, frame)
        _in_background(self._leave, number)

    def _watch(self) -> None:
        """Until the terminal is gone: nobody else would notice, as reading from it then succeeds with nothing."""
        while not self._over.wait(_LOOK_SECONDS):
            if not _is_there(0):
                self._let_go()
                self._app.stop(_HANGUP)
                self._end(_HANGUP)
                return

    def _leave(self, number: int) -> None:
        if not self._over.wait(GRACE_SECONDS):
            self._let_go()
            self._end(number)

    def _end(self, number: int) -> None:
        if not self._over.wait(GRACE_SECONDS):
            remove_leftovers()
            os._exit(128 + number)

    def _let_go(self) -> None:
        if self._app.terminal is not None:
            self._app.terminal.detach()


def _in_background(work: Callable[..., None], *arguments: int) -> None:
    threading.Thread(target=work, args=arguments, name="cbt-screen-stop", daemon=True).start()


def _is_there(descriptor: int) -> bool:
    try:
        import termios
    except ImportError:  # not a POSIX system: there it is the console of the process
        return True
    try:
        termios.tcgetattr(descriptor)
    except termios.error:
        return False
    return True
