"""The least OpenAPI document that lets ``kubectl apply`` leave validation to the server.

kubectl asks it one thing: whether PATCH of a kind takes ``fieldValidation`` (and, for a dry run, ``dryRun``). There
are no schemas in it, so ``kubectl explain`` has nothing to tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubectl_cbt.demo.resource_type import ResourceType

Object = dict[str, Any]

_ROOT = "/openapi/v3"
_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


def openapi(served: Iterable[ResourceType], path: str) -> Object | None:
    """The OpenAPI v3 document at ``path``: the index, or that of a group version; None when it is none."""
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
    }


def _root(resource: ResourceType) -> str:
    return f"apis/{resource.group_version}" if resource.group else f"api/{resource.version}"


def _path(resource: ResourceType) -> str:
    where = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"/{_root(resource)}{where}/{resource.plural}/{{name}}"


def _patch(resource: ResourceType) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    answers = {"200": {"description": "OK"}}
    return {"patch": {"parameters": _PARAMETERS, "responses": answers, "x-kubernetes-group-version-kind": kind}}
