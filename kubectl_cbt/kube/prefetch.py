"""Questions to the API server that do not wait for each other: what one command asks costs few round trips."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


def prefetch(ask: Callable[[], _Answer]) -> Callable[[], _Answer]:
    """``ask``, already asked in a thread of its own: the first call waits for that answer, later ones ask anew.

    Calling it raises whatever asking raised.
    """
    first = [_Prefetch(ask)]

    def answer() -> _Answer:
        return first.pop().result() if first else ask()

    return answer


def within(seconds: float | None, work: Callable[[], _Answer]) -> _Answer:
    """What ``work`` returns, or raises.

    It runs in a thread of its own: a name that does not resolve, or a server that sends a byte now and then, keeps it
    busy for as long as it likes, whatever the timeout of a socket is. After its time it is left to itself, so it must
    hold nothing that is needed elsewhere.

    Args:
        seconds: how long to wait; None for no limit.

    Raises:
        TimeoutError: it was not done by then.
    """
    return work() if seconds is None else _Prefetch(work).result(seconds)


class _Prefetch(Generic[_Answer]):
    def __init__(self, ask: Callable[[], _Answer]) -> None:
        self._ask = ask
        self._answers: list[_Answer] = []
        self._error: BaseException | None = None
        # A daemon: who interrupts the command does not wait for the API server.
        self._thread = threading.Thread(target=self._run, name="cbt-ask", daemon=True)
        self._thread.start()

    def result(self, seconds: float | None = None) -> _Answer:
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError(f"not done in {seconds:g} s")
        if self._error is not None:
            raise self._error
        return self._answers[0]

    def _run(self) -> None:
        try:
            self._answers.append(self._ask())
        except BaseException as error:  # noqa: BLE001  # it is raised where the answer is wanted
            self._error = error
