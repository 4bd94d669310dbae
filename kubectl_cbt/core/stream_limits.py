"""How many streams run at once, for commands that open many: a service and its driver have limits of their own."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from kubectl_cbt.errors import Interrupted
from kubectl_cbt.system.cancellation import Cancellation


class StreamLimits:
    """Admits a limited number of streams, in the order in which they came; thread-safe.

    A stream whose service is busy does not delay the streams of other services.

    Args:
        per_service: streams of one service at once, at least 1.
        total: streams at once, at least 1.
    """

    def __init__(self, per_service: int = 2, total: int = 4) -> None:
        if per_service < 1 or total < 1:
            raise ValueError("at least one stream must be admitted")
        self._per_service = per_service
        self._total = total
        self._running: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def slot(self, service: str, cancellation: Cancellation | None = None) -> Iterator[None]:
        """Run the block as one of the service's streams; waits until it may begin.

        Args:
            service: name of the service.
            cancellation: ends the wait.

        Raises:
            Interrupted: the wait was cancelled.
        """
        cancellation = cancellation or Cancellation()
        own = _Waiting(service)
        with self._lock:
            self._waiting.append(own)
            self._admit()
        try:
            with cancellation.calling(own.woken.set):
                own.woken.wait()
            if cancellation.is_cancelled:
                raise Interrupted("interrupted")
            yield
        finally:
            with self._lock:
                if own.is_admitted:
                    self._running[service] -= 1
                else:
                    self._waiting.remove(own)
                self._admit()

    def _admit(self) -> None:
        """Wake those who may run now; called with the lock."""
        for waiting in tuple(self._waiting):
            if self._running.total() >= self._total:
                return
            if self._running[waiting.service] < self._per_service:
                self._running[waiting.service] += 1
                self._waiting.remove(waiting)
                waiting.is_admitted = True
                waiting.woken.set()


@dataclass(eq=False, slots=True)
class _Waiting:
    """A stream that waits for its slot, or has it."""

    service: str
    is_admitted: bool = False
    woken: threading.Event = field(default_factory=threading.Event)
