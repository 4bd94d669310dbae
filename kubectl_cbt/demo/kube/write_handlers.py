"""Create, update, patch and delete, for the resources that need them: ServiceAccounts, RBAC, claims and Jobs.

There is no check against privilege escalation, no garbage collection of dependents, and no controller: a claim that is
created stays unbound, and a Job never runs.
"""

from __future__ import annotations

from http import HTTPMethod
from typing import Any

from kubectl_cbt.demo.kube.batch_types import BATCH_TYPES
from kubectl_cbt.demo.kube.field_validation import check_shape, unhandled, unknown_fields
from kubectl_cbt.demo.kube.https_server import HttpRequest, HttpResponse
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.object_store import Store
from kubectl_cbt.demo.kube.rbac_types import RBAC_TYPES
from kubectl_cbt.demo.kube.request_bodies import DELETE_OPTIONS, read_body
from kubectl_cbt.demo.kube.resource_paths import ResourcePath
from kubectl_cbt.demo.kube.status_objects import (
    StatusError,
    already_exists,
    bad_request,
    conflict,
    method_not_allowed,
    name_required,
    not_found,
)

_WRITABLE = {
    "serviceaccounts",
    "persistentvolumeclaims",
    *(resource.plural for resource in (*RBAC_TYPES, *BATCH_TYPES)),
}
_SERVER_FIELDS = ("uid", "resourceVersion", "creationTimestamp")


def writable(target: ResourcePath) -> bool:
    """Return whether objects of this resource can be changed."""
    return target.resource.plural in _WRITABLE and not target.subresource


def write(store: Store, target: ResourcePath, call: HttpRequest) -> HttpResponse:
    """Handle a write request; with ``dryRun`` nothing is stored.

    Raises:
        StatusError: the object already exists, does not exist, was modified concurrently, or is invalid.
    """
    misplaced = target.resource.namespaced is (target.namespace is None)
    if misplaced or (call.method == HTTPMethod.POST) is bool(target.name):
        raise method_not_allowed()
    deletes = call.method == HTTPMethod.DELETE
    body = (
        read_body(call, DELETE_OPTIONS)
        if deletes
        else read_body(call, target.resource.kind, target.resource.group_version)
    )
    # No other thread may change the object between the read and the write.
    with store.lock():
        if call.method == HTTPMethod.POST:
            return _create(store, target, call, body)
        before = store.get(target.resource.plural, target.name, target.namespace)
        if before is None and "apply-patch" in call.headers.get("Content-Type", ""):
            return _create(store, target, call, body)
        if before is None:
            raise not_found(target.resource, target.name)
        if deletes:
            return _delete(store, target, call, before, body)
        item = body if call.method == HTTPMethod.PUT else _merged(before, body)
        return _replace(store, target, call, before, item)


def _create(store: Store, target: ResourcePath, call: HttpRequest, body: Object) -> HttpResponse:
    item = _validated(target, call, body)
    name = item["metadata"]["name"]
    if target.namespace and not store.get("namespaces", target.namespace):
        details = {"name": target.namespace, "kind": "namespaces"}
        raise StatusError(404, "NotFound", f'namespaces "{target.namespace}" not found', details)
    if store.get(target.resource.plural, name, target.namespace):
        raise already_exists(target.resource, name)
    metadata = {key: value for key, value in item["metadata"].items() if key not in _SERVER_FIELDS}
    return HttpResponse(_store_unless_dry_run(store, target, call, item | {"metadata": metadata}), 201)


def _replace(store: Store, target: ResourcePath, call: HttpRequest, before: Object, item: Object) -> HttpResponse:
    item = _validated(target, call, item)
    version = item["metadata"].get("resourceVersion")
    if version and version != before["metadata"]["resourceVersion"]:
        raise conflict(target.resource, target.name)
    return HttpResponse(_store_unless_dry_run(store, target, call, item))


def _delete(store: Store, target: ResourcePath, call: HttpRequest, before: Object, options: Object) -> HttpResponse:
    if not _is_dry_run(call) and options.get("dryRun") != ["All"]:
        store.remove(target.resource.plural, target.name, target.namespace)
    details = {"name": target.name, "kind": target.resource.plural, "uid": before["metadata"]["uid"]}
    details |= {"group": target.resource.group} if target.resource.group else {}
    success: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return HttpResponse(success)


def _store_unless_dry_run(store: Store, target: ResourcePath, call: HttpRequest, item: Object) -> Object:
    return item if _is_dry_run(call) else store.put(target.resource.plural, item)


def _is_dry_run(call: HttpRequest) -> bool:
    return "All" in call.query.get("dryRun", [])


def _validated(target: ResourcePath, call: HttpRequest, item: Object) -> Object:
    """Return the object after validation against the path and its kind."""
    resource = target.resource
    check_shape(item, resource.kind)
    metadata = dict(item.get("metadata") or {})
    if not metadata.get("name"):
        raise name_required(resource)
    if target.name and metadata["name"] != target.name:
        wrong = f"the name of the object ({metadata['name']}) does not match the name on the URL ({target.name})"
        raise bad_request(wrong)
    if metadata.setdefault("namespace", target.namespace) != target.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if target.namespace is None:
        del metadata["namespace"]
    unknown = unknown_fields(resource.kind, item)
    if unknown and "Strict" in call.query.get("fieldValidation", []):
        listed = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise unhandled({"apiVersion": resource.group_version}, resource.kind, f"strict decoding error: {listed}")
    return item | {"apiVersion": resource.group_version, "kind": resource.kind, "metadata": metadata}


def _merged(before: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7386). A strategic merge patch replaces these resources' lists too."""
    if not isinstance(patch, dict):
        return patch
    result = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result
