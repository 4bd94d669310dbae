"""A driver's own socket: the driver, what it offers, and a first answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import NoReturn

from kubectl_cbt.checks.check import Hop, HopResult, HopSequence
from kubectl_cbt.checks.doctor.connection_hops import look_at_first, look_at_stream
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.checks.runner import run
from kubectl_cbt.model.finding import Finding
from kubectl_cbt.model.query import Query
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.wire.csi import CsiEndpoint, CsiSource, Plugin


def walk_to_driver(
    endpoint: str,
    ids: tuple[str, ...],
    secrets: dict[str, Secret],
    on_start: Callable[[str], None],
    max_message_bytes: int = MAX_MESSAGE_BYTES,
) -> Iterator[Finding]:
    """Every hop to a driver, and to its answer about one snapshot id or two."""
    with contextlib.ExitStack() as stack:
        visit = _Visit(endpoint, ids, secrets, stack, max_message_bytes)
        socket = Hop("socket", "there is a driver's socket", visit.connect)
        plugin = Hop("plugin", "the driver says who it is", visit.identify, (socket,))
        capability = Hop("capability", "it offers SNAPSHOT_METADATA_SERVICE", visit.offers, (plugin,))
        probe = Hop("probe", "it is ready", visit.probe, (plugin,))
        first = Hop("first-call", "the first call is answered", visit.first, (plugin,))
        stream = Hop("stream", "a stream keeps the rules", visit.stream, (first,))
        hops = HopSequence((socket, plugin, capability, probe, *((first, stream) if ids else ())))
        yield from run(hops, DiagnosisContext(login=_no_cluster, stack=stack), on_start)


def _no_cluster(stack: contextlib.ExitStack) -> NoReturn:
    raise AssertionError("the hops to a socket never log in")


class _Visit:
    """What is found at one socket."""

    def __init__(
        self,
        endpoint: str,
        ids: tuple[str, ...],
        secrets: dict[str, Secret],
        stack: contextlib.ExitStack,
        max_message_bytes: int,
    ) -> None:
        self._max_message_bytes = max_message_bytes
        self._endpoint = endpoint
        self._ids = ids
        self._secrets = secrets
        self._stack = stack
        self._source: CsiSource | None = None
        self._plugin: Plugin | None = None

    def connect(self, context: DiagnosisContext, result: HopResult) -> None:
        self._source = CsiSource(CsiEndpoint.parse(self._endpoint, self._secrets), self._max_message_bytes)
        self._stack.callback(self._source.close)
        result.evidence.append(self._endpoint)

    def identify(self, context: DiagnosisContext, result: HopResult) -> None:
        self._plugin = self._known_source.identify()
        result.evidence.append(f"{self._plugin.name} {self._plugin.version}".strip())
        if not self._plugin.name:
            result.fail("it has no name", "GetPluginInfo has to give one: SnapshotMetadataService is named after it")

    def offers(self, context: DiagnosisContext, result: HopResult) -> None:
        if not (self._plugin and self._plugin.has_snapshot_metadata):
            result.fail(
                "GetPluginCapabilities does not list it",
                "without it the sidecar does not start to serve: add a PluginCapability with service.type 4",
            )

    def probe(self, context: DiagnosisContext, result: HopResult) -> None:
        if self._plugin and self._plugin.ready is False:
            result.warn("Probe says that it is not ready", "the sidecar waits until it is")

    def first(self, context: DiagnosisContext, result: HopResult) -> None:
        look_at_first(self._known_source, self._query(), result)

    def stream(self, context: DiagnosisContext, result: HopResult) -> None:
        look_at_stream(self._known_source, self._query(), result)

    @property
    def _known_source(self) -> CsiSource:
        assert self._source is not None  # noqa: S101  # the runner skips hops whose needs failed
        return self._source

    def _query(self) -> Query:
        *base, target = self._ids
        return Query(SnapshotRef("", target), SnapshotHandle(base[0]) if base else None)
