"""Recordings for tests: of scripted answers, and of the streams of a real driver that tests/contract keeps."""

import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import samples
from recorded import cases, messages

from kubectl_cbt.core.options import QueryOptions
from kubectl_cbt.core.stream_recorder import Recorder
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.loop import ExtentStream
from kubectl_cbt.stream.resume import Retries
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.source import Origin, Source

Script = list[bytes | CbtError | threading.Event]


class ScriptedSource:
    """Answers the first query with the first script, and so on; an error in a script ends its answer.

    It waits for an event in a script: streams are read ahead, and what comes after it must not be.
    """

    origin = Origin("direct")

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.closed = False

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        for item in self._scripts.pop(0):
            if isinstance(item, CbtError):
                raise item
            if isinstance(item, bytes):
                yield item
            else:
                item.wait()

    def close(self) -> None:
        self.closed = True


def recording_of(path: Path, source: Source, resolved: ResolvedQuery, **options: Any) -> Source:
    """The source, recorded as ``--record`` does."""
    return Recorder(QueryOptions(record=path, **options)).record(source, resolved)


def live(
    source: Source, resolved: ResolvedQuery, *, retries: int = 6, probe: bool = True, ours: bool = True
) -> ExtentStream:
    """A stream as the command makes it of the same options, but for the pauses."""
    patience = Retries(limit=retries, first_seconds=0.0)
    return ExtentStream(source, resolved.query, max_results_is_ours=ours, retries=patience, probe=probe)


def record_case(path: Path, style: str, name: str) -> Path:
    """A recording of a stream that a real driver sent through a real sidecar; it was not probed then."""
    case = cases(style)[name]
    assert case["code"] == "OK"
    resolved = asked_in(case["request"])
    limit = case["request"].get("max_results")
    source = recording_of(path, ScriptedSource(list(messages(case))), resolved, no_probe=True, max_results=limit)
    list(live(source, resolved, probe=False))
    source.close()
    return path


def asked_in(request: dict[str, Any]) -> ResolvedQuery:
    """The question of a recorded request."""
    base = request.get("base_snapshot_id")
    handle = None if base is None else SnapshotHandle(base)
    target = _snapshot(request.get("target_snapshot_name") or request["snapshot_name"], request["namespace"])
    query = Query(target.ref, handle, int(request.get("starting_offset", 0)), int(request.get("max_results", 0)))
    return ResolvedQuery(query, target)


def _snapshot(name: str, namespace: str) -> Snapshot:
    return Snapshot(
        ref=SnapshotRef(namespace, name),
        content=f"snapcontent-{name}",
        driver="hostpath.csi.k8s.io",
        handle=SnapshotHandle(f"handle of {name}"),
        claim=None,
        volume_handle=None,
        restore_size_bytes=None,
        created=samples.snapshot(name, 1).created,
    )
