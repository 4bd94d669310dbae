"""A driver's own socket: the driver, what it offers, and a first response."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from kubectl_cbt.checks.check import Check, CheckContext, CheckResult, check_sequence
from kubectl_cbt.checks.doctor.stream_hops import check_first_response, check_stream
from kubectl_cbt.checks.runner import run
from kubectl_cbt.model.finding import Finding
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.wire.csi import CsiEndpoint, CsiSource, Plugin


@dataclass(eq=False)
class SocketContext(CheckContext):
    """One diagnosis of a driver's socket.

    Attributes:
        stack: closes what checks open.
        ids: snapshot ids on the command line: base and target, or one, or none.
    """

    endpoint: str
    ids: tuple[str, ...]
    secrets: dict[str, Secret] = field(repr=False)
    stack: ExitStack
    max_message_bytes: int


def _socket(context: SocketContext, result: CheckResult) -> CsiSource:
    source = CsiSource(CsiEndpoint.parse(context.endpoint, context.secrets), context.max_message_bytes)
    context.stack.callback(source.close)
    result.note(context.endpoint)
    return source


def _plugin(context: SocketContext, result: CheckResult) -> Plugin:
    plugin = context.fact(SOCKET).identify()
    result.note(f"{plugin.name} {plugin.version}".strip())
    if not plugin.name:
        result.fail(
            "the driver has no name", "GetPluginInfo must return one: the SnapshotMetadataService has the same name"
        )
    return plugin


def _capability(context: SocketContext, result: CheckResult) -> None:
    if not context.fact(PLUGIN).has_snapshot_metadata:
        result.fail(
            "GetPluginCapabilities does not list SNAPSHOT_METADATA_SERVICE",
            "the sidecar does not serve without it: add a PluginCapability with service.type 4",
        )


def _probe(context: SocketContext, result: CheckResult) -> None:
    if context.fact(PLUGIN).ready is False:
        result.warn("Probe reports that the driver is not ready", "the sidecar waits until it is")


def _first_call(context: SocketContext, result: CheckResult) -> None:
    check_first_response(context.fact(SOCKET), _query(context), result)


def _stream(context: SocketContext, result: CheckResult) -> None:
    check_stream(context.fact(SOCKET), _query(context), result)


def _query(context: SocketContext) -> Query:
    *base, target = context.ids
    return Query(SnapshotRef("", target), SnapshotHandle(base[0]) if base else None)


SOCKET = Check("socket", "the driver's socket exists", _socket)
PLUGIN = Check("plugin", "the driver identifies itself", _plugin, (SOCKET,))
CAPABILITY = Check("capability", "the driver offers SNAPSHOT_METADATA_SERVICE", _capability, (PLUGIN,))
PROBE = Check("probe", "the driver is ready", _probe, (PLUGIN,))
FIRST_CALL = Check("first-call", "the first call is answered", _first_call, (PLUGIN,))
STREAM = Check("stream", "the stream keeps the rules", _stream, (FIRST_CALL,))

_WITHOUT_SNAPSHOTS = check_sequence(SOCKET, PLUGIN, CAPABILITY, PROBE)
_FOR_SNAPSHOTS = check_sequence(*_WITHOUT_SNAPSHOTS, FIRST_CALL, STREAM)


def diagnose_socket(context: SocketContext, on_start: Callable[[str], None]) -> Iterator[Finding]:
    """The driver, and its answer for the snapshots that were named."""
    return run(_FOR_SNAPSHOTS if context.ids else _WITHOUT_SNAPSHOTS, context, on_start)
