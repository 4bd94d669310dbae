"""The two layers of a map, opened by one backend and read in threads, which is how screens read them."""

import threading

from kubectl_cbt.core.backends import ClusterBackend
from kubectl_cbt.core.options import QueryOptions, ServiceOptions
from kubectl_cbt.core.session import Session
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef

TARGET = SnapshotRef("default", "snap-b")
LAYERS = (SnapshotNames(TARGET, SnapshotRef("default", "snap-a")), SnapshotNames(TARGET))
OPTIONS = QueryOptions(max_results=100)
SECONDS = 60

Extents = list[tuple[int, int]]


def read(opened: OpenStream) -> Extents:
    with opened:
        return [
            pair for batch in opened.stream for pair in zip(batch.offsets.tolist(), batch.sizes.tolist(), strict=True)
        ]


def backend_of(session: Session, options: QueryOptions = OPTIONS) -> ClusterBackend:
    return ClusterBackend(session, ServiceOptions(), options, session.namespace)


class Reading(threading.Thread):
    """Reads a stream in a thread."""

    def __init__(self, opened: OpenStream) -> None:
        super().__init__(daemon=True)
        self.opened = opened
        self.found: Extents = []
        self.error: CbtError | None = None
        self.start()

    def run(self) -> None:
        try:
            self.found = read(self.opened)
        except CbtError as error:
            self.error = error

    def wait(self) -> Extents:
        self.join(SECONDS)
        assert not self.is_alive()
        assert self.error is None, self.error
        return self.found
