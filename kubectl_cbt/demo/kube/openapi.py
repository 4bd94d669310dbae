"""The minimum OpenAPI document with which ``kubectl apply`` leaves validation to the server.

kubectl only checks whether PATCH of a kind accepts ``fieldValidation`` (and, for a dry run, ``dryRun``). The schemas
contain only the fields that every object has, which is what ``kubectl explain`` shows.
"""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.resource_type import ResourceType

_ROOT = "/openapi/v3"
_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


def openapi(served: Iterable[ResourceType], path: str) -> Object | None:
    """Return the OpenAPI v3 document at ``path``: the index or that of a group version; None for any other path."""
    patched = [resource for resource in served if "get" in resource.verbs]
    roots = {_root(resource): resource.group_version for resource in patched}
    if path == _ROOT:
        return {"paths": {root: {"serverRelativeURL": f"{_ROOT}/{root}"} for root in roots}}
    root = path.removeprefix(f"{_ROOT}/")
    if not path.startswith(_ROOT) or root not in roots:
        return None
    return {
        "openapi": "3.0.0",
        "info": {"title": "kubectl-cbt demo", "version": "demo"},
        "paths": {_path(resource): _patch(resource) for resource in patched if _root(resource) == root},
        "components": {
            "schemas": {resource.kind: _schema(resource) for resource in patched if _root(resource) == root}
        },
    }


def _root(resource: ResourceType) -> str:
    return f"apis/{resource.group_version}" if resource.group else f"api/{resource.version}"


def _path(resource: ResourceType) -> str:
    where = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"/{_root(resource)}{where}/{resource.plural}/{{name}}"


def _patch(resource: ResourceType) -> Object:
    answers = {"200": {"description": "OK"}}
    kind = _group_version_kind(resource)
    return {"patch": {"parameters": _PARAMETERS, "responses": answers, "x-kubernetes-group-version-kind": kind}}


def _schema(resource: ResourceType) -> Object:
    return {
        "type": "object",
        "description": "The demo cluster does not describe the fields of its objects.",
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}},
        "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-group-version-kind": [_group_version_kind(resource)],
    }


def _group_version_kind(resource: ResourceType) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}
