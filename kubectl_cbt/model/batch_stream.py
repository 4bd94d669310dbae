"""One clean stream of batches, as every output and screen uses it: live, from a file, from a driver's socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from kubectl_cbt.errors import CbtError

if TYPE_CHECKING:
    # A stream can be named before numpy is loaded: the first request does not wait for that.
    from kubectl_cbt.model.record import Batch
    from kubectl_cbt.model.results import Outcome


class BatchStream(Protocol):
    """Iterate over it once. Another thread can read the figures meanwhile."""

    @property
    def extents(self) -> int:
        """Received so far."""
        ...

    @property
    def next_offset(self) -> int:
        """Progress in bytes: the end of the last extent, or the starting offset."""
        ...

    @property
    def capacity_bytes(self) -> int | None:
        """Of the volume; None until a message has it."""
        ...

    @property
    def seconds(self) -> float:
        """Time from the start to the end, or to now."""
        ...

    def __iter__(self) -> Iterator[Batch]:
        """The batches.

        Raises:
            CbtError: what ended it early; :meth:`outcome` takes it.
        """
        ...

    def notify_to(self, notify: Callable[[str], None]) -> None:
        """Call ``notify`` with a sentence, in the thread that iterates, when the stream breaks and is resumed."""
        ...

    def cancel(self) -> None:
        """Stop; safe from another thread and at any time."""
        ...

    def outcome(self, error: CbtError | None = None, restore_size_bytes: int | None = None) -> Outcome:
        """The state of the stream.

        Args:
            error: what ended it early; None when it reached its end.
            restore_size_bytes: the snapshot's own size, for a stream without a capacity.
        """
        ...
