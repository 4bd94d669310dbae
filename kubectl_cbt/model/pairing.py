"""How the snapshots of a volume's history are paired; apart from the history, so that ``--help`` loads no numpy."""

from __future__ import annotations

from enum import StrEnum


class Pairing(StrEnum):
    """What the base of each snapshot is."""

    NEIGHBOURS = "neighbours"
    """The snapshot before."""
    FIRST = "first"
    """The oldest one."""
