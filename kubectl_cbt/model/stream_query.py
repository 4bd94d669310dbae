"""One query to a SnapshotMetadata service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef

DEFAULT_MAX_RESULTS = 4096
"""Maximum extents per message unless the user chooses.

At a driver's usual 256 gRPC's cost per message is still visible; far larger messages delay the first extents of a
volume that changed little.
"""

MAX_MAX_RESULTS = 2**31 - 1
"""Largest ``max_results`` the wire's int32 can carry."""


class Operation(StrEnum):
    """The two calls of the SnapshotMetadata service, by the names that commands, documents and rules use."""

    DELTA = "delta"
    ALLOCATED = "allocated"


@dataclass(frozen=True, slots=True)
class Query:
    """Which extents of ``snapshot``: all allocated ones, or those that differ from ``base``.

    Attributes:
        base: None for allocated extents.
        starting_offset: bytes, >= 0; the answer's first extent may start before it.
        max_results: maximum extents per message; 0 lets the driver choose.
        end_offset: bytes; of an excerpt that was saved, which ends there. None for all others: it is never sent.
    """

    snapshot: SnapshotRef
    base: SnapshotHandle | None = None
    starting_offset: int = 0
    max_results: int = DEFAULT_MAX_RESULTS
    end_offset: int | None = None

    @property
    def operation(self) -> Operation:
        """The call that answers the query."""
        return Operation.ALLOCATED if self.base is None else Operation.DELTA
