"""Questions to a cluster: from names to a stream that has not begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_cbt.cli.options import Asking, Cluster
from kubectl_cbt.cli.recording import NotedAccess, Recorder
from kubectl_cbt.model.query import DEFAULT_MAX_RESULTS, Query

if TYPE_CHECKING:
    from kubectl_cbt.cli.session import Session
    from kubectl_cbt.cluster.resolve import SnapshotNames
    from kubectl_cbt.model.backend import Choice
    from kubectl_cbt.model.resolved_query import Subject
    from kubectl_cbt.model.results import Asked
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry
    from kubectl_cbt.stream.loop import ExtentStream
    from kubectl_cbt.wire.source import Source


@dataclass(slots=True)
class LiveStream:
    """A resolved question; the service is asked when the stream is iterated.

    Attributes:
        connect: makes a source for what is still to be queried; nothing is sent yet.
        source: the present one.
    """

    asked: Asked
    stream: ExtentStream
    source: Source
    connect: Callable[[Asked], Source]

    @property
    def kind(self) -> str:
        """``delta`` or ``allocated``."""
        return self.asked.query.verb

    @property
    def is_live(self) -> bool:
        """The service can be queried again."""
        return True

    def resume(self) -> None:
        """Connect again for what comes after the last extent.

        Raises:
            CbtError: there is no connection, or the rest cannot be recorded.
        """
        rest = replace(self.asked.query, starting_offset=self.stream.next_offset)
        self.source = self.connect(replace(self.asked, query=rest))
        self.stream.resume(self.source)

    def close(self) -> None:
        """End it, and close the connection."""
        self.stream.cancel()
        self.source.close()


def live_stream(connect: Callable[[Asked], Source], subject: Subject, asking: Asking) -> LiveStream:
    """The question that the command line makes of a subject, to be asked at the source that ``connect`` makes.

    Raises:
        CbtError: there is no connection, or it cannot be recorded.
    """
    from kubectl_cbt.model.results import Asked
    from kubectl_cbt.stream.loop import ExtentStream
    from kubectl_cbt.stream.resume import Retries

    query = Query(
        snapshot=subject.snapshot.ref,
        base=subject.base_handle,
        starting_offset=asking.starting_offset,
        max_results=DEFAULT_MAX_RESULTS if asking.max_results is None else asking.max_results,
    )
    asked = Asked(query, subject)
    source = connect(asked)
    stream = ExtentStream(
        source,
        query,
        max_results_is_ours=asking.max_results is None,
        retries=Retries(limit=asking.retries),
        probe=not asking.no_probe,
    )
    return LiveStream(asked, stream, source, connect)


class LiveCluster:
    """A session and how to ask in it; what the screens get to open streams with.

    Args:
        namespace: whose snapshots are listed; None for those of all.
    """

    def __init__(self, session: Session, cluster: Cluster, asking: Asking, namespace: str | None) -> None:
        self._session = session
        self._asking = asking
        self._namespace = namespace
        self._access = NotedAccess(session, cluster, asking)
        self._recorder = Recorder(asking)

    def entries(self) -> list[SnapshotEntry]:
        """The snapshots there are."""
        return self._session.catalogue.entries(self._namespace)

    def open(self, choice: Choice) -> LiveStream:
        """Resolve what was chosen on a screen."""
        from kubectl_cbt.cluster.resolve import SnapshotNames

        return self.ask(SnapshotNames(snapshot=choice.target, base=choice.base, service=self._asking.service or None))

    def ask(self, wanted: SnapshotNames) -> LiveStream:
        """Resolve what was named, and make the way to its service."""
        from kubectl_cbt.cluster.resolve import resolve

        self._access.prefetch_account()
        target = resolve(self._session.catalogue, wanted)

        def connect(asked: Asked) -> Source:
            return self._recorder.recorded(self._access.source(target), asked, self._access.reached)

        return live_stream(connect, target, self._asking)
