"""A CSI driver's own socket instead of a cluster: Kubernetes is not used."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import EndpointUnusable, UsageError
from kubectl_cbt.security.secret import Secret

if TYPE_CHECKING:
    from kubectl_cbt.wire.csi import CsiEndpoint, CsiSource, Plugin

_PLUGIN_HINT = "the driver must list SNAPSHOT_METADATA_SERVICE in GetPluginCapabilities, or no sidecar will serve it"


class CsiConnector:
    """Connects to one driver.

    Attributes:
        name: the socket, as the user names it.
        plugin: what the driver's Identity service reports.
    """

    def __init__(self, name: str, endpoint: CsiEndpoint, plugin: Plugin, max_message_bytes: int) -> None:
        self.name = name
        self.plugin = plugin
        self._endpoint = endpoint
        self._max_message_bytes = max_message_bytes

    def source(self) -> CsiSource:
        """A connection of its own; closed by the caller."""
        from kubectl_cbt.wire.csi import CsiSource

        return CsiSource(self._endpoint, self._max_message_bytes, self.plugin)


def connect_csi(options: ServiceOptions) -> CsiConnector:
    """Identify the driver at ``options.csi_endpoint``.

    Raises:
        EndpointUnusable: there is no such socket, or the driver does not offer snapshot metadata.
        StreamError: the driver does not answer.
        UsageError: the secrets cannot be read.
    """
    from kubectl_cbt.wire.csi import CsiEndpoint, CsiSource

    secrets = read_secrets(options.secrets_file) if options.secrets_file else {}
    endpoint = CsiEndpoint.parse(options.csi_endpoint, secrets)
    with contextlib.closing(CsiSource(endpoint)) as source:
        plugin = source.identify()
    if not plugin.has_snapshot_metadata:
        raise EndpointUnusable(
            f"{plugin.name} at {options.csi_endpoint} does not offer SnapshotMetadata", hint=_PLUGIN_HINT
        )
    return CsiConnector(options.csi_endpoint, endpoint, plugin, options.max_message_size)


def read_secrets(path: Path) -> dict[str, Secret]:
    """Secrets for a driver: a mapping of names to texts in YAML or JSON, or a Kubernetes Secret as kubectl prints it.

    Raises:
        UsageError: there is no such file, or it has other contents. Its contents are never quoted.
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
