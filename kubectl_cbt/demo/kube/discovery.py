"""Discovery: the documents that list what an API server serves, per group or aggregated."""

from __future__ import annotations

from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.resource_type import ResourceType, Subresource


def discovery(served: tuple[ResourceType, ...], path: str, *, aggregated: bool) -> Object | None:
    """Return the discovery document at ``path``; None for any other path or a group that is not served.

    Args:
        aggregated: whether the client accepts the aggregated form (v2) of ``/api`` and ``/apis``.
    """
    parts = path.strip("/").split("/")
    groups = sorted({resource.group for resource in served if resource.group})
    if aggregated and path in ("/api", "/apis"):
        names = [""] if path == "/api" else groups
        items = [_aggregated_group(served, name) for name in names]
        return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(served, name) for name in groups]}
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in groups:
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(served, parts[1])}
    group_version = "/".join(parts[1:])
    resources = [resource for resource in served if resource.group_version == group_version]
    if resources and parts[0] == ("apis" if resources[0].group else "api"):
        return _resource_list(group_version, resources)
    return None


def accepts_aggregated(accept: str) -> bool:
    """Return whether an Accept header has the aggregated form v2. kubectl before 1.30 supports only v2beta1."""
    forms = [{part.strip() for part in form.split(";")} for form in accept.split(",")]
    return any({"g=apidiscovery.k8s.io", "v=v2"} <= form for form in forms)


def _versions(served: tuple[ResourceType, ...], group: str) -> list[str]:
    return list(dict.fromkeys(resource.version for resource in served if resource.group == group))


def _group(served: tuple[ResourceType, ...], group: str) -> Object:
    versions = [{"groupVersion": f"{group}/{version}", "version": version} for version in _versions(served, group)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resource_list(group_version: str, resources: list[ResourceType]) -> Object:
    entries = []
    for resource in resources:
        entries.append(
            {
                "name": resource.plural,
                "singularName": resource.kind.lower(),
                "namespaced": resource.namespaced,
                "kind": resource.kind,
                "verbs": list(resource.verbs),
                "shortNames": list(resource.short_names),
                "categories": list(resource.categories),
            }
        )
        entries.extend(_listed_subresource(resource, part) for part in resource.subresources)
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}


def _listed_subresource(resource: ResourceType, part: Subresource) -> Object:
    return {
        "name": f"{resource.plural}/{part.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "group": part.group,
        "version": part.version,
        "kind": part.kind,
        "verbs": list(part.verbs),
    }


def _aggregated_group(served: tuple[ResourceType, ...], group: str) -> Object:
    return {
        "metadata": {"name": group} if group else {},
        "versions": [
            {
                "version": version,
                "freshness": "Current",
                "resources": [
                    _aggregated_resource(resource)
                    for resource in served
                    if resource.group == group and resource.version == version
                ],
            }
            for version in _versions(served, group)
        ],
    }


def _aggregated_resource(resource: ResourceType) -> Object:
    return {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.kind.lower(),
        "verbs": list(resource.verbs),
        "shortNames": list(resource.short_names),
        "categories": list(resource.categories),
        "subresources": [
            {
                "subresource": part.name,
                "responseKind": {"group": part.group, "version": part.version, "kind": part.kind},
                "verbs": list(part.verbs),
            }
            for part in resource.subresources
        ],
    }
