"""The terminal driver: it ends also when the terminal is not read any more, or was closed."""

from __future__ import annotations

from queue import Empty, Queue
from typing import Any

from textual.drivers.linux_driver import LinuxDriver

from kubectl_cbt.tui.textual_private import QuietApp, app_of, pending_output, writer_of

_POLL_SECONDS = 0.05


class TerminalDriver(LinuxDriver):
    """Textual's driver waits forever for a terminal that is not read, and reads forever from one that was closed."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._is_discarding = False
        self._is_suspended = False

    def suspend_application_mode(self) -> None:
        self._is_suspended = True
        super().suspend_application_mode()

    def resume_application_mode(self) -> None:
        """Start again, only after a suspension.

        ``SIGCONT`` is also sent to an app that runs, or is about to end: by ``kill -CONT``, and by the kernel together
        with the ``SIGHUP`` of a closed terminal. A second start would leave a second thread that reads.
        """
        app = app_of(self)
        if isinstance(app, QuietApp):
            app.forget_screen()
        if self._is_suspended:
            self._is_suspended = False
            super().resume_application_mode()
        else:
            app.call_later(app.refresh)

    def stop_reading(self) -> None:
        """End the thread that reads, which the process waits for. Safe from any thread."""
        self.exit_event.set()

    def detach(self) -> None:
        """Stop reading and writing; pending output is dropped. Safe from any thread."""
        self._is_discarding = True
        self.stop_reading()
        writer = writer_of(self)
        if writer is not None:
            _empty(pending_output(writer))  # a thread that waits for room in it continues

    def write(self, data: str) -> None:
        """Write, unless the terminal was detached."""
        if not self._is_discarding:
            super().write(data)

    def close(self) -> None:
        """Wait for pending output, until the terminal is detached: the thread that writes may be blocked."""
        writer = writer_of(self)
        if writer is None or self._is_discarding:
            return
        pending_output(writer).put(None)
        while writer.is_alive() and not self._is_discarding:
            writer.join(_POLL_SECONDS)


def _empty(queue: Queue[Any]) -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        return
