"""Field validation: what an object says that its kind does not know. It finds the typing errors in a Role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_REFERENCE = {"apiGroup": None, "kind": None, "name": None}
_RULE = dict.fromkeys(("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"))
_ROLE = {"rules": _RULE}
_BINDING = {"roleRef": _REFERENCE, "subjects": _REFERENCE | {"namespace": None}}
_OBJECT = dict.fromkeys(("apiVersion", "kind", "metadata"))

_Shape = Mapping[str, Any]
_SHAPES: Mapping[str, _Shape] = {
    "ServiceAccount": dict.fromkeys(("secrets", "imagePullSecrets", "automountServiceAccountToken")),
    "Role": _ROLE,
    "ClusterRole": _ROLE | {"aggregationRule": None},
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
}
"""Fields by name; None for those whose content is not looked into."""


def unknown_fields(kind: str, item: Mapping[str, Any]) -> list[str]:
    """The paths of fields that are none, as ``rules[0].verb``, in the object's order; metadata is not looked into."""
    return list(_unknown(item, {**_OBJECT, **_SHAPES[kind]}, ""))


def _unknown(value: Any, shape: _Shape, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _unknown(entry, shape, f"{path}[{index}]")
    elif isinstance(value, Mapping):
        for key, below in value.items():
            where = f"{path}.{key}" if path else key
            if key not in shape:
                yield where
            elif shape[key] is not None:
                yield from _unknown(below, shape[key], where)
