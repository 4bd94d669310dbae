"""The route to a service: an address to connect to, which may have to be made first, and may fail later."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Connect(StrEnum):
    """How to reach a service."""

    AUTO = "auto"
    DIRECT = "direct"
    PORT_FORWARD = "port-forward"


class Route(Protocol):
    """Leads to one service. Used from one thread, except :meth:`close`."""

    @property
    def name(self) -> str:
        """``direct`` or ``port-forward``."""
        ...

    def address(self) -> str:
        """``host:port`` to connect to now.

        Raises:
            CbtError: there is no route at present.
        """
        ...

    def reset(self) -> str:
        """Drop a connection that failed: the next :meth:`address` is a fresh one.

        Returns:
            What the route reports about the failure; empty when nothing.
        """
        ...

    def close(self) -> None:
        """Free what it holds; more than once, and from any thread."""
        ...


class DirectRoute:
    """A direct connection to the address."""

    name = "direct"

    def __init__(self, address: str) -> None:
        self._address = address

    def address(self) -> str:
        return self._address

    def reset(self) -> str:
        return ""

    def close(self) -> None:
        """There is nothing to free."""

    def __str__(self) -> str:
        return "direct connection"
