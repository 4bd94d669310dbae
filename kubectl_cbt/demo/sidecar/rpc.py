"""One RPC, as the demo's services see it: whether somebody still waits for the answer, and how it may be refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import grpc

Code = grpc.StatusCode


class Refusal(Exception):  # not an error of ours: the answer a client gets
    """End the call with a status."""

    def __init__(self, code: Code, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class RpcCall:
    """One RPC.

    Args:
        reset: breaks the connection of a peer, given gRPC's name for it; None where nothing stands in front of the
            server that could.

    Attributes:
        limit_seconds: how old it may get; None for as old as it likes.
    """

    def __init__(self, context: grpc.ServicerContext, reset: Callable[[str], None] | None = None) -> None:
        self._peer = context.peer()
        self._reset = reset
        self._begun = time.monotonic()
        self.limit_seconds: float | None = None
        self._ended = threading.Event()
        if not context.add_callback(self._ended.set):
            self._ended.set()

    @property
    def active(self) -> bool:
        """Whether the client still waits."""
        return not self._ended.is_set()

    def wait(self, seconds: float | None = None) -> None:
        """Return after so long, or when the call ended; None waits for its end.

        Raises:
            Refusal: it got too old meanwhile.
        """
        limits = [limit for limit in (seconds, self._seconds_left()) if limit is not None]
        self._ended.wait(min(limits, default=None))
        self.check_age()

    def check_age(self) -> None:
        """Raise the Refusal that ends a stream which is too old."""
        left = self._seconds_left()
        if left is not None and left <= 0:
            raise Refusal(Code.DEADLINE_EXCEEDED, "context deadline exceeded")

    def _seconds_left(self) -> float | None:
        return None if self.limit_seconds is None else self._begun + self.limit_seconds - time.monotonic()

    def reset(self) -> None:
        """Break its connection, and wait until gRPC has noticed."""
        if self._reset is None:
            raise Refusal(Code.UNAVAILABLE, "Connection reset by peer")
        self._reset(self._peer)
        self._ended.wait()


def answered(messages: Iterator[bytes], call: RpcCall, context: grpc.ServicerContext) -> Iterator[bytes]:
    """The messages while somebody waits for them; a Refusal among them becomes the call's status."""
    try:
        for message in messages:
            if not call.active:
                return
            yield message
    except Refusal as refusal:
        context.abort(refusal.code, refusal.details)
