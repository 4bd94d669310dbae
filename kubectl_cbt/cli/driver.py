"""A driver's own socket instead of a cluster: nothing of Kubernetes is needed, or touched."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_cbt.cli.live import LiveStream, live_stream
from kubectl_cbt.cli.options import Asking, Cluster, Service
from kubectl_cbt.cli.recording import Recorder
from kubectl_cbt.errors import EndpointUnusable, UsageError
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import Snapshot, Subject
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.utf8 import require_utf8

if TYPE_CHECKING:
    from kubectl_cbt.model.results import Asked
    from kubectl_cbt.wire.csi import CsiSource
    from kubectl_cbt.wire.source import Source

_VARIABLE = "CSI_ENDPOINT"
_PLUGIN_HINT = "the driver has to list SNAPSHOT_METADATA_SERVICE in GetPluginCapabilities, or no sidecar will serve it"


def csi_endpoint(service: Service, cluster: Cluster) -> str:
    """The socket that was named, empty for none.

    The variable, which drivers' own pods have set, counts only where nothing of the command line names a cluster.

    Raises:
        UsageError: a socket and a cluster.
    """
    named = (cluster.demo, cluster.kubeconfig, cluster.context, cluster.server, cluster.namespace, cluster.fault)
    names_cluster = any(named)
    if service.csi_endpoint and names_cluster:
        raise UsageError("--csi-endpoint asks a driver, and no cluster: leave out --demo, -n and kubectl's own flags")
    found = service.csi_endpoint or ("" if names_cluster else os.environ.get(_VARIABLE, ""))
    require_utf8(_VARIABLE, found)
    if service.secrets_file and not found:
        raise UsageError("--secrets-file goes with --csi-endpoint: in a cluster the sidecar reads the driver's secrets")
    return found


@contextlib.contextmanager
def open_driver(endpoint: str, asking: Asking) -> Iterator[LiveDriver]:
    """Connect, and ask the driver who it is.

    Raises:
        EndpointUnusable: no socket, or a driver that says it has no snapshot metadata.
        StreamError: it does not answer.
    """
    secrets = read_secrets(asking.secrets_file) if asking.secrets_file else {}

    def connect() -> CsiSource:
        return _connected(endpoint, secrets, asking.max_message_size)

    source = connect()
    with contextlib.closing(source):
        yield LiveDriver(source, connect, asking)


def _connected(endpoint: str, secrets: dict[str, Secret], max_message_bytes: int) -> CsiSource:
    from kubectl_cbt.wire.csi import CsiEndpoint, CsiSource

    source = CsiSource(CsiEndpoint.parse(endpoint, secrets), max_message_bytes)
    with contextlib.ExitStack() as stack:
        stack.callback(source.close)
        plugin = source.identify()
        if not plugin.has_snapshot_metadata:
            raise EndpointUnusable(f"{plugin.name} at {endpoint} does not offer SnapshotMetadata", hint=_PLUGIN_HINT)
        stack.pop_all()
    return source


class LiveDriver:
    """A driver, and how to ask it. Snapshots are named by the ids that it gave them.

    Args:
        source: of the first stream; identified.
        connect: makes another one.
    """

    def __init__(self, source: CsiSource, connect: Callable[[], CsiSource], asking: Asking) -> None:
        self.source = source
        self.name = source.plugin.name if source.plugin else ""
        self._connect = connect
        self._asking = asking
        self._recorder = Recorder(asking)

    def ask(self, snapshot: str, base: str | None) -> LiveStream:
        """A question that has not been sent yet."""
        unused = [self.source]

        def connect(asked: Asked) -> Source:
            return self._recorder.recorded(unused.pop() if unused else self._connect(), asked)

        return live_stream(connect, self.subject(snapshot, base), self._asking)

    def subject(self, snapshot: str, base: str | None) -> Subject:
        """What is known of two ids."""
        target = self._snapshot(snapshot)
        if base is None:
            return Subject(target, None, None)
        return Subject(target, self._snapshot(base), SnapshotHandle(base))

    def _snapshot(self, snapshot_id: str) -> Snapshot:
        return Snapshot(
            ref=SnapshotRef("", snapshot_id),
            content="",
            driver=self.name,
            handle=SnapshotHandle(snapshot_id),
            claim=None,
            volume_handle=None,
            restore_size_bytes=None,
            created=None,
        )


def read_secrets(path: Path) -> dict[str, Secret]:
    """Secrets for a driver: a mapping of names to texts in YAML or JSON, or a Kubernetes Secret as kubectl prints it.

    Raises:
        UsageError: no such file, or it holds something else. Nothing of what it holds is quoted.
    """
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--secrets-file {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UsageError(f"--secrets-file {path} is neither YAML nor JSON") from None
    if isinstance(document, dict) and document.get("kind") == "Secret":
        document = _of_secret_object(document, path)
    if not isinstance(document, dict) or not all(isinstance(value, str | int) for value in document.values()):
        raise UsageError(f"--secrets-file {path} has to map names to texts", hint="userID: admin\nuserKey: …")
    return {str(name): Secret(str(value)) for name, value in document.items()}


def _of_secret_object(document: dict[str, Any], path: Path) -> dict[str, Any]:
    import base64
    import binascii

    try:
        data = {
            name: base64.b64decode(value, validate=True).decode()
            for name, value in (document.get("data") or {}).items()
        }
    except (binascii.Error, ValueError, TypeError):
        raise UsageError(f"--secrets-file {path}: data of the Secret is not base64") from None
    return data | (document.get("stringData") or {})
