"""Translate gRPC status codes and texts to our errors; the only place that does.

The sidecar uses few codes for many conditions (UNAVAILABLE alone stands for a snapshot that does not exist, a
class it may not read, a driver that is not ready, and anything gRPC itself could not reach), so a row here is a
code and a fragment of the text, case-insensitive. Rows are tried in order; a row without a fragment matches every text
of its code. What matches no row is the driver's own error.
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
class StatusRow:
    """What a status and a fragment of its text mean; ``docs/troubleshooting.md`` is generated from the rows.

    Attributes:
        what: the message of the error, with the names of :func:`stream_error`'s facts.
        hint: how to fix it, with the same names; or ``PERMISSION_ADVICE`` or ``REJECTION_ADVICE``.
    """

    code: grpc.StatusCode
    fragment: str
    error: type[errors.StreamError]
    what: str
    hint: str = ""


_Code = grpc.StatusCode

PERMISSION_ADVICE, REJECTION_ADVICE = "permission", "rejection"
"""Hints derived from the token's claims, see :mod:`kubectl_cbt.wire.token_advice`."""
_CLASS_HINT = (
    "the sidecar's ServiceAccount needs get and list on volumesnapshotclasses, and get on the secret of the class;\n"
    "upstream's ClusterRole grants neither. Ask the administrator of driver {service}"
)
_NEW_CERTIFICATES = (
    "create new certificates, put them into the secret that the sidecar mounts, and the CA into caCert:\n"
    "kubectl edit snapshotmetadataservice {service}"
)
CERTIFICATE_HINTS: dict[Cause, str] = {
    "issuer": "the CA was replaced, or caCert was wrong from the start. Put the current CA into the object:\n"
    "kubectl edit snapshotmetadataservice {service}",
    "name": "the certificate needs the host of spec.address, {host}, as a subjectAltName:\n"
    + _NEW_CERTIFICATES
    + "\nuntil then, --service-tls-server-name NAME connects with a name that the certificate has",
    "dates": _NEW_CERTIFICATES,
    "clock": "{clock}. If it is, " + _NEW_CERTIFICATES,
    "form": _NEW_CERTIFICATES,
    "": _NEW_CERTIFICATES,
}
_GIVEN_NAME_HINT = "--service-tls-server-name is {host}: omit it, or give a name that the certificate has"
_GIVEN_ADDRESS_HINT = "the connection went to {address}, not to {own}: is --address right?\n"
_TLS_HINT = "is it the sidecar's port, and does anything in between close the connection? kubectl cbt services"

# gRPC's own texts for a connection that failed or broke. Any other text under UNAVAILABLE is the driver's, and a retry
# would return it again.
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

STATUS_ROWS = (
    StatusRow(_Code.INVALID_ARGUMENT, "does not belong to the CSI driver", errors.ForeignSnapshot,
         "snapshot {snapshot} does not belong to this service's driver",
         "name the snapshot's driver with --service; list the services with: kubectl cbt services"),
    StatusRow(_Code.INVALID_ARGUMENT, _BASE_FORMAT, errors.InvalidRequest, "{service} rejected the request",
         "vSphere's driver expects a base's change id, not its handle: the annotation csi.vsphere.volume/change-id of"
         " the base VolumeSnapshot,\nor, when that object was deleted, the id that the backup recorded:"
         " kubectl cbt delta --base-handle CHANGE-ID {name} -n {namespace}"),
    StatusRow(_Code.INVALID_ARGUMENT, "", errors.InvalidRequest, "{service} rejected the request"),
    StatusRow(_Code.UNAUTHENTICATED, "unauthenticated user", errors.Unauthenticated,
         "{service} rejected the token", REJECTION_ADVICE),
    StatusRow(_Code.PERMISSION_DENIED, "user does not have permissions", errors.PermissionDenied,
         "the token's user may not get volumesnapshots in namespace {namespace}", PERMISSION_ADVICE),
    # From newer sidecars; older ones return UNAVAILABLE, below.
    StatusRow(_Code.NOT_FOUND, "VolumeSnapshot not found", errors.SnapshotNotFound,
         "{service} cannot get the VolumeSnapshot",
         "is it in the cluster that the service runs in? kubectl get volumesnapshot {name} -n {namespace}"),
    StatusRow(_Code.NOT_FOUND, "", errors.DriverSnapshotNotFound,
         "the driver does not know the snapshot ({question})",
         "it may have been deleted in the storage system; a base must still exist there"),
    StatusRow(_Code.FAILED_PRECONDITION, "", errors.CbtNotEnabled,
         "the driver has no change tracking for this volume ({question})",
         "take a full backup: kubectl cbt allocated {name} -n {namespace}"),
    StatusRow(_Code.OUT_OF_RANGE, "", errors.OffsetOutOfRange,
         "starting offset {offset} is beyond the volume",
         "offsets run from 0 to the volume's capacity"),
    StatusRow(_Code.DEADLINE_EXCEEDED, "", errors.StreamDeadline,
         "the stream exceeded the sidecar's time limit",
         "it is set by the sidecar's --max-streaming-duration-min (default 10 minutes)"),
    # From this process's own gRPC; the text of the sidecar's, which is Go's, begins differently.
    StatusRow(_Code.RESOURCE_EXHAUSTED, "CLIENT: Received message larger than max", errors.MessageTooLarge,
         "a message of {service} is larger than --max-message-size",
         "--max-results N requests smaller messages; --max-message-size SIZE accepts larger ones (default 64Mi)"),
    StatusRow(_Code.RESOURCE_EXHAUSTED, "grpc: received message larger than max", errors.DriverFailed,
         "a message of the driver is larger than {service} accepts",
         "--max-results N requests smaller messages from the driver"),
    # UNIMPLEMENTED is that of gRPC before 1.85.
    *(StatusRow(code, "Compression algorithm", errors.MalformedMessage,
           "{service} compresses its messages; kubectl-cbt accepts only uncompressed messages")
      for code in (_Code.INTERNAL, _Code.UNIMPLEMENTED)),
    StatusRow(_Code.INTERNAL, "failed to authenticate user", errors.SidecarMisconfigured,
         "{service} may not review tokens",
         "the sidecar's ServiceAccount needs create on tokenreviews.authentication.k8s.io"),
    StatusRow(_Code.INTERNAL, "failed to authorize the user", errors.SidecarMisconfigured,
         "{service} may not review access",
         "the sidecar's ServiceAccount needs create on subjectaccessreviews.authorization.k8s.io"),
    StatusRow(_Code.INTERNAL, "failed to find the SnapshotMetadataService CR", errors.SidecarMisconfigured,
         "the sidecar finds no SnapshotMetadataService with its driver's name",
         "the object must have exactly the name that the driver reports; list them with: kubectl cbt services"),
    StatusRow(_Code.UNAVAILABLE, "is forbidden", errors.SidecarMisconfigured,
         "the sidecar of {service} lacks a permission", _CLASS_HINT),
    StatusRow(_Code.UNAVAILABLE, "VolumeSnapshotClass", errors.SidecarMisconfigured,
         "the sidecar of {service} cannot use the snapshot's class", _CLASS_HINT),
    StatusRow(_Code.UNAVAILABLE, "failed to get credentials", errors.SidecarMisconfigured,
         "the sidecar of {service} cannot read the driver's secret", _CLASS_HINT),
    StatusRow(_Code.UNAVAILABLE, "failed to get VolumeSnapshot", errors.SnapshotNotFound,
         "{service} cannot get the VolumeSnapshot",
         "is it in the cluster that the service runs in? kubectl get volumesnapshot {name} -n {namespace}"),
    StatusRow(_Code.UNAVAILABLE, "not yet ready", errors.ServiceNotReady,
         "{service} is not ready", "try again in a moment"),
    StatusRow(_Code.UNAVAILABLE, "is not set in", errors.SnapshotNotFound,
         "{service} finds the snapshot unbound or without a handle",
         "see its status: kubectl describe volumesnapshot {name} -n {namespace}"),
    # The channel trusts only the certificate that was verified just before, so the server has sent another one.
    StatusRow(_Code.UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED", errors.TlsFailed,
         "{service} at {address} sends a different certificate on each connection",
         "is the certificate being replaced, or do several servers with different certificates share the address?"
         " kubectl get endpointslices -A | grep -i snapshot-metadata"),
    StatusRow(_Code.UNAVAILABLE, "Hostname Verification Check failed", errors.TlsFailed,
         "the certificate of {service} at {address} is not valid for {host}", CERTIFICATE_HINTS["name"]),
    StatusRow(_Code.UNAVAILABLE, "Peer name", errors.TlsFailed,
         "the certificate of {service} at {address} is not valid for {host}", CERTIFICATE_HINTS["name"]),
    StatusRow(_Code.UNAVAILABLE, "WRONG_VERSION_NUMBER", errors.TlsFailed,
         "the server at {address} does not use TLS", "is it the sidecar's port? kubectl cbt services"),
    StatusRow(_Code.UNAVAILABLE, "Handshake read failed", errors.ServiceUnreachable,
         "the server at {address} closed the connection during the TLS handshake",
         "is it the sidecar's port, and does anything in between drop the connection? kubectl cbt services"),
    StatusRow(_Code.UNAVAILABLE, "handshake", errors.TlsFailed,
         "no TLS connection to {service} at {address}", _TLS_HINT),
    StatusRow(_Code.UNAVAILABLE, "DNS resolution failed", errors.ServiceUnreachable,
         "the address {address} of {service} does not resolve here",
         "a Service's name resolves only inside the cluster: use --connect port-forward from outside"),
    StatusRow(_Code.UNAVAILABLE, "errors resolving", errors.ServiceUnreachable,
         "the address {address} of {service} does not resolve here",
         "a Service's name resolves only inside the cluster: use --connect port-forward from outside"),
    *(StatusRow(_Code.UNAVAILABLE, fragment, errors.ServiceUnreachable,
           "{service} at {address} cannot be reached",
           "is it running, and is the address reachable from here? --connect port-forward connects through the API"
           " server, --address to another address")
      for fragment in _NOT_CONNECTED),
    *(StatusRow(_Code.UNAVAILABLE, fragment, errors.StreamCut, _BROKE) for fragment in _DISCONNECTED),
    StatusRow(_Code.CANCELLED, "", errors.StreamCut, "the stream was cancelled"),
)  # fmt: skip

# gRPC does not always give a text.
_WITHOUT_TEXT = {_Code.UNAVAILABLE: "failed to connect"}
_DRIVERS_OWN = StatusRow(_Code.UNKNOWN, "", errors.DriverFailed, "the driver of {service} failed")


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

    ``details`` are kept unchanged, except for secrets of the call: they are what an administrator will search for.

    Args:
        token: the call's token; hints name its user.
    """
    text = (details or _WITHOUT_TEXT.get(code, "")).lower()
    row = next((row for row in STATUS_ROWS if row.code is code and row.fragment.lower() in text), _DRIVERS_OWN)
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
        "question": _described(query),
        "when": f"after {counted(messages, 'message')}" if messages else "before the first message",
    }
    message = what.format(**facts) + (f": {details}" if details else "") + f" ({code.name})"
    return kind(message, code=code.name, details=details, hint=_hint(hint, facts, query, endpoint, token))


def _hint(hint: str, facts: Mapping[str, object], query: Query, endpoint: Endpoint, token: Secret | None) -> str:
    if hint == PERMISSION_ADVICE:
        return permission_advice(query.snapshot.namespace, token)
    if hint == REJECTION_ADVICE:
        return rejection_advice(endpoint.audience, token)
    return hint.format(**_quoted(facts))


def is_changed_certificate(error: errors.TlsFailed) -> bool:
    """Whether the server sent another certificate than the one that was verified for the connection."""
    return "CERTIFICATE_VERIFY_FAILED" in error.details


def certificate_error(
    rejected: CertificateRejected, endpoint: Endpoint, given_address: str, clock_ahead_seconds: float | None = None
) -> errors.TlsFailed:
    """The error for a served certificate that was rejected.

    Args:
        given_address: the user's --address; empty for the endpoint's own address.
        clock_ahead_seconds: how far this machine's clock is ahead of the API server's; None when unknown.
    """
    hint = CERTIFICATE_HINTS[rejected.cause]
    if rejected.cause == "name" and endpoint.tls_server_name:
        hint = _GIVEN_NAME_HINT
    clock = clock_difference(clock_ahead_seconds)
    if clock and rejected.cause in ("dates", "clock"):
        hint = f"{clock}; {SET_CLOCK}\nif the certificate is rejected even then, {_NEW_CERTIFICATES}"
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
    """Quoted for the shell: hints contain commands."""
    return {name: as_argument(value) for name, value in facts.items()}


def connection_error(error: OSError, query: Query, endpoint: Endpoint) -> errors.StreamError:
    """The error for a connection that failed before gRPC opened one, in the words of gRPC's own errors."""
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
        # A silent port accepts the connection: that timeout is the handshake's.
        return f"Handshake read failed: {text}" if "handshake" in text else "Connection timed out"
    return text


def _described(query: Query) -> str:
    snapshot = f"target {query.snapshot}" if query.base else f"snapshot {query.snapshot}"
    return f"{snapshot}, base handle {query.base}" if query.base else snapshot
