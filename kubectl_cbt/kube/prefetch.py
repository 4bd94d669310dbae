"""Concurrent requests to the API server, so that a command takes few round trips."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


def prefetch(fetch: Callable[[], _Result]) -> Callable[[], _Result]:
    """Start ``fetch`` in a thread; the first call of the returned function waits for its result, later calls fetch
    again.

    The call raises what ``fetch`` raised.
    """
    first = [_Prefetch(fetch)]

    def result() -> _Result:
        return first.pop().result() if first else fetch()

    return result


def within(seconds: float | None, work: Callable[[], _Result]) -> _Result:
    """Run ``work`` with a time limit.

    It runs in a thread of its own: a name that does not resolve, or a server that sends a byte now and then, can block
    it indefinitely, whatever the socket's timeout. After the limit it is abandoned, so it must not hold anything that
    is needed elsewhere.

    Args:
        seconds: how long to wait; None for no limit.

    Raises:
        TimeoutError: it was not done by then.
    """
    return work() if seconds is None else _Prefetch(work).result(seconds)


class _Prefetch(Generic[_Result]):
    def __init__(self, work: Callable[[], _Result]) -> None:
        self._work = work
        self._results: list[_Result] = []
        self._error: BaseException | None = None
        # A daemon: an interrupted command does not wait for the API server.
        self._thread = threading.Thread(target=self._run, name="prefetch", daemon=True)
        self._thread.start()

    def result(self, seconds: float | None = None) -> _Result:
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError(f"not done in {seconds:g} s")
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001  # raised by result()
            self._error = error
