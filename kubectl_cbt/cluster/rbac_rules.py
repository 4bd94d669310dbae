"""The least rights that CBT takes, as objects to apply: for a workload in the cluster, or for a person outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from kubectl_cbt.cluster.resources import CBT_GROUP, SNAPSHOT_GROUP
from kubectl_cbt.kube.api import Object
from kubectl_cbt.model.refs import ServiceAccountRef

_RBAC = "rbac.authorization.k8s.io"
_READ, _BROWSE = ("get",), ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class Grant:
    """Who shall be able to ask about which snapshots.

    Attributes:
        account: whose tokens the sidecar is shown; its namespace is that of the snapshots' users, and need not be
            the snapshots' own.
        namespace: of the snapshots.
        user: a person who asks in the account's name; empty when the account itself does.
        driver_namespaces: where a person has to forward ports to.
        finds_services: whether an address says a Service's name or IP only, so that all have to be looked through.
        browses: whether listing is to work too, and with it browse, snapshots and completion.
    """

    account: ServiceAccountRef
    namespace: str
    user: str = ""
    driver_namespaces: tuple[str, ...] = ()
    finds_services: bool = False
    browses: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """An object and why it is needed."""

    why: str
    document: Object


def objects(grant: Grant) -> Iterator[Explained]:
    """What to apply, in an order that works.

    Roles are named for what they allow and bindings for whom, so that applying it again for someone else takes
    nothing away.
    """
    account, asks = _account_subject(grant.account), _who_asks(grant)
    yield Explained(
        "The account whose tokens the snapshot metadata service is shown; it takes those of no one else.",
        _object("v1", "ServiceAccount", grant.account.name, grant.account.namespace),
    )
    yield from _granted(_snapshots_role(grant.namespace, browses=grant.browses and not grant.user), [account])
    if grant.user:
        # What it says of the account the service asks of the account; what it says of the person, resolving asks.
        role = _snapshots_role(grant.namespace, browses=grant.browses)
        yield from _granted(role, [asks], with_role=grant.browses)
    yield from _granted(_token_role(grant.account), [asks])
    yield from _granted(_cluster_role(grant), [asks])
    for namespace in grant.driver_namespaces if grant.user else ():
        yield from _granted(_reach_role(namespace), [asks])


@dataclass(frozen=True, slots=True)
class _Role:
    """A Role, or without a namespace a ClusterRole."""

    name: str
    namespace: str | None
    why: str
    rules: list[Object]

    @property
    def kind(self) -> str:
        return "Role" if self.namespace else "ClusterRole"


def _snapshots_role(namespace: str, *, browses: bool) -> _Role:
    return _Role(
        "kubectl-cbt-browse" if browses else "kubectl-cbt",
        namespace,
        "To resolve snapshots that are named; and the service asks whether the account may get them, without a name.",
        [_rule(SNAPSHOT_GROUP, "volumesnapshots", _BROWSE if browses else _READ)],
    )


def _token_role(account: ServiceAccountRef) -> _Role:
    return _Role(
        f"kubectl-cbt-token-{account.name}",
        account.namespace,
        "To be given tokens of that one account, for the service's audience.",
        [_rule("", "serviceaccounts/token", ("create",), account.name)],
    )


def _cluster_role(grant: Grant) -> _Role:
    read = _BROWSE if grant.browses else _READ
    rules = [
        _rule(SNAPSHOT_GROUP, "volumesnapshotcontents", read),
        _rule(CBT_GROUP, "snapshotmetadataservices", read),
    ]
    name = "kubectl-cbt-browse" if grant.browses else "kubectl-cbt"
    if grant.finds_services and grant.user:
        name += "-find"
        rules.append(_rule("", "services", ("list",)))
    why = "To find a snapshot's driver and handle, and that driver's service: neither has a namespace."
    return _Role(name, None, why, rules)


def _reach_role(namespace: str) -> _Role:
    return _Role(
        "kubectl-cbt-reach",
        namespace,
        "To reach the driver's Service from outside: kubectl port-forward to a ready pod behind it.",
        [
            _rule("", "services", _READ),
            # kubectl lists them by the Service's selector.
            _rule("", "pods", ("get", "list")),
            _rule("discovery.k8s.io", "endpointslices", ("list",)),
            _rule("", "pods/portforward", ("create",)),
        ],
    )


def _granted(role: _Role, subjects: list[Object], *, with_role: bool = True) -> Iterator[Explained]:
    if with_role:
        document = _object(f"{_RBAC}/v1", role.kind, role.name, role.namespace, rules=role.rules)
        yield Explained(role.why, document)
    for subject in subjects:
        whom = ":".join(part for part in (subject.get("namespace"), subject["name"]) if part)
        yield Explained(
            "",
            _object(
                f"{_RBAC}/v1",
                f"{role.kind}Binding",
                f"{role.name}:{quote(whom, safe=':@')}".replace("%", "."),
                role.namespace,
                roleRef={"apiGroup": _RBAC, "kind": role.kind, "name": role.name},
                subjects=[subject],
            ),
        )


def _who_asks(grant: Grant) -> Object:
    if not grant.user:
        return _account_subject(grant.account)
    account = ServiceAccountRef.of_user(grant.user)
    return _account_subject(account) if account else {"kind": "User", "name": grant.user, "apiGroup": _RBAC}


def _account_subject(account: ServiceAccountRef) -> Object:
    return {"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}


def _rule(group: str, resource: str, verbs: tuple[str, ...], name: str = "") -> Object:
    rule: Object = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return rule | ({"resourceNames": [name]} if name else {})


def _object(api_version: str, kind: str, name: str, namespace: str | None = None, **fields: object) -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
