"""What you and the ServiceAccount may do, and the token."""

from __future__ import annotations

import time
from collections.abc import Iterator

from kubectl_cbt.checks.check import Check, CheckResult
from kubectl_cbt.checks.doctor.cluster_hops import API_SERVER, KUBECONFIG
from kubectl_cbt.checks.doctor.connection_hops import ADDRESS, clock_fix
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.checks.doctor.snapshot_hops import SERVICE
from kubectl_cbt.cluster.resources import CBT_GROUP, SNAPSHOT_GROUP
from kubectl_cbt.errors import ApiError, MalformedObject
from kubectl_cbt.kube.api import Api, Object
from kubectl_cbt.kube.object_reader import ObjectReader
from kubectl_cbt.kube.port_forward import PortForward
from kubectl_cbt.model.advice import grant_command
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.model.route import Route
from kubectl_cbt.security.jwt import read_claims


def _permissions(context: DiagnosisContext, result: CheckResult) -> None:
    session = context.fact(KUBECONFIG)
    route = context.fact_if_found(ADDRESS)
    account = session.connector.account()
    calls = list(_calls(session.namespace, account, route))
    missing = [words for words, attributes in calls if not _is_permitted(session.api, attributes)]
    for words in missing:
        result.fail(f"you cannot {words}")
    if missing:
        grant = grant_command(session.namespace, account=account, user=context.fact(API_SERVER))
        result.fix.append(f"an administrator can grant this: {grant}")
    else:
        reach = " and to reach the service" if route is not None else ""
        result.note(f"you have all permissions needed to query{reach}")


def _calls(
    namespace: str, account: ServiceAccountRef | None, route: Route | None
) -> Iterator[tuple[str, dict[str, str]]]:
    """Return each call that a query makes: its description and its attributes in an access review."""
    yield (
        f"get volumesnapshots in {namespace}",
        {"verb": "get", "group": SNAPSHOT_GROUP, "resource": "volumesnapshots", "namespace": namespace},
    )
    for group, resource in ((SNAPSHOT_GROUP, "volumesnapshotcontents"), (CBT_GROUP, "snapshotmetadataservices")):
        yield f"get {resource}", {"verb": "get", "group": group, "resource": resource}
    if account is not None:
        yield (
            f"create a token of ServiceAccount {account}",
            {"verb": "create", "resource": "serviceaccounts", "subresource": "token"}
            | {"namespace": account.namespace, "name": account.name},
        )
    if isinstance(route, PortForward):
        there = {"namespace": route.service.namespace}
        where = f"in {route.service.namespace}"
        yield f"list pods {where}", {"verb": "list", "resource": "pods"} | there
        forward = {"verb": "create", "resource": "pods", "subresource": "portforward"} | there
        yield f"forward ports to pods {where}", forward


def _is_permitted(api: Api, attributes: dict[str, str]) -> bool:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    return _is_allowed(api.create("apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews", body=review))


def _is_allowed(answer: Object) -> bool:
    reader = ObjectReader(answer)
    allowed = reader.flag("status", "allowed")
    reader.require("the access review")
    return allowed


def _account(context: DiagnosisContext, result: CheckResult) -> None:
    session = context.fact(KUBECONFIG)
    account = session.connector.account()
    if account is None:
        result.note("not checked: the token comes from a file")
        return
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{account.namespace}:{account.name}",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{account.namespace}", "system:authenticated"],
            "resourceAttributes": {
                "verb": "get", "group": SNAPSHOT_GROUP, "resource": "volumesnapshots", "namespace": session.namespace,
            },
        },
    }  # fmt: skip
    try:
        answer = session.api.create("apis", "authorization.k8s.io", "v1", "subjectaccessreviews", body=review)
        allowed = _is_allowed(answer)
    except MalformedObject:
        raise
    except ApiError:
        result.note("not checked: you cannot create SubjectAccessReviews")
        return
    if not allowed:
        result.fail(
            f"ServiceAccount {account} cannot get volumesnapshots in {session.namespace}: the sidecar will reject it",
            f"{grant_command(session.namespace, account=account)}\n"
            "(a Role limited by resourceNames has no effect: the sidecar checks access without a name)",
        )
    else:
        result.note(f"{account} can get volumesnapshots in {session.namespace}")


def _token(context: DiagnosisContext, result: CheckResult) -> None:
    endpoint = context.fact(SERVICE)
    token = context.fact(KUBECONFIG).connector.token(endpoint)()
    try:
        claims = read_claims(token.reveal())
    except ValueError:
        result.warn("the token is not a JSON Web Token: its subject and audience cannot be checked")
        return
    left = claims.expires - time.time()
    subject, audiences = claims.subject or "none", ", ".join(claims.audiences) or "none"
    result.note(f"subject {subject}, audience {audiences}, expires in {max(round(left / 60), 0)} min")
    if endpoint.audience not in claims.audiences:
        result.fail(
            f"the token is not for the service's audience, {endpoint.audience}",
            "omit --token-file, or create a token for this audience",
        )
    if left <= 0:
        result.fail("the token has expired", clock_fix(context) or "omit --token-file, or create a new token")


PERMISSIONS = Check(
    "permissions", "you have the permissions that a query needs", _permissions, (API_SERVER,), uses=(ADDRESS,)
)
ACCOUNT = Check("account", "the ServiceAccount can get the snapshots", _account, (API_SERVER,))
TOKEN = Check("token", "a token for the service's audience can be obtained", _token, (SERVICE,))
