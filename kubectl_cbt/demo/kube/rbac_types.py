"""The resource types of RBAC, which ``kubectl apply`` can create in the demo cluster."""

from __future__ import annotations

from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.resource_type import AGE, ALL_VERBS, NAME, Cell, Column, ResourceType, field

RBAC_GROUP = "rbac.authorization.k8s.io"


def _role(binding: Object) -> str:
    reference = binding.get("roleRef") or {}
    return f"{reference.get('kind')}/{reference.get('name')}"


def _subjects(kind: str) -> Cell:
    def names(binding: Object) -> str:
        subjects = [subject for subject in binding.get("subjects") or [] if subject.get("kind") == kind]
        return ", ".join("/".join(filter(None, (it.get("namespace"), it.get("name")))) for it in subjects)

    return names


_ROLE_COLUMNS = (NAME, Column("Created At", field("metadata.creationTimestamp"), "date"))
_BINDING_COLUMNS = (
    NAME,
    Column("Role", _role),
    AGE,
    Column("Users", _subjects("User"), priority=1),
    Column("Groups", _subjects("Group"), priority=1),
    Column("ServiceAccounts", _subjects("ServiceAccount"), priority=1),
)


def _type(plural: str, kind: str, columns: tuple[Column, ...], *, namespaced: bool) -> ResourceType:
    return ResourceType(
        RBAC_GROUP, "v1", plural, kind, namespaced=namespaced, columns=columns, verbs=ALL_VERBS
    )  # fmt: skip


RBAC_TYPES = (
    _type("clusterrolebindings", "ClusterRoleBinding", _BINDING_COLUMNS, namespaced=False),
    _type("clusterroles", "ClusterRole", _ROLE_COLUMNS, namespaced=False),
    _type("rolebindings", "RoleBinding", _BINDING_COLUMNS, namespaced=True),
    _type("roles", "Role", _ROLE_COLUMNS, namespaced=True),
)
