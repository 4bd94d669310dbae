"""The seam below the stream loop: anything that answers a question with raw response messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from kubectl_cbt.model.query import Query


class Answer(Protocol):
    """Response messages as they come off the wire, in order.

    Iterating raises the errors of ``errors.py`` under :class:`~kubectl_cbt.errors.StreamError`, never a gRPC one.
    """

    def __iter__(self) -> Iterator[bytes]:
        """Yield each message."""
        ...

    def cancel(self) -> None:
        """Stop the stream; may be called from another thread, more than once, and after the end."""
        ...


class Source(Protocol):
    """A live sidecar, a driver's socket, a recording: nothing above knows which."""

    def ask(self, query: Query) -> Answer:
        """Begin to answer; each call is a request of its own."""
        ...

    def cancel(self) -> None:
        """Nothing is asked any more: whatever :meth:`ask` waits for shall end, with an error. From any thread."""
        ...

    def close(self) -> None:
        """Free what the source holds."""
        ...
