"""gRPC status codes and texts to our errors: the one place that knows them.

The sidecar uses few codes for many conditions (UNAVAILABLE alone stands for a snapshot that does not exist, a
class it may not read, a driver that is not ready, and whatever gRPC itself could not reach), so a row here is a
code and a fragment of the text, upper and lower case alike. Rows are tried in order; a row without fragment fits
every text of its code. What fits none is the driver's own.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from kubectl_cbt import errors
from kubectl_cbt.clock import SET_CLOCK, clock_difference, clock_question
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.units import as_argument, counted, printable
from kubectl_cbt.wire.token_advice import permission_advice, rejection_advice

if TYPE_CHECKING:
    from kubectl_cbt.wire.certificate_check import Cause, CertificateRejected


@dataclass(frozen=True, slots=True)
class _Row:
    code: grpc.StatusCode
    fragment: str
    error: type[errors.StreamError]
    what: str
    hint: str = ""


_Code = grpc.StatusCode

_PERMISSION, _REJECTION = "permission", "rejection"
"""Hints made of what the token says, see :mod:`kubectl_cbt.wire.token_advice`."""
_CLASS_HINT = (
    "the sidecar's ServiceAccount needs to get and list volumesnapshotclasses, and to get the secret the class names;\n"
    "upstream's ClusterRole grants neither. Ask whoever runs driver {service}"
)
_NEW_CERTIFICATES = (
    "make new certificates, put them into the secret that the sidecar mounts, and the CA into caCert:\n"
    "kubectl edit snapshotmetadataservice {service}"
)
_CERTIFICATE_HINTS: dict[Cause, str] = {
    "issuer": "the CA was replaced, or caCert was never the right one. Put the CA that signs now into the object:\n"
    "kubectl edit snapshotmetadataservice {service}",
    "name": "the certificate needs the host of spec.address, {host}, as a subjectAltName:\n"
    + _NEW_CERTIFICATES
    + "\nuntil then, --service-tls-server-name NAME connects with a name that the certificate has",
    "dates": _NEW_CERTIFICATES,
    "clock": "{clock}. If it is, " + _NEW_CERTIFICATES,
    "form": _NEW_CERTIFICATES,
    "": _NEW_CERTIFICATES,
}
_GIVEN_NAME_HINT = "--service-tls-server-name gives {host}: leave it out, or give a name that the certificate has"
_GIVEN_ADDRESS_HINT = "the connection went to {address}, not to {own}: is --address right?\n"
_TLS_HINT = "is it the sidecar's port, and does nothing in between end the connection? kubectl cbt services"

# What gRPC itself says of a connection that was not made or broke. Any other text under UNAVAILABLE is the driver's,
# and asking again would only hear it again.
_NOT_CONNECTED = (
    "failed to connect", "Connection refused", "Connection timed out", "attempt timed out", "No route to host",
    "Network is unreachable",
)  # fmt: skip
_DISCONNECTED = (
    "Socket closed", "Broken pipe", "GOAWAY", "Stream removed", "Endpoint closing", "Connection reset",
    "Connection aborted", "recvmsg", "sendmsg", "keepalive", "ping timeout", "http2 header", "Cancelling all calls",
)  # fmt: skip

_BROKE = "the connection to {service} broke {when}"

_BASE_FORMAT = "has invalid format"

_ROWS = (
    _Row(_Code.INVALID_ARGUMENT, "does not belong to the CSI driver", errors.ForeignSnapshot,
         "snapshot {snapshot} is not one of this service's driver",
         "name the driver's own service with --service; kubectl cbt services lists them"),
    _Row(_Code.INVALID_ARGUMENT, _BASE_FORMAT, errors.InvalidRequest, "{service} rejected the request",
         "vSphere's driver takes a base's change id, not its handle: the annotation csi.vsphere.volume/change-id of the"
         " base VolumeSnapshot,\nor, when that object was deleted, the backup's own record of it:"
         " kubectl cbt delta --base-handle CHANGE-ID {name} -n {namespace}"),
    _Row(_Code.INVALID_ARGUMENT, "", errors.InvalidRequest, "{service} rejected the request"),
    _Row(_Code.UNAUTHENTICATED, "unauthenticated user", errors.Unauthenticated,
         "{service} rejected the token", _REJECTION),
    _Row(_Code.PERMISSION_DENIED, "user does not have permissions", errors.PermissionDenied,
         "the token's user may not get volumesnapshots in namespace {namespace}", _PERMISSION),
    # As newer sidecars word it; older ones answer UNAVAILABLE, below.
    _Row(_Code.NOT_FOUND, "VolumeSnapshot not found", errors.SnapshotNotFound,
         "{service} cannot get the VolumeSnapshot",
         "is it of the cluster the service runs in? kubectl get volumesnapshot {name} -n {namespace}"),
    _Row(_Code.NOT_FOUND, "", errors.DriverSnapshotNotFound,
         "the driver does not know the snapshot it was asked about ({question})",
         "it may have been deleted in the storage system; a base has to exist there still"),
    _Row(_Code.FAILED_PRECONDITION, "", errors.CbtNotEnabled,
         "the driver has no change tracking for this ({question})",
         "take a full backup: kubectl cbt allocated {name} -n {namespace}"),
    _Row(_Code.OUT_OF_RANGE, "", errors.OffsetOutOfRange,
         "starting offset {offset} is beyond the volume",
         "offsets run from 0 to the volume's capacity"),
    _Row(_Code.DEADLINE_EXCEEDED, "", errors.StreamDeadline,
         "the stream outlived the sidecar's limit",
         "the sidecar's --max-streaming-duration-min is 10 minutes unless set otherwise"),
    # From this process's own gRPC; the sidecar's, which is Go's, has another beginning.
    _Row(_Code.RESOURCE_EXHAUSTED, "CLIENT: Received message larger than max", errors.MessageTooLarge,
         "a message of {service} is larger than --max-message-size",
         "--max-results N asks for smaller messages; --max-message-size SIZE takes larger ones (64Mi unless given)"),
    _Row(_Code.RESOURCE_EXHAUSTED, "grpc: received message larger than max", errors.DriverFailed,
         "a message of the driver is larger than {service} takes",
         "--max-results N asks the driver for smaller messages"),
    _Row(_Code.INTERNAL, "Compression algorithm", errors.MalformedMessage,
         "{service} compresses its messages, and kubectl-cbt takes only uncompressed ones"),
    _Row(_Code.INTERNAL, "failed to authenticate user", errors.SidecarMisconfigured,
         "{service} may not review tokens",
         "the sidecar's ServiceAccount needs create on tokenreviews.authentication.k8s.io"),
    _Row(_Code.INTERNAL, "failed to authorize the user", errors.SidecarMisconfigured,
         "{service} may not review access",
         "the sidecar's ServiceAccount needs create on subjectaccessreviews.authorization.k8s.io"),
    _Row(_Code.INTERNAL, "failed to find the SnapshotMetadataService CR", errors.SidecarMisconfigured,
         "the sidecar finds no SnapshotMetadataService named as its driver",
         "the object has to be named exactly as the driver names itself; kubectl cbt services lists them"),
    _Row(_Code.UNAVAILABLE, "is forbidden", errors.SidecarMisconfigured,
         "the sidecar behind {service} lacks a right", _CLASS_HINT),
    _Row(_Code.UNAVAILABLE, "VolumeSnapshotClass", errors.SidecarMisconfigured,
         "the sidecar behind {service} cannot use the snapshot's class", _CLASS_HINT),
    _Row(_Code.UNAVAILABLE, "failed to get credentials", errors.SidecarMisconfigured,
         "the sidecar behind {service} cannot read the driver's secret", _CLASS_HINT),
    _Row(_Code.UNAVAILABLE, "failed to get VolumeSnapshot", errors.SnapshotNotFound,
         "{service} cannot get the VolumeSnapshot",
         "is it of the cluster the service runs in? kubectl get volumesnapshot {name} -n {namespace}"),
    _Row(_Code.UNAVAILABLE, "not yet ready", errors.ServiceNotReady,
         "{service} is not ready", "try again in a moment"),
    _Row(_Code.UNAVAILABLE, "is not set in", errors.SnapshotNotFound,
         "{service} finds the snapshot unbound or without a handle",
         "see what it lacks: kubectl describe volumesnapshot {name} -n {namespace}"),
    # The channel trusts the one certificate that was verified just before, and so this is about another one.
    _Row(_Code.UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED", errors.TlsFailed,
         "{service} at {address} shows another certificate at each connection",
         "is the certificate being replaced, or do several servers with certificates of their own answer there?"
         " kubectl get endpointslices -A | grep -i snapshot-metadata"),
    _Row(_Code.UNAVAILABLE, "Hostname Verification Check failed", errors.TlsFailed,
         "the certificate of {service} at {address} is for another name than {host}", _CERTIFICATE_HINTS["name"]),
    _Row(_Code.UNAVAILABLE, "Peer name", errors.TlsFailed,
         "the certificate of {service} at {address} is for another name than {host}", _CERTIFICATE_HINTS["name"]),
    _Row(_Code.UNAVAILABLE, "WRONG_VERSION_NUMBER", errors.TlsFailed,
         "what answers at {address} does not speak TLS", "is it the sidecar's port? kubectl cbt services"),
    _Row(_Code.UNAVAILABLE, "Handshake read failed", errors.ServiceUnreachable,
         "what answers at {address} goes silent before TLS is set up",
         "is it the sidecar's port, and does nothing in between drop the connection? kubectl cbt services"),
    _Row(_Code.UNAVAILABLE, "handshake", errors.TlsFailed,
         "no TLS connection to {service} at {address}", _TLS_HINT),
    _Row(_Code.UNAVAILABLE, "DNS resolution failed", errors.ServiceUnreachable,
         "the address {address} of {service} does not resolve here",
         "a Service's name resolves only inside the cluster: --connect port-forward reaches it from outside"),
    _Row(_Code.UNAVAILABLE, "errors resolving", errors.ServiceUnreachable,
         "the address {address} of {service} does not resolve here",
         "a Service's name resolves only inside the cluster: --connect port-forward reaches it from outside"),
    *(_Row(_Code.UNAVAILABLE, fragment, errors.ServiceUnreachable,
           "{service} at {address} cannot be reached",
           "is it running, and is the address reachable from here? --connect port-forward goes through the API server,"
           " --address elsewhere")
      for fragment in _NOT_CONNECTED),
    *(_Row(_Code.UNAVAILABLE, fragment, errors.StreamCut, _BROKE) for fragment in _DISCONNECTED),
    _Row(_Code.CANCELLED, "", errors.StreamCut, "the stream was cancelled"),
)  # fmt: skip

# A connection that broke does not always come with words.
_UNSPOKEN = {_Code.UNAVAILABLE: "failed to connect"}
_DRIVERS_OWN = _Row(_Code.UNKNOWN, "", errors.DriverFailed, "the driver behind {service} failed")


def stream_error(
    code: grpc.StatusCode,
    details: str,
    query: Query,
    endpoint: Endpoint,
    *,
    messages: int,
    token: Secret | None = None,
) -> errors.StreamError:
    """The error for a stream that ended with ``code`` after ``messages`` messages.

    ``details`` are kept as they came, but for the secrets that the call has shown: they are what an administrator
    will search for.

    Args:
        token: what the call showed; hints name whose it is.
    """
    text = (details or _UNSPOKEN.get(code, "")).lower()
    row = next((row for row in _ROWS if row.code is code and row.fragment.lower() in text), _DRIVERS_OWN)
    kind, what, hint = row.error, row.what, row.hint
    if row.fragment == _BASE_FORMAT and query.base is None:
        hint = ""
    if messages and kind is errors.ServiceUnreachable:
        kind, what, hint = errors.StreamCut, _BROKE, ""
    facts = {
        "service": endpoint.service,
        "address": endpoint.address,
        "host": endpoint.host,
        "namespace": query.snapshot.namespace,
        "name": query.snapshot.name,
        "snapshot": query.snapshot,
        "offset": query.starting_offset,
        "question": _in_words(query),
        "when": f"after {counted(messages, 'message')}" if messages else "before the first message",
    }
    message = what.format(**facts) + (f": {details}" if details else "") + f" ({code.name})"
    return kind(message, code=code.name, details=details, hint=_hint(hint, facts, query, endpoint, token))


def _hint(hint: str, facts: Mapping[str, object], query: Query, endpoint: Endpoint, token: Secret | None) -> str:
    if hint == _PERMISSION:
        return permission_advice(query.snapshot.namespace, token)
    if hint == _REJECTION:
        return rejection_advice(endpoint.audience, token)
    return hint.format(**_quoted(facts))


def shows_another_certificate(error: errors.TlsFailed) -> bool:
    """Whether the connection showed another certificate than the one that was verified for it."""
    return "CERTIFICATE_VERIFY_FAILED" in error.details


def certificate_error(
    rejected: CertificateRejected, endpoint: Endpoint, given_address: str, clock_ahead_seconds: float | None = None
) -> errors.TlsFailed:
    """The error for a served certificate that was refused.

    Args:
        given_address: where the user had us connect instead of the endpoint's own address; empty for that one.
        clock_ahead_seconds: how far this machine's clock is ahead of the API server's; None when that is not known.
    """
    hint = _CERTIFICATE_HINTS[rejected.cause]
    if rejected.cause == "name" and endpoint.tls_server_name:
        hint = _GIVEN_NAME_HINT
    clock = clock_difference(clock_ahead_seconds)
    if clock and rejected.cause in ("dates", "clock"):
        hint = f"{clock}; {SET_CLOCK}\nif the certificate is refused even then, {_NEW_CERTIFICATES}"
    if rejected.cause in ("name", "issuer") and given_address:
        hint = _GIVEN_ADDRESS_HINT + hint
    facts = {
        "service": endpoint.service,
        "host": printable(endpoint.host),
        "address": given_address,
        "own": endpoint.address,
    }
    code = _Code.UNAVAILABLE.name
    return errors.TlsFailed(
        f"the certificate of {endpoint.service} at {endpoint.address} is not trusted: {rejected.reason} ({code})",
        code=code,
        details="",
        hint=hint.format(clock=clock_question(), **_quoted(facts)),
    )


def _quoted(facts: Mapping[str, object]) -> dict[str, str]:
    """For hints, which hold commands."""
    return {name: as_argument(value) for name, value in facts.items()}


def connection_error(error: OSError, query: Query, endpoint: Endpoint) -> errors.StreamError:
    """The error for a connection that failed before gRPC made one, as it is for gRPC's own."""
    return stream_error(_Code.UNAVAILABLE, _details_of(error), query, endpoint, messages=0)


def _details_of(error: OSError) -> str:
    text = printable(error.strerror or str(error))
    if isinstance(error, socket.gaierror):
        return f"DNS resolution failed: {text}"
    if isinstance(error, ssl.SSLEOFError):
        return f"Handshake read failed: {text}"
    if isinstance(error, ssl.SSLError):
        return f"TLS handshake failed: {error.reason or text}"
    if isinstance(error, TimeoutError):
        # Of a port that does not speak, the connection was made: connecting was tried before.
        return f"Handshake read failed: {text}" if "handshake" in text else "Connection timed out"
    return text


def _in_words(query: Query) -> str:
    snapshot = f"target {query.snapshot}" if query.base else f"snapshot {query.snapshot}"
    return f"{snapshot}, base handle {query.base}" if query.base else snapshot
