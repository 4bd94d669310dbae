"""The minimal RBAC objects for CBT: for a workload in the cluster, or for a user outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from kubectl_cbt.cluster.manifest import Manifest, new_object
from kubectl_cbt.cluster.resources import CBT_GROUP, SNAPSHOT_GROUP
from kubectl_cbt.kube.api import Object
from kubectl_cbt.model.refs import ServiceAccountRef

_RBAC = "rbac.authorization.k8s.io"
_READ, _LIST, _BROWSE = ("get",), ("get", "list"), ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class Grant:
    """The user and the snapshots that permissions are granted for.

    Attributes:
        account: the ServiceAccount whose tokens the sidecar receives; its namespace may differ from the snapshots'.
        namespace: of the snapshots; None for all namespaces.
        user: a user who queries with the account's tokens; empty when the account itself does.
        driver_namespaces: namespaces that a user forwards ports to.
        finds_services: whether an address has only a Service's name or IP, so that all Services must be listed.
        browses: whether to grant listing too, for browse, snapshots and completion.
        reports: whether the account measures a report: it lists snapshots and claims.
    """

    account: ServiceAccountRef
    namespace: str | None
    user: str = ""
    driver_namespaces: tuple[str, ...] = ()
    finds_services: bool = False
    browses: bool = False
    reports: bool = False


def objects(grant: Grant) -> Iterator[Manifest]:
    """The objects to apply, in order.

    Roles are named after their permissions and bindings after their subject, so that applying them for another user
    removes nothing.
    """
    account, caller = _account_subject(grant.account), _querying_subject(grant)
    yield Manifest(
        "The account whose tokens the snapshot metadata service receives; it accepts only tokens of ServiceAccounts.",
        new_object("v1", "ServiceAccount", grant.account.name, grant.account.namespace),
    )
    if grant.reports:
        yield from _grant(_volumes_role(grant.namespace), [account])
    else:
        yield from _grant(_snapshots_role(grant.namespace, browses=grant.browses and not grant.user), [account])
    if grant.user:
        # The service checks the account's access; resolving names needs the user's.
        role = _snapshots_role(grant.namespace, browses=grant.browses)
        yield from _grant(role, [caller], with_role=grant.browses)
    yield from _grant(_token_role(grant.account), [caller])
    yield from _grant(_cluster_role(grant), [caller])
    for namespace in grant.driver_namespaces if grant.user else ():
        yield from _grant(_port_forward_role(namespace), [caller])


@dataclass(frozen=True, slots=True)
class _Role:
    """A Role, or without a namespace a ClusterRole."""

    name: str
    namespace: str | None
    reason: str
    rules: list[Object]

    @property
    def kind(self) -> str:
        return "Role" if self.namespace else "ClusterRole"


def _snapshots_role(namespace: str | None, *, browses: bool) -> _Role:
    return _Role(
        "kubectl-cbt-browse" if browses else "kubectl-cbt",
        namespace,
        "To resolve snapshot names; the service also checks that the account may get snapshots, without a name.",
        [_rule(SNAPSHOT_GROUP, "volumesnapshots", _BROWSE if browses else _READ)],
    )


def _volumes_role(namespace: str | None) -> _Role:
    return _Role(
        "kubectl-cbt-report-volumes",
        namespace,
        "To list snapshots and their claims; the service also checks that the account may get snapshots.",
        [
            _rule(SNAPSHOT_GROUP, "volumesnapshots", _LIST),
            _rule("", "persistentvolumeclaims", ("list",)),
        ],
    )


def _token_role(account: ServiceAccountRef) -> _Role:
    return _Role(
        f"kubectl-cbt-token-{account.name}",
        account.namespace,
        "To create tokens of this account, for the service's audience.",
        [_rule("", "serviceaccounts/token", ("create",), account.name)],
    )


def _cluster_role(grant: Grant) -> _Role:
    read = _LIST if grant.reports else _BROWSE if grant.browses else _READ
    rules = [
        _rule(SNAPSHOT_GROUP, "volumesnapshotcontents", read),
        _rule(CBT_GROUP, "snapshotmetadataservices", read),
    ]
    name = f"kubectl-cbt{'-report' if grant.reports else '-browse' if grant.browses else ''}"
    if grant.finds_services and grant.user:
        name += "-find"
        rules.append(_rule("", "services", ("list",)))
    reason = "To find a snapshot's driver and handle, and the driver's service: neither is namespaced."
    return _Role(name, None, reason, rules)


def _port_forward_role(namespace: str) -> _Role:
    return _Role(
        "kubectl-cbt-reach",
        namespace,
        "To connect from outside the cluster: kubectl port-forward to a ready pod of the driver's Service.",
        [
            _rule("", "services", _READ),
            # kubectl lists them by the Service's selector.
            _rule("", "pods", ("get", "list")),
            _rule("discovery.k8s.io", "endpointslices", ("list",)),
            _rule("", "pods/portforward", ("create",)),
        ],
    )


def _grant(role: _Role, subjects: list[Object], *, with_role: bool = True) -> Iterator[Manifest]:
    if with_role:
        document = new_object(f"{_RBAC}/v1", role.kind, role.name, role.namespace, rules=role.rules)
        yield Manifest(role.reason, document)
    for subject in subjects:
        whom = ":".join(part for part in (subject.get("namespace"), subject["name"]) if part)
        yield Manifest(
            "",
            new_object(
                f"{_RBAC}/v1",
                f"{role.kind}Binding",
                f"{role.name}:{quote(whom, safe=':@')}".replace("%", "."),
                role.namespace,
                roleRef={"apiGroup": _RBAC, "kind": role.kind, "name": role.name},
                subjects=[subject],
            ),
        )


def _querying_subject(grant: Grant) -> Object:
    if not grant.user:
        return _account_subject(grant.account)
    account = ServiceAccountRef.of_user(grant.user)
    return _account_subject(account) if account else {"kind": "User", "name": grant.user, "apiGroup": _RBAC}


def _account_subject(account: ServiceAccountRef) -> Object:
    return {"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}


def _rule(group: str, resource: str, verbs: tuple[str, ...], name: str = "") -> Object:
    rule: Object = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return rule | ({"resourceNames": [name]} if name else {})
