"""The seam below the stream loop: anything that answers a query with raw response messages."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.system.cancellation import Cancellation


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a source's messages come from, for a recording's head.

    Attributes:
        reached: ``direct``, ``port-forward`` or ``csi-socket``.
        driver_version: as the driver reports it at its own socket; None elsewhere.
    """

    reached: str
    driver_version: str | None = None


class Source(Protocol):
    """A sidecar, a CSI socket, a recording: nothing above knows which."""

    @property
    def origin(self) -> Origin:
        """Where the messages come from."""
        ...

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        """Send one request and yield the response messages as received, in order.

        The request is sent when the first message is read. Each call sends a new request with its own token.

        Args:
            query: what to request.
            cancellation: ends the request, and what is waited for to send it. The source can be queried again.

        Raises:
            CbtError: a :class:`~kubectl_cbt.errors.StreamError` for what the service answered and for a connection that
                failed, others for a route or a token that cannot be had. Never an error of gRPC.
        """
        ...

    def close(self) -> None:
        """Close the connection; running requests end. More than once, and from any thread."""
        ...
