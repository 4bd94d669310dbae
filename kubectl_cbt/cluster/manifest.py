"""Objects that are printed for the user to apply; this program never changes a cluster itself."""

from __future__ import annotations

from dataclasses import dataclass

from kubectl_cbt.kube.api import Object


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object to apply and why it is needed; empty where the object before it explains it."""

    reason: str
    document: Object


def new_object(
    api_version: str,
    kind: str,
    name: str,
    namespace: str | None = None,
    labels: dict[str, str] | None = None,
    **fields: object,
) -> Object:
    """Return an object of the Kubernetes API; without a namespace, one at cluster scope."""
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
