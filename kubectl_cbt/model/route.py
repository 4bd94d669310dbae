"""The way to a service: an address to connect to, which may have to be made first and may be lost on the way."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Connect(StrEnum):
    """How to get to a service."""

    AUTO = "auto"
    DIRECT = "direct"
    PORT_FORWARD = "port-forward"


class Route(Protocol):
    """Leads to one service. Used from one thread, but for :meth:`close`."""

    def address(self) -> str:
        """``host:port`` to connect to now.

        Raises:
            CbtError: there is no way at present.
        """
        ...

    def reset(self) -> str:
        """The connection failed: the next :meth:`address` shall be a fresh one.

        Returns:
            What the way itself has to say about it; empty when nothing.
        """
        ...

    def close(self) -> None:
        """Free what it holds; more than once, and from any thread."""
        ...


class DirectRoute:
    """The address as it stands."""

    def __init__(self, address: str) -> None:
        self._address = address

    def address(self) -> str:
        return self._address

    def reset(self) -> str:
        return ""

    def close(self) -> None:
        """There is nothing to free."""

    def __str__(self) -> str:
        return "reached as it stands"
