"""Questions to the API server that do not wait for each other: what one command asks costs few round trips."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class Background(Generic[_Answer]):
    """A question that is asked while others are.

    Args:
        ask: answers it, or raises.
        at_once: in a thread of its own, now; else when the answer is wanted, in the thread that wants it. Then the
            requests of a command come one after the other, as a log of them has to show them.
    """

    def __init__(self, ask: Callable[[], _Answer], *, at_once: bool = True) -> None:
        self._ask = ask
        self._answers: list[_Answer] = []
        self._error: BaseException | None = None
        # A daemon: who interrupts the command does not wait for the API server.
        self._thread = threading.Thread(target=self._run, name="cbt-ask", daemon=True)
        self._at_once = at_once
        if at_once:
            self._thread.start()

    def result(self) -> _Answer:
        """The answer.

        Raises:
            CbtError: whatever asking raised.
        """
        if not self._at_once:
            return self._ask()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._answers[0]

    def _run(self) -> None:
        try:
            self._answers.append(self._ask())
        except BaseException as error:  # noqa: BLE001  # it is raised where the answer is wanted
            self._error = error
