"""The meaning of a request's path and method: the resource and the RBAC verb."""

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
    """The resource, object or subresource at a path.

    Attributes:
        namespace: None for all namespaces and for cluster-scoped resources.
        name: empty for a collection.
        subresource: empty for the object itself.
    """

    resource: ResourceType
    namespace: str | None
    name: str
    subresource: str


def locate(served: Iterable[ResourceType], path: str) -> ResourcePath:
    """Parse a path.

    Raises:
        PlainError: 404 for a resource that is not served; a real API server does not send a Status object either.
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


def access_request(call: HttpRequest, target: ResourcePath) -> Request:
    """Return the access that a call requires, in RBAC terms."""
    plural = target.resource.plural
    full = f"{plural}/{target.subresource}" if target.subresource else plural
    return Request(_verb(call, target), target.resource.group, full, target.namespace, target.name)


def body_type(target: ResourcePath) -> ResourceType | Subresource | None:
    """Return the kind and version of a POST body at a path; None for a subresource that does not exist."""
    if not target.subresource:
        return target.resource
    parts = [part for part in target.resource.subresources if part.name == target.subresource]
    return parts[0] if parts else None


def is_watch(call: HttpRequest) -> bool:
    """Return whether a call is a watch."""
    return call.method == "GET" and call.flag("watch")


def _verb(call: HttpRequest, target: ResourcePath) -> str:
    if call.method == "DELETE":
        return "delete" if target.name else "deletecollection"
    if call.method == "GET":
        return "watch" if is_watch(call) else "get" if target.name else "list"
    return _VERBS[call.method]
