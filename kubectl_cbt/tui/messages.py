"""What threads tell screens. A thread touches no widget: it posts one of these."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from textual.message import Message
from textual.screen import Screen

from kubectl_cbt.errors import CbtError
from kubectl_cbt.tui.loader import Loader

_Made = TypeVar("_Made")


class FrameReady(Message):
    """A loader has a newer frame; of several that wait only the last is handled."""

    def __init__(self, loader: Loader) -> None:
        super().__init__()
        self.loader = loader

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, FrameReady) and message.loader is self.loader


class Finished(Message):
    """Work in the background is done; ``then`` is called on the screen's thread."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then


def in_background(
    screen: Screen[Any],
    work: Callable[[], _Made],
    done: Callable[[_Made], None],
    failed: Callable[[CbtError], None],
    unwanted: Callable[[_Made], Any] = lambda made: None,
) -> None:
    """Do something slow in a thread, and go on with what came of it on the screen's.

    The thread is a daemon: an API server that does not answer must not keep a person from quitting.

    Args:
        unwanted: gets what was made when the screen is gone by then.
    """

    def run() -> None:
        try:
            made = work()
        except CbtError as error:
            failure = error
            screen.post_message(Finished(lambda: failed(failure)))
            return
        except Exception as error:  # noqa: BLE001  # a thread has nobody above it: the screen must learn of it
            bug = CbtError(f"internal error: {type(error).__name__}", hint="this is a bug; please report it")
            screen.post_message(Finished(lambda: failed(bug)))
            return
        if not screen.post_message(Finished(lambda: done(made))):
            unwanted(made)

    threading.Thread(target=run, name="cbt-background", daemon=True).start()
