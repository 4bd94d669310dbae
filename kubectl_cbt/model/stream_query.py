"""One question to a SnapshotMetadata service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef

DEFAULT_MAX_RESULTS = 4096
"""Extents asked for a message when the user does not say.

At a driver's usual 256 gRPC's cost per message still shows; far larger ones delay the first sight of a volume that
changed little.
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
        base: None asks for allocated extents.
        starting_offset: bytes, >= 0; the answer's first extent may begin before it.
        max_results: most extents a message may hold; 0 leaves it to the driver.
        end_offset: bytes; of an excerpt that was saved, which holds only what lies before it. None for all others:
            nothing on the wire asks for it.
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
