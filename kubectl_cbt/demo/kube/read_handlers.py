"""Get and list: objects, or Tables of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubectl_cbt.demo.kube.https_server import HttpRequest
from kubectl_cbt.demo.kube.object_store import Store
from kubectl_cbt.demo.kube.resource_paths import ResourcePath
from kubectl_cbt.demo.kube.resource_type import ResourceType
from kubectl_cbt.demo.kube.selectors import selection
from kubectl_cbt.demo.kube.server_tables import partial_metadata, table
from kubectl_cbt.demo.kube.status_objects import not_found

Object = dict[str, Any]


def read(store: Store, target: ResourcePath, call: HttpRequest) -> Object:
    """The object or the list that is asked for, in the form that is accepted.

    Raises:
        StatusError: 404 for an object that is not there, 400 for a selector that cannot be read.
    """
    resource = target.resource
    if target.name:
        item = store.get(resource.plural, target.name, target.namespace)
        if item is None:
            raise not_found(resource, target.name)
        return _table(resource, [item], item["metadata"]["resourceVersion"], call) or served(resource, item)
    taken = selection(resource, call.query)
    items, version = store.listing(resource.plural, target.namespace)
    items = [served(resource, item) for item in items if taken(item)]
    return _table(resource, items, str(version), call) or {
        "apiVersion": resource.group_version,
        "kind": f"{resource.kind}List",
        "metadata": {"resourceVersion": str(version)},
        "items": items,
    }


def wants_table(call: HttpRequest) -> bool:
    """Whether the first form of JSON that the client accepts is a Table; every answer is JSON."""
    for entry in call.headers.get("Accept", "").lower().split(","):
        media, *parameters = (part.strip() for part in entry.split(";"))
        if media in ("application/json", "application/*", "*/*"):
            return "as=table" in parameters
    return False


def shown_object(resource: ResourceType, call: HttpRequest) -> Callable[[Object], Object | None]:
    """What a Table's rows carry of their objects: their metadata, if nothing else is asked for."""
    wanted = call.query.get("includeObject", ["Metadata"])[0]
    forms: dict[str, Callable[[Object], Object | None]] = {
        "None": lambda item: None,
        "Object": lambda item: served(resource, item),
    }
    return forms.get(wanted, partial_metadata)


def served(resource: ResourceType, item: Object) -> Object:
    """An object in the version that it is asked for in; the demo's types have one form in all versions."""
    same = item.get("apiVersion", resource.group_version) == resource.group_version
    return item if same else item | {"apiVersion": resource.group_version}


def _table(resource: ResourceType, items: list[Object], version: str, call: HttpRequest) -> Object | None:
    return table(resource, items, version, shown_object(resource, call)) if wants_table(call) else None
