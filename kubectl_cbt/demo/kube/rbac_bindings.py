"""RBAC: what the Roles and bindings among the objects allow, read anew for each question."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from kubectl_cbt.demo.kube.identity import Request
from kubectl_cbt.demo.kube.object_store import Store

Object = dict[str, Any]


class Bindings:
    """The bindings of a store; an aggregated ClusterRole has the rules that are written into it and no others."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def grant(self, username: str, groups: Collection[str], request: Request) -> bool:
        """Whether any binding allows a user, by name or by group, what is asked for."""
        return any(_allows(rule, request) for rule in self.rules(username, groups, request.namespace))

    def rules(self, username: str, groups: Collection[str], namespace: str | None) -> Iterator[Object]:
        """The rules that apply to a user in a namespace; None for those of cluster scope alone."""
        for binding in self._bindings(namespace):
            if _names(binding, username, groups):
                yield from self._rules(binding)

    def _bindings(self, namespace: str | None) -> Iterator[Object]:
        yield from self._store.list("clusterrolebindings")
        # In cluster scope a RoleBinding allows nothing, be it of a ClusterRole.
        if namespace is not None:
            yield from self._store.list("rolebindings", namespace)

    def _rules(self, binding: Object) -> list[Object]:
        reference, namespace = binding.get("roleRef") or {}, binding["metadata"].get("namespace")
        name = reference.get("name", "")
        if reference.get("kind") == "ClusterRole":
            role = self._store.get("clusterroles", name)
        else:
            role = self._store.get("roles", name, namespace) if namespace else None
        return (role or {}).get("rules") or []


def _names(binding: Object, username: str, groups: Collection[str]) -> bool:
    namespace = binding["metadata"].get("namespace")
    return any(_is(subject, username, groups, namespace) for subject in binding.get("subjects") or [])


def _is(subject: Object, username: str, groups: Collection[str], namespace: str | None) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "ServiceAccount":
        home = subject.get("namespace") or namespace
        return username == f"system:serviceaccount:{home}:{name}"
    return name == username if kind == "User" else kind == "Group" and name in groups


def _allows(rule: Object, request: Request) -> bool:
    names = rule.get("resourceNames") or []
    return (
        _any(rule, "verbs", request.verb)
        and _any(rule, "apiGroups", request.group)
        and _any(rule, "resources", request.resource, _of_any(request.resource))
        and (not names or request.name in names)
    )


def _any(rule: Object, field: str, *wanted: str) -> bool:
    return not {"*", *wanted}.isdisjoint(rule.get(field) or [])


def _of_any(resource: str) -> str:
    """How a rule names this subresource of every resource."""
    _, slash, subresource = resource.partition("/")
    return f"*/{subresource}" if slash else resource
