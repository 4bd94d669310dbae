"""Messages from threads to screens. A thread touches no widget: it posts one of these."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from textual.message import Message
from textual.screen import Screen

from kubectl_cbt.errors import CbtError
from kubectl_cbt.project import REPORT_A_BUG
from kubectl_cbt.tui.loader import Loader

_Made = TypeVar("_Made")


class FrameReady(Message):
    """A loader has a newer frame; of several that are queued only the last is handled."""

    def __init__(self, loader: Loader) -> None:
        super().__init__()
        self.loader = loader

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, FrameReady) and message.loader is self.loader


class Finished(Message):
    """Background work is done; ``then`` is called on the screen's thread."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then


def in_background(
    screen: Screen[Any],
    work: Callable[[], _Made],
    done: Callable[[_Made], None],
    failed: Callable[[CbtError], None],
    unused: Callable[[_Made], Any] = lambda made: None,
) -> None:
    """Run ``work`` in a thread, then call ``done`` with its result, or ``failed``, on the screen's thread.

    The thread is a daemon: an API server that does not answer must not prevent quitting.

    Args:
        unused: called instead of ``done`` when the screen was closed in the meantime.
    """

    def run() -> None:
        try:
            made = work()
        except CbtError as error:
            failure = error
            screen.post_message(Finished(lambda: failed(failure)))
            return
        except Exception as error:  # noqa: BLE001  # no caller handles it: the screen must report it
            bug = CbtError(f"internal error: {type(error).__name__}", hint=f"this is a bug; {REPORT_A_BUG}")
            screen.post_message(Finished(lambda: failed(bug)))
            return
        if not screen.post_message(Finished(lambda: done(made))):
            unused(made)

    threading.Thread(target=run, name="cbt-background", daemon=True).start()
