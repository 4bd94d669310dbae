"""Where streams come from, as the command line, the screens and the checks see it: a cluster, a CSI socket, a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kubectl_cbt.errors import DocumentError

if TYPE_CHECKING:
    # For annotations only: --help has no use for numpy.
    from collections.abc import Callable

    from kubectl_cbt.model.batch_stream import BatchStream
    from kubectl_cbt.model.refs import SnapshotNames
    from kubectl_cbt.model.resolved_query import ResolvedQuery
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry
    from kubectl_cbt.model.stream_query import Operation


class Closable(Protocol):
    """What a stream is read from."""

    def close(self) -> None:
        """Free it; more than once, and from any thread."""
        ...


class OpenStream:
    """One query, ready to be streamed: iterate over ``stream`` once. Ends with its ``with`` block, or :meth:`close`.

    Args:
        connection: closed together with this; None for a file, which its owner closes.
        reconnect: connects again for what comes after the last extent, and has ``stream`` continue there; None for a
            document or a recording, which cannot be queried again.

    Attributes:
        resolved: the query, and what is known of its snapshots.
        stream: not begun yet.
        operation: ``delta`` or ``allocated``; None for a document that does not record it.
    """

    def __init__(
        self,
        resolved: ResolvedQuery,
        stream: BatchStream,
        operation: Operation | None,
        connection: Closable | None = None,
        reconnect: Callable[[], Closable] | None = None,
    ) -> None:
        self.resolved = resolved
        self.stream = stream
        self.operation = operation
        self._connection = connection
        self._reconnect = reconnect

    @property
    def is_live(self) -> bool:
        """Whether the source can be queried again."""
        return self._reconnect is not None

    def resume(self) -> None:
        """Connect again, so that iterating ``stream`` continues where it ended early. Blocks.

        Raises:
            CbtError: there is no connection, or no live source.
        """
        if self._reconnect is None:
            raise DocumentError("a document has no live source to resume from")
        self._connection = self._reconnect()

    def close(self) -> None:
        """Free what it holds; a running stream ends. Safe from any thread, and more than once."""
        self.stream.cancel()
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> OpenStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Backend(Protocol):
    """A cluster or a CSI socket. Its calls block, and are made in another thread than the screen's."""

    @property
    def context(self) -> str:
        """Name of the kubeconfig's context; empty for a CSI socket, a file, or a cluster that no context names."""
        ...

    def entries(self) -> list[SnapshotEntry]:
        """The snapshots that can be chosen from; empty where they cannot be listed.

        Raises:
            CbtError: they cannot be read.
        """
        ...

    def open(self, names: SnapshotNames) -> OpenStream:
        """Resolve names, and connect to the service that answers.

        Raises:
            CbtError: the snapshots cannot be queried, or there is no connection.
        """
        ...


class ClusterView(Backend, Protocol):
    """A cluster as ``browse`` shows it: one context, and one namespace or all.

    Switching returns another view and leaves this one unchanged, so that a failed switch changes nothing.
    """

    @property
    def namespace(self) -> str | None:
        """The namespace of the entries; None for all."""
        ...

    def namespaces(self) -> list[str]:
        """Namespaces to choose from, sorted; only known ones where the caller cannot list any.

        Raises:
            CbtError: they cannot be read.
        """
        ...

    def in_namespace(self, namespace: str | None) -> ClusterView:
        """The same login, with the entries of another namespace; None for all."""
        ...

    def contexts(self) -> list[str]:
        """Contexts to choose from, in the kubeconfig's order; empty without a kubeconfig.

        Raises:
            CbtError: the kubeconfig cannot be read.
        """
        ...

    def in_context(self, context: str) -> tuple[ClusterView, list[SnapshotEntry]]:
        """Log in to another context, and read its entries: of all namespaces, or of its own if it may list no more.

        Raises:
            CbtError: the login failed, or the entries cannot be read; then nothing stays open.
        """
        ...

    def close(self) -> None:
        """Close the login. More than once, and from any thread."""
        ...
