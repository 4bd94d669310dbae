"""What the screens are handed: somebody who knows the snapshots, and can open a stream about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kubectl_cbt.model.batch_stream import BatchStream
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.results import Asked
from kubectl_cbt.model.snapshot_entry import SnapshotEntry


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person wants to see: allocated extents of the target, or with a base what changed since."""

    target: SnapshotRef
    base: SnapshotRef | None = None

    def __str__(self) -> str:
        return self.target.name if self.base is None else f"{self.base.name} → {self.target.name}"


class Opened(Protocol):
    """One question, ready to be streamed."""

    @property
    def asked(self) -> Asked:
        """The question, and what it is about."""
        ...

    @property
    def kind(self) -> str | None:
        """``delta`` or ``allocated``; None for a document that does not say."""
        ...

    @property
    def stream(self) -> BatchStream:
        """Not begun yet."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether a source answers that can be queried again; False for a document."""
        ...

    def resume(self) -> None:
        """Connect again, so that iterating ``stream`` continues where it ended early. Blocks.

        Raises:
            CbtError: there is no connection, or no live source.
        """
        ...

    def close(self) -> None:
        """Free what it holds; a running stream ends. Safe from any thread, and more than once."""
        ...


class Backend(Protocol):
    """A cluster, real or demo. Both calls block, and are made off the screen's thread."""

    def entries(self) -> list[SnapshotEntry]:
        """The snapshots there are.

        Raises:
            CbtError: they cannot be read.
        """
        ...

    def open(self, choice: Choice) -> Opened:
        """Resolve a choice.

        Raises:
            CbtError: it cannot be asked, or not about these.
        """
        ...
