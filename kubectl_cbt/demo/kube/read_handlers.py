"""Get and list: objects, or Tables of them."""

from __future__ import annotations

from collections.abc import Callable

from kubectl_cbt.demo.kube.https_server import HttpRequest
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.object_store import Store
from kubectl_cbt.demo.kube.paged_lists import list_page
from kubectl_cbt.demo.kube.resource_paths import ResourcePath
from kubectl_cbt.demo.kube.resource_type import ResourceType
from kubectl_cbt.demo.kube.selectors import selection
from kubectl_cbt.demo.kube.server_tables import partial_metadata, table
from kubectl_cbt.demo.kube.status_objects import not_found


def read(store: Store, target: ResourcePath, call: HttpRequest) -> Object:
    """Return the requested object or list, in the form that the client accepts.

    Raises:
        StatusError: 404 for an object that does not exist, 400 for an invalid selector, and as :func:`list_page`.
    """
    resource = target.resource
    if target.name:
        item = store.get(resource.plural, target.name, target.namespace)
        if item is None:
            raise not_found(resource, target.name)
        metadata = {"resourceVersion": item["metadata"]["resourceVersion"]}
        return _table(resource, [item], metadata, call) or served(resource, item)
    selected = selection(resource, call.query)
    items, version = store.listing(resource.plural, target.namespace)
    page = list_page([item for item in items if selected(item)], version, call.query)
    items = [served(resource, item) for item in page.items]
    return _table(resource, items, page.metadata, call) or {
        "apiVersion": resource.group_version,
        "kind": f"{resource.kind}List",
        "metadata": page.metadata,
        "items": items,
    }


def wants_table(call: HttpRequest) -> bool:
    """Return whether the first form of JSON that the client accepts is a Table; every response is JSON."""
    for entry in call.headers.get("Accept", "").lower().split(","):
        media, *parameters = (part.strip() for part in entry.split(";"))
        if media in ("application/json", "application/*", "*/*"):
            return "as=table" in parameters
    return False


def row_object(resource: ResourceType, call: HttpRequest) -> Callable[[Object], Object | None]:
    """Return the function that gives a row's object in a Table; by default, its metadata."""
    wanted = call.query.get("includeObject", ["Metadata"])[0]
    forms: dict[str, Callable[[Object], Object | None]] = {
        "None": lambda item: None,
        "Object": lambda item: served(resource, item),
    }
    return forms.get(wanted, partial_metadata)


def served(resource: ResourceType, item: Object) -> Object:
    """Return an object in the requested version; the demo's types have the same form in all versions."""
    same = item.get("apiVersion", resource.group_version) == resource.group_version
    return item if same else item | {"apiVersion": resource.group_version}


def _table(resource: ResourceType, items: list[Object], metadata: Object, call: HttpRequest) -> Object | None:
    return table(resource, items, metadata, row_object(resource, call)) if wants_table(call) else None
