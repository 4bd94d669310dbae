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
    """Leads to one service. Used from one thread at a time, except :attr:`is_up` and :meth:`close`."""

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

    @property
    def is_up(self) -> bool:
        """Whether the address leads to the service still, as far as is known."""
        ...

    def report(self) -> str:
        """What is known of why a connection over it failed; empty when nothing."""
        ...

    def renewed(self) -> Route:
        """A route to the same place that shares nothing with this one; nothing is started yet."""
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

    @property
    def is_up(self) -> bool:
        return True

    def report(self) -> str:
        return ""

    def renewed(self) -> DirectRoute:
        return self

    def close(self) -> None:
        """There is nothing to free."""

    def __str__(self) -> str:
        return "direct connection"
