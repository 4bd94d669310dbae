"""Reads messages ahead in a separate thread, so that receiving continues while messages are decoded and written.

gRPC waits for the network without holding Python's lock, and numpy computes without it, so both really do happen at
once. What is ahead is bounded: when it is full, no more is read, gRPC's own window fills, and the server waits.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Generator, Iterator

from kubectl_cbt.errors import Interrupted
from kubectl_cbt.system.cancellation import Cancellation

GROUP_BYTES = 2**18
"""Maximum size of a group, unless one message is larger: some 20,000 extents. Their columns fit into a
processor's cache together with what is computed of them; with more, all further steps are measurably slower."""
AHEAD_BYTES = 2**20
"""Maximum size of waiting messages: enough for those that arrive while a group is written."""
MESSAGE_BYTES = 64
"""Added to the length of each message, because empty messages need memory too."""
_JOIN_SECONDS = 1.0
"""How long to wait for a cancelled query; after that it is left to its thread."""


def grouped(messages: Generator[bytes, None, None]) -> Iterator[list[bytes]]:
    """Messages in groups, read by the caller; an error is raised after the messages received before it."""
    group: list[bytes] = []
    size = 0
    with contextlib.closing(messages):
        try:
            for message in messages:
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


def read_ahead(messages: Generator[bytes, None, None], cancellation: Cancellation) -> Iterator[list[bytes]]:
    """Messages in groups of whatever was received: those of a quiet stream come one by one.

    Args:
        messages: read in another thread.
        cancellation: of these messages alone; cancelled when the caller takes no more of them.

    Raises:
        Exception: what ``messages`` raises, after the messages received before it.
        Interrupted: cancelled before the end.
    """
    reader = _Reader(messages)
    thread = threading.Thread(target=reader.read, name="cbt-receive", daemon=True)
    with cancellation.calling(reader.abandon):
        thread.start()
        try:
            yield from reader.groups()
        finally:
            cancellation.cancel()
            thread.join(_JOIN_SECONDS)
    if reader.error is not None:
        raise reader.error


class _Reader:
    """What was received and not taken yet.

    Attributes:
        error: what ended the messages early; None at their end.
    """

    def __init__(self, messages: Generator[bytes, None, None]) -> None:
        self.error: BaseException | None = None
        self._messages = messages
        self._received: deque[bytes] = deque()
        self._bytes = 0
        self._ended = False
        self._changed = threading.Condition()
        self._abandoned = False

    def groups(self) -> Iterator[list[bytes]]:
        """What was received, until nothing more is."""
        while group := self._next_group():
            yield group
        if self._abandoned and self.error is None:
            # Messages that were dropped must not pass for a complete answer.
            self.error = Interrupted("interrupted")

    def abandon(self) -> None:
        """Hand over nothing more; from any thread, more than once."""
        self._abandoned = True
        # With a limit: a signal's exception may have come between taking the lock and being able to give it back.
        if self._changed.acquire(timeout=_JOIN_SECONDS):
            try:
                self._received.clear()
                self._changed.notify_all()
            finally:
                self._changed.release()

    def read(self) -> None:
        """Receive all messages."""
        try:
            with contextlib.closing(self._messages):
                for message in self._messages:
                    if not self._keep(message):
                        break
        except BaseException as error:  # noqa: BLE001  # it is raised where the messages are taken
            self.error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _next_group(self) -> list[bytes]:
        """What was received; empty when nothing will be."""
        with self._changed:
            while not (self._received or self._ended):
                self._changed.wait()
            group: list[bytes] = []
            size = 0
            while self._received and size < GROUP_BYTES:
                group.append(self._received.popleft())
                size += len(group[-1]) + MESSAGE_BYTES
            self._bytes -= size
            self._changed.notify_all()
            return group

    def _keep(self, message: bytes) -> bool:
        """Put it with the others, once there is room; False when it was abandoned."""
        with self._changed:
            while self._bytes >= AHEAD_BYTES and not self._abandoned:
                self._changed.wait()
            if self._abandoned:
                return False
            self._received.append(message)
            self._bytes += len(message) + MESSAGE_BYTES
            self._changed.notify_all()
            return True
