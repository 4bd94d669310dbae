"""What a request's path and method mean: which resource, and what RBAC calls what is done to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from kubectl_cbt.demo.kube.https_server import HttpRequest
from kubectl_cbt.demo.kube.identity import Request
from kubectl_cbt.demo.kube.resource_type import ResourceType, Subresource
from kubectl_cbt.demo.kube.status_objects import page_not_found

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """What a path leads to.

    Attributes:
        namespace: None for all namespaces and for what has none.
        name: empty for the whole resource.
        subresource: empty for the object itself.
    """

    resource: ResourceType
    namespace: str | None
    name: str
    subresource: str


def locate(served: Iterable[ResourceType], path: str) -> ResourcePath:
    """Read a path.

    Raises:
        PlainError: 404 for a resource that is not served; no Status object, as a real API server.
    """
    parts = [unquote(part) for part in path.strip("/").split("/")]
    depth = 2 if parts[0] == "api" else 3
    group_version, rest = "/".join(parts[1:depth]), parts[depth:]
    namespace = None
    if len(rest) > 2 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    for resource in served:
        if rest and resource.group_version == group_version and resource.plural == rest[0]:
            name, subresource = (*rest[1:], "", "")[:2]
            return ResourcePath(resource, namespace, name, subresource)
    raise page_not_found()


def requested(call: HttpRequest, target: ResourcePath) -> Request:
    """A call in RBAC's terms."""
    plural = target.resource.plural
    full = f"{plural}/{target.subresource}" if target.subresource else plural
    return Request(_verb(call, target), target.resource.group, full, target.namespace, target.name)


def what_is_sent(target: ResourcePath) -> ResourceType | Subresource | None:
    """What the body of a POST to a path is, by kind and version; None for a subresource that does not exist."""
    if not target.subresource:
        return target.resource
    parts = [part for part in target.resource.subresources if part.name == target.subresource]
    return parts[0] if parts else None


def watches(call: HttpRequest) -> bool:
    """Whether changes are asked for, not what there is."""
    return call.method == "GET" and call.flag("watch")


def _verb(call: HttpRequest, target: ResourcePath) -> str:
    if call.method == "DELETE":
        return "delete" if target.name else "deletecollection"
    if call.method == "GET":
        return "watch" if watches(call) else "get" if target.name else "list"
    return _VERBS[call.method]
