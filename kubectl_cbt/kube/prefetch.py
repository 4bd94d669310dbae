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


class SharedResult(Generic[_Result]):
    """The result of a request that several threads need: it is fetched once, and kept while it may be used.

    Threads that need it while it is fetched wait for that request, and get its error if it fails; the next one fetches
    again.

    Args:
        fetch: called in a thread of its own, never twice at once.
        may_be_used: whether a result that was fetched earlier may still be used.
    """

    def __init__(self, fetch: Callable[[], _Result], may_be_used: Callable[[_Result], bool] = lambda _: True) -> None:
        self._fetch = fetch
        self._may_be_used = may_be_used
        self._kept: list[_Result] = []  # one, or none
        self._request: _Prefetch[_Result] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to fetch it, unless it is there."""
        with self._lock:
            self._usable_or_request()

    def result(self) -> _Result:
        """The result; waits for it. Raises what ``fetch`` raised."""
        with self._lock:
            found = self._usable_or_request()
        if not isinstance(found, _Prefetch):
            return found
        try:
            result = found.result()
        except BaseException:
            self._end(found)
            raise
        self._end(found, result)
        return result

    @property
    def kept(self) -> _Result | None:
        """The newest result, usable or not; None before the first and after :meth:`discard`."""
        with self._lock:
            return self._kept[0] if self._kept else None

    def discard(self, result: _Result) -> None:
        """Fetch it again when it is needed, unless another one was fetched meanwhile."""
        with self._lock:
            if self._kept and self._kept[0] is result:
                self._kept.clear()

    def _usable_or_request(self) -> _Result | _Prefetch[_Result]:
        if self._request is None:
            if self._kept and self._may_be_used(self._kept[0]):
                return self._kept[0]
            self._request = _Prefetch(self._fetch)
        return self._request

    def _end(self, request: _Prefetch[_Result], *results: _Result) -> None:
        """Several threads wait for one request: the first to return keeps its result."""
        with self._lock:
            if self._request is request:
                self._request = None
                self._kept[:] = results


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
