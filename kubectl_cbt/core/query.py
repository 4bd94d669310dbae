"""From snapshots' names to a stream of their extents: what the protocol does, in one function.

This is the module to import from other programs (docs/python.md); ``open_cluster`` and ``open_stream`` keep their
signatures, everything else in the package may change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from kubectl_cbt.core.options import ClusterOptions, QueryOptions, ServiceOptions
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery

if TYPE_CHECKING:
    from kubectl_cbt.core.backends import ClusterBackend
    from kubectl_cbt.core.stream_recorder import Recorder
    from kubectl_cbt.model.stream_query import Query
    from kubectl_cbt.wire.source import Source

__all__ = [
    "CbtError",
    "ClusterOptions",
    "QueryOptions",
    "ServiceOptions",
    "SnapshotNames",
    "SnapshotRef",
    "open_cluster",
    "open_stream",
]


class QueryBackend(Backend, Protocol):
    """A cluster or a CSI socket, in the two steps that a query takes.

    Attributes:
        options: of every stream that is opened.
        recorder: records the streams, as far as the options say so.
    """

    options: QueryOptions
    recorder: Recorder

    def resolve(self, names: SnapshotNames) -> ResolvedQuery:
        """Resolve the names to snapshots, and find the service for them.

        Raises:
            CbtError: the snapshots cannot be queried.
        """
        ...

    def connect(self, resolved: ResolvedQuery) -> Source:
        """Make the route to the service; the request is sent when the stream is iterated.

        Raises:
            CbtError: no token is available, or there is no route.
        """
        ...


def open_stream(backend: QueryBackend, names: SnapshotNames) -> OpenStream:
    """Open the stream of one query.

    Raises:
        CbtError: the snapshots cannot be queried, there is no connection, or it cannot be recorded.
    """
    options = backend.options
    resolved = options.of(backend.resolve(names))
    # Not before: a cluster's backend has it imported while the API server answers.
    from kubectl_cbt.stream.loop import ExtentStream
    from kubectl_cbt.stream.resume import Retries

    def connect(query: Query) -> Source:
        return backend.recorder.record(backend.connect(resolved), replace(resolved, query=query))

    source = connect(resolved.query)
    stream = ExtentStream(
        source,
        resolved.query,
        max_results_is_ours=options.max_results is None,
        retries=Retries(limit=options.retries),
        probe=not options.no_probe,
    )

    def reconnect() -> Source:
        rest = connect(replace(resolved.query, starting_offset=stream.next_offset))
        stream.resume(rest)
        return rest

    return OpenStream(resolved, stream, resolved.query.operation, source, reconnect)


@contextlib.contextmanager
def open_cluster(
    cluster: ClusterOptions | None = None,
    service: ServiceOptions | None = None,
    options: QueryOptions | None = None,
) -> Iterator[ClusterBackend]:
    """Log in to a cluster as kubectl does; all that is opened in it ends with the block.

    Args:
        cluster: which one; by default the current context of the kubeconfig.
        service: how its services are reached.
        options: of every stream that is opened.

    Raises:
        CbtError: there is no usable kubeconfig.
    """
    from kubectl_cbt.core.backends import ClusterBackend
    from kubectl_cbt.core.session import open_session

    with open_session(cluster or ClusterOptions()) as session:
        yield ClusterBackend(session, service or ServiceOptions(), options or QueryOptions(), session.namespace)
