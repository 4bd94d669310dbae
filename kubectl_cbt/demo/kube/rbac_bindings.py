"""RBAC: what the Roles and bindings in the store allow, evaluated for each request."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from kubectl_cbt.demo.kube.identity import Request
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.object_store import Store


class Bindings:
    """The bindings in a store. For an aggregated ClusterRole only its own rules apply."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def grant(self, username: str, groups: Collection[str], request: Request) -> bool:
        """Return whether any binding allows a request of a user, by name or by group."""
        return any(_allows(rule, request) for rule in self.rules(username, groups, request.namespace))

    def rules(self, username: str, groups: Collection[str], namespace: str | None) -> Iterator[Object]:
        """Yield the rules that apply to a user in a namespace; with None, only those at cluster scope."""
        for binding in self._bindings(namespace):
            if _applies_to(binding, username, groups):
                yield from self._rules(binding)

    def _bindings(self, namespace: str | None) -> Iterator[Object]:
        yield from self._store.list("clusterrolebindings")
        # A RoleBinding allows nothing at cluster scope, even if it refers to a ClusterRole.
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


def _applies_to(binding: Object, username: str, groups: Collection[str]) -> bool:
    namespace = binding["metadata"].get("namespace")
    return any(_matches_subject(subject, username, groups, namespace) for subject in binding.get("subjects") or [])


def _matches_subject(subject: Object, username: str, groups: Collection[str], namespace: str | None) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "ServiceAccount":
        home = subject.get("namespace") or namespace
        return username == f"system:serviceaccount:{home}:{name}"
    return name == username if kind == "User" else kind == "Group" and name in groups


def _allows(rule: Object, request: Request) -> bool:
    names = rule.get("resourceNames") or []
    return (
        _matches_any(rule, "verbs", request.verb)
        and _matches_any(rule, "apiGroups", request.group)
        and _matches_any(rule, "resources", request.resource, _wildcard_resource(request.resource))
        and (not names or request.name in names)
    )


def _matches_any(rule: Object, field: str, *wanted: str) -> bool:
    return not {"*", *wanted}.isdisjoint(rule.get(field) or [])


def _wildcard_resource(resource: str) -> str:
    """Return the form that a rule uses for this subresource of every resource."""
    _, slash, subresource = resource.partition("/")
    return f"*/{subresource}" if slash else resource
