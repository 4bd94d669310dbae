"""An answer read ahead, in a thread of its own: receiving goes on while what came is decoded, counted and written.

gRPC waits for the network without holding Python's lock, and numpy computes without it, so both really do happen at
once. What is ahead is bounded: when nobody takes it, no more is read, gRPC's own window fills, and the server waits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from kubectl_cbt.errors import Interrupted
from kubectl_cbt.wire.source import Answer

GROUP_BYTES = 2**18
"""What is handed over at once, at most, unless one message is larger: some 20,000 extents. Their columns fit into a
processor's cache together with what is computed of them; with more, everything behind this is measurably slower."""
AHEAD_BYTES = 2**20
"""What may wait: enough for all that comes while a group is written."""
MESSAGE_BYTES = 64
"""What a message counts on top of its length: a flood of empty ones takes memory too."""
_JOIN_SECONDS = 1.0
"""A cancelled answer ends at once; one that does not is left to itself."""


def grouped(answer: Answer) -> Iterator[list[bytes]]:
    """Messages in groups, read by whoever iterates; an error comes behind the messages in front of it."""
    group: list[bytes] = []
    size = 0
    try:
        for message in answer:
            group.append(message)
            size += len(message) + MESSAGE_BYTES
            if size >= GROUP_BYTES:
                yield group
                group, size = [], 0
    except Exception:
        if group:
            yield group
        raise
    if group:
        yield group


class ReadAhead:
    """Iterate over it once for the messages, in groups of whatever has come: a quiet stream's messages come one by one.

    What the answer raises is raised behind the messages in front of it.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._came: deque[bytes] = deque()
        self._bytes = 0
        self._over = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._abandoned = False
        self._thread = threading.Thread(target=self._read, name="cbt-receive", daemon=True)

    def __iter__(self) -> Iterator[list[bytes]]:
        self._thread.start()
        try:
            while group := self._next_group():
                yield group
            if self._abandoned and self._error is None:
                # What was dropped must not pass for an answer that came to its end.
                self._error = Interrupted("interrupted")
        finally:
            self.cancel()
            self._thread.join(_JOIN_SECONDS)
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        """Stop the answer, and hand over nothing more; from any thread, more than once."""
        self._abandoned = True
        # With a limit: a signal's exception may have come between taking the lock and being able to give it back.
        if self._changed.acquire(timeout=_JOIN_SECONDS):
            try:
                self._came.clear()
                self._changed.notify_all()
            finally:
                self._changed.release()
        self._answer.cancel()

    def _next_group(self) -> list[bytes]:
        """What has come; empty when nothing will."""
        with self._changed:
            while not (self._came or self._over):
                self._changed.wait()
            group: list[bytes] = []
            size = 0
            while self._came and size < GROUP_BYTES:
                group.append(self._came.popleft())
                size += len(group[-1]) + MESSAGE_BYTES
            self._bytes -= size
            self._changed.notify_all()
            return group

    def _read(self) -> None:
        try:
            for message in self._answer:
                if not self._keep(message):
                    break
        except BaseException as error:  # noqa: BLE001  # it is raised where the messages are taken
            self._error = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _keep(self, message: bytes) -> bool:
        """Put it with the others, once there is room; False when nobody wants it any more."""
        with self._changed:
            while self._bytes >= AHEAD_BYTES and not self._abandoned:
                self._changed.wait()
            if self._abandoned:
                return False
            self._came.append(message)
            self._bytes += len(message) + MESSAGE_BYTES
            self._changed.notify_all()
            return True
