"""Every private name of Textual that the package uses. No other module may use one.

``pyproject.toml`` accepts only the minor release of Textual that is tested, and ``tests/tui/test_textual_private.py``
checks that each name still exists.
"""

from __future__ import annotations

from queue import Queue
from typing import TYPE_CHECKING, Any

from textual.app import App, ReturnType

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.drivers._writer_thread import WriterThread
    from textual.drivers.linux_driver import LinuxDriver
    from textual.screen import Screen
    from textual.strip import Strip


class QuietApp(App[ReturnType]):
    """An app that prints no traceback, least of all one with the values of variables."""

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    @property
    def bug(self) -> Exception | None:
        """The exception that ended the app, if one did."""
        return self._exception

    @property
    def driver(self) -> Driver | None:
        """The terminal's driver; None before the app runs."""
        return self._driver


def screen_strips(screen: Screen[Any]) -> list[Strip]:
    """Return the lines of a screen as it is drawn now. Textual's own screenshot takes them from here."""
    return screen._compositor.render_strips()


def app_of(driver: Driver) -> App[Any]:
    """Return the app that a driver belongs to."""
    return driver._app


def writer_of(driver: LinuxDriver) -> WriterThread | None:
    """Return the thread that writes to the terminal; None while the driver is not started."""
    return driver._writer_thread


def pending_output(writer: WriterThread) -> Queue[str | None]:
    """Return the queue of what a thread has still to write; None in it ends the thread."""
    return writer._queue
