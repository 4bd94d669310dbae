"""From the service's object to a first answer: trust, rights, tokens, the way there, the sidecar and the driver."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kubectl_cbt.address import split_address
from kubectl_cbt.checks.check import Hop, HopResult
from kubectl_cbt.checks.doctor import cluster_hops
from kubectl_cbt.checks.doctor.diagnosis_context import DiagnosisContext
from kubectl_cbt.cluster.resources import CBT_GROUP, SNAPSHOT_GROUP
from kubectl_cbt.errors import ApiError, MalformedObject, NotFound
from kubectl_cbt.kube.api import Api, Object
from kubectl_cbt.kube.object_reader import ObjectReader
from kubectl_cbt.kube.port_forward import PortForward
from kubectl_cbt.model.advice import SET_CLOCK, clock_difference, clock_question, grant_command
from kubectl_cbt.model.query import Query
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import MUST
from kubectl_cbt.security.jwt import read_claims
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.stream.collect import Collected, collect
from kubectl_cbt.units import as_argument, human_seconds, utc_date, utc_words
from kubectl_cbt.wire.sidecar import SidecarSource
from kubectl_cbt.wire.source import Source

if TYPE_CHECKING:
    pass

_SOON_DAYS = 14
_CONNECT_SECONDS = 10.0
_FIRST_SECONDS, _STREAM_SECONDS = 30.0, 20.0
_ENOUGH_EXTENTS = 20_000


def _ca_cert(context: DiagnosisContext, result: HopResult) -> None:
    """One good certificate is enough for the client: others of a bundle may have been replaced."""
    from kubectl_cbt.wire.certificate_check import readable_authorities
    from kubectl_cbt.wire.certificate_reasons import subject_words

    endpoint = context.known("endpoint")
    now = datetime.now(UTC)
    clock_fix = _clock_fix(context)
    found = readable_authorities(endpoint.ca_pem)
    usable = [one for one in found if one.not_valid_before_utc <= now <= one.not_valid_after_utc]
    tell = result.warn if usable else result.fail
    for certificate in found:
        name, end = subject_words(certificate), certificate.not_valid_after_utc
        result.evidence.append(f"{name}, {_until(end)}")
        if end < now:
            tell(f"{name} expired on {utc_date(end)}", clock_fix or _new_certificates(endpoint.service))
        elif _days(end) < _SOON_DAYS:
            result.warn(f"{name} expires in {_days(end)} days", _new_certificates(endpoint.service))
        if certificate.not_valid_before_utc > now:
            tell(
                f"{name} is not valid before {utc_words(certificate.not_valid_before_utc)}",
                clock_fix or clock_question(),
            )
    if found:
        result.skipped_blocks("caCert", endpoint.ca_pem, len(found))
    else:
        result.fail("it holds no certificate that can be read", _new_certificates(endpoint.service))


def _clock_fix(context: DiagnosisContext) -> str:
    """What to do about dates that only seem wrong; empty where this machine's clock is right."""
    return SET_CLOCK if clock_difference(context.known("session").api.clock_ahead_seconds()) else ""


def _until(end: datetime) -> str:
    return f"until {utc_date(end)}, {_days(end)} days"


def _days(end: datetime) -> int:
    return (end - datetime.now(UTC)).days


def _new_certificates(service: str) -> str:
    return (
        "make new certificates, put them into the secret the sidecar mounts, and the CA into caCert:\n"
        f"kubectl edit snapshotmetadataservice {as_argument(service)}"
    )


# Rights and tokens.


def _permissions(context: DiagnosisContext, result: HopResult) -> None:
    session = context.known("session")
    missing = []
    for words, attributes in _calls(context, session.means.account()):
        if not _may(session.api, attributes):
            missing.append(words)
    for words in missing:
        result.fail(f"you may not {words}")
    if missing:
        grant = grant_command(session.namespace, account=session.means.account(), user=context.user)
        result.fix.append(f"an administrator can grant it: {grant}")
    else:
        route = ", and the way to the service," if context.route is not None else ""
        result.evidence.append(f"you may make every call that asking{route} takes")


def _calls(context: DiagnosisContext, account: ServiceAccountRef | None) -> Iterator[tuple[str, dict[str, str]]]:
    """Each call that is made, in words and as the API server is asked about it."""
    namespace = context.known("session").namespace
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
    if isinstance(context.route, PortForward):
        there = {"namespace": context.route.service.namespace}
        where = f"in {context.route.service.namespace}"
        yield f"list pods {where}", {"verb": "list", "resource": "pods"} | there
        forward = {"verb": "create", "resource": "pods", "subresource": "portforward"} | there
        yield f"forward ports to pods {where}", forward


def _may(api: Api, attributes: dict[str, str]) -> bool:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = api.create("apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews", body=review)
    return _is_allowed(answer)


def _is_allowed(answer: Object) -> bool:
    reader = ObjectReader(answer)
    allowed = reader.flag("status", "allowed")
    reader.require("the access review")
    return allowed


def _account_rights(context: DiagnosisContext, result: HopResult) -> None:
    session = context.known("session")
    account = session.means.account()
    if account is None:
        result.evidence.append("the token comes from a file: whose it is, is not looked at")
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
        result.evidence.append("you may not ask about others; the sidecar will tell")
        return
    if not allowed:
        result.fail(
            f"ServiceAccount {account} may not get volumesnapshots in {session.namespace}: the sidecar will refuse it",
            f"{grant_command(session.namespace, account=account)}\n"
            "(a Role limited by resourceNames does not count: the sidecar asks without a name)",
        )
    else:
        result.evidence.append(f"{account} may get volumesnapshots in {session.namespace}")


def _token(context: DiagnosisContext, result: HopResult) -> None:
    endpoint = context.known("endpoint")
    token = context.known("session").means.fresh_token(endpoint)()
    try:
        claims = read_claims(token.reveal())
    except ValueError:
        result.warn("it is no JSON Web Token: whom and what it is for cannot be seen")
        return
    left = claims.expires - time.time()
    subject, audiences = claims.subject or "no subject", ", ".join(claims.audiences) or "no audience"
    result.evidence.append(f"of {subject}, for {audiences}, {max(round(left / 60), 0)} min left")
    if endpoint.audience not in claims.audiences:
        result.fail(
            f"it is not for the service's audience, {endpoint.audience}", "leave out --token-file, or make it anew"
        )
    if left <= 0:
        result.fail("it has expired", _clock_fix(context) or "leave out --token-file, or make a new token")


# The way there.


def _address(context: DiagnosisContext, result: HopResult) -> None:
    endpoint = context.known("endpoint")
    context.route = context.known("session").means.route(endpoint)
    context.stack.callback(context.route.close)
    result.evidence.append(f"{endpoint.address}: {context.route}")


def _connection(context: DiagnosisContext, result: HopResult) -> None:
    context.address = context.known("route").address()
    host, port = split_address(context.address)
    started = time.monotonic()
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        result.fail(f"{context.address}: {error.strerror or error}", _NOT_REACHED)
        return
    result.evidence.append(f"{context.address} takes connections, after {human_seconds(time.monotonic() - started)}")


_NOT_REACHED = (
    "an address inside the cluster is reached with --connect port-forward;\n"
    "is the driver's controller running? kubectl get pods,services,endpointslices -A | grep -i snapshot-metadata"
)


def _tls(context: DiagnosisContext, result: HopResult) -> None:
    """The client's own connection, with the client's own check: it raises what a stream would fail with."""
    from kubectl_cbt.wire.certificate_reasons import subject_words

    endpoint = context.known("endpoint")
    clock_ahead = context.known("session").api.clock_ahead_seconds
    source = SidecarSource(endpoint, lambda: Secret(""), context.known("route"), clock_ahead=clock_ahead)
    context.stack.callback(source.close)
    leaf = source.certificate()
    result.evidence.append(f"{subject_words(leaf)}, {_until(leaf.not_valid_after_utc)}")
    if _days(leaf.not_valid_after_utc) < _SOON_DAYS:
        result.warn(f"it expires in {_days(leaf.not_valid_after_utc)} days", _new_certificates(endpoint.service))


# The sidecar and the driver.


def _health(context: DiagnosisContext, result: HopResult) -> None:
    context.source = _source(context)
    status = context.source.health()
    if status == "SERVING":
        result.evidence.append("SERVING")
    elif status == "UNIMPLEMENTED":
        result.warn("there is no health service: is it external-snapshot-metadata, or something that stands in for it?")
    else:
        result.fail(
            f"{status}: the sidecar has not validated its driver",
            "see its log; it asks the driver's Identity service for SNAPSHOT_METADATA_SERVICE and waits for its Probe",
        )


def _source(context: DiagnosisContext) -> Any:
    source = context.known("session").means.source(_resolved(context))
    context.stack.callback(source.close)
    return source


def _resolved(context: DiagnosisContext) -> ResolvedQuery:
    resolved: ResolvedQuery = context.known("resolved")
    return resolved


def _query(context: DiagnosisContext) -> Query:
    return _resolved(context).query


def _first_call(context: DiagnosisContext, result: HopResult) -> None:
    context.source = context.source or _source(context)
    look_at_first(context.source, _query(context), result)


def look_at_first(source: Source, query: Query, result: HopResult) -> None:
    """Whether a question is answered at all; the text of a sidecar's refusal becomes a diagnosis."""
    collected = collect(source, query, deadline_seconds=_FIRST_SECONDS, at_most=1)
    if collected.error is not None:
        raise collected.error
    if collected.is_stalled:
        result.fail(
            collected.describe(),
            "the driver is still looking, or hangs: see its log. kubectl cbt check --only answers --deadline 10m",
        )
        return
    after = collected.first_message_seconds
    first = f"first message after {human_seconds(after)}" if after is not None else "nothing, which is an answer too"
    result.evidence.append(f"{query.operation}: {first}")


def _stream(context: DiagnosisContext, result: HopResult) -> None:
    look_at_stream(context.known("source"), _query(context), result)


def look_at_stream(source: Source, query: Query, result: HopResult) -> None:
    """A small stream whole, or the beginning of a large one."""
    collected = collect(source, query, deadline_seconds=_STREAM_SECONDS, at_most=_ENOUGH_EXTENTS)
    if collected.error is not None:
        raise collected.error
    if collected.is_stalled:
        result.fail(collected.describe(), "the driver hangs: see its log")
    elif collected.is_flowing:
        result.warn(
            collected.describe(),
            "the driver is slow, it does not hang: delta and allocated wait for it. Whether it ever ends:"
            " kubectl cbt check --only answers --deadline 10m",
        )
    else:
        result.evidence.append(collected.describe())
    _rules(collected, result)


def _rules(collected: Collected, result: HopResult) -> None:
    for violation in collected.violations:
        tell = result.fail if violation.level == MUST else result.warn
        tell(
            f"it breaks {violation.rule}, {violation.title}: {violation.examples[0].text}",
            f"what is behind it: kubectl cbt check --explain {as_argument(f'rule-{violation.rule.lower()}')}",
        )


def driver_hop(name: str) -> Hop:
    """One driver of a cluster: its service, and whether that can be reached and is healthy."""

    def look(context: DiagnosisContext, result: HopResult) -> None:
        session = context.known("session")
        try:
            found = session.catalogue.service(name)
        except NotFound:
            result.warn(
                "it has no SnapshotMetadataService: no CBT for its snapshots", "does the driver offer CBT at all?"
            )
            return
        endpoint = session.means.endpoint(found.endpoint())
        route = session.means.route(endpoint)
        with ExitStack() as stack:
            stack.callback(route.close)
            result.evidence.append(f"{endpoint.address}: {route}")
            source = SidecarSource(endpoint, lambda: Secret(""), route, clock_ahead=session.api.clock_ahead_seconds)
            stack.callback(source.close)
            status = source.health()
            (result.evidence if status == "SERVING" else result.failures).append(f"it is {status}")

    return Hop(f"driver {name}", "it has a service, and that is healthy", look)


CA_CERT = Hop("ca-cert", "caCert holds certificates that are valid", _ca_cert, (cluster_hops.SERVICE,))
ADDRESS = Hop("address", "the service's address leads somewhere", _address, (cluster_hops.SERVICE,))
PERMISSIONS = Hop("permissions", "you may make each call that it takes", _permissions, (cluster_hops.API_SERVER,))
ACCOUNT = Hop("account", "the ServiceAccount may get the snapshots", _account_rights, (cluster_hops.API_SERVER,))
TOKEN = Hop("token", "there is a token for the service's audience", _token, (cluster_hops.SERVICE,))
CONNECTION = Hop("connection", "the address can be connected to", _connection, (ADDRESS,))
TLS = Hop("tls", "the client accepts the served certificate", _tls, (CONNECTION, CA_CERT))
HEALTH = Hop("health", "the sidecar is healthy", _health, (TLS, TOKEN, cluster_hops.PAIR))
FIRST_CALL = Hop("first-call", "the first call is answered", _first_call, (TLS, TOKEN, cluster_hops.PAIR))
STREAM = Hop("stream", "a stream keeps the rules", _stream, (FIRST_CALL,))
