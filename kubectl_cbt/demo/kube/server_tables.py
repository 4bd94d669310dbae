"""Server-side Tables, which ``kubectl get`` requests so that it does not need to know a resource's columns."""

from __future__ import annotations

from collections.abc import Callable

from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.resource_type import Column, ResourceType


def table(
    resource: ResourceType,
    items: list[Object],
    metadata: Object,
    shown: Callable[[Object], Object | None] | None = None,
) -> Object:
    """Return a server-side Table (meta.k8s.io/v1).

    Args:
        metadata: of the list.
        shown: returns a row's object; its metadata by default.
    """
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in resource.columns],
        "rows": [
            {"cells": [column.cell(item) for column in resource.columns], "object": (shown or partial_metadata)(item)}
            for item in items
        ],
    }


def partial_metadata(item: Object) -> Object:
    """Return only the metadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}


def _definition(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column.name == "Name" else "",
        "description": "",
        "priority": column.priority,
    }
