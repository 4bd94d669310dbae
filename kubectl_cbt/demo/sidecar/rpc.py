"""One RPC in the demo's services: whether the client still waits, and how to reject the call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import grpc

Code = grpc.StatusCode


class Refusal(Exception):  # not a CbtError: it becomes the client's status
    """Ends the call with a status."""

    def __init__(self, code: Code, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class RpcCall:
    """One RPC.

    Args:
        reset: resets the connection of a peer, given gRPC's name for it; None when the server has no proxy that can do
            so.

    Attributes:
        limit_seconds: time limit of the call; None for no limit.
    """

    def __init__(self, context: grpc.ServicerContext, reset: Callable[[str], None] | None = None) -> None:
        self._peer = context.peer()
        self._reset = reset
        self._started = time.monotonic()
        self.limit_seconds: float | None = None
        self._ended = threading.Event()
        if not context.add_callback(self._ended.set):
            self._ended.set()

    @property
    def active(self) -> bool:
        """Whether the client still waits."""
        return not self._ended.is_set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for ``seconds`` or until the call ends; None waits for its end.

        Raises:
            Refusal: the call has reached its time limit.
        """
        limits = [limit for limit in (seconds, self._seconds_left()) if limit is not None]
        self._ended.wait(min(limits, default=None))
        self.check_age()

    def check_age(self) -> None:
        """Raise a Refusal with DEADLINE_EXCEEDED if the call has reached its time limit."""
        left = self._seconds_left()
        if left is not None and left <= 0:
            raise Refusal(Code.DEADLINE_EXCEEDED, "context deadline exceeded")

    def _seconds_left(self) -> float | None:
        return None if self.limit_seconds is None else self._started + self.limit_seconds - time.monotonic()

    def reset(self) -> None:
        """Reset its connection and wait until gRPC has noticed."""
        if self._reset is None:
            raise Refusal(Code.UNAVAILABLE, "Connection reset by peer")
        self._reset(self._peer)
        self._ended.wait()


def serve_stream(messages: Iterator[bytes], call: RpcCall, context: grpc.ServicerContext) -> Iterator[bytes]:
    """Yield the messages while the client waits for them; a Refusal becomes the call's status."""
    try:
        for message in messages:
            if not call.active:
                return
            yield message
    except Refusal as refusal:
        context.abort(refusal.code, refusal.details)
