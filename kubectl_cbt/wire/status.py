"""gRPC status codes and texts to our errors: the one place that knows them.

The sidecar uses few codes for many conditions (UNAVAILABLE alone stands for a snapshot that does not exist, a
class it may not read, a driver that is not ready, and whatever gRPC itself could not reach), so a row here is a
code and a fragment of the text, upper and lower case alike. Rows are tried in order; a row without fragment fits
every text of its code. What fits none is the driver's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from kubectl_cbt import errors
from kubectl_cbt.model.question import Question
from kubectl_cbt.model.target import Endpoint
from kubectl_cbt.units import as_argument, counted


@dataclass(frozen=True, slots=True)
class _Row:
    code: grpc.StatusCode
    fragment: str
    error: type[errors.StreamError]
    what: str
    hint: str = ""


_Code = grpc.StatusCode

_RBAC_HINT = (
    "its owner has to grant it: kubectl create role cbt --verb=get"
    " --resource=volumesnapshots.snapshot.storage.k8s.io -n {namespace}\n"
    "and bind it: kubectl create rolebinding cbt --role=cbt --serviceaccount=NAMESPACE:NAME -n {namespace}\n"
    "(a Role limited by resourceNames never passes: the sidecar asks without a name)"
)
_CLASS_HINT = (
    "the sidecar's ServiceAccount needs to get and list volumesnapshotclasses, and to get the secret the class names;\n"
    "upstream's ClusterRole grants neither. Ask whoever runs driver {service}"
)
_TLS_HINT = (
    "the certificate has to be signed by spec.caCert of SnapshotMetadataService {service}"
    " and to carry the name {host}:\n"
    "kubectl cbt services    shows when caCert expires"
)

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

_ROWS = (
    _Row(_Code.INVALID_ARGUMENT, "does not belong to the CSI driver", errors.ForeignSnapshot,
         "snapshot {snapshot} is not one of this service's driver",
         "name the driver's own service with --service; kubectl cbt services lists them"),
    _Row(_Code.INVALID_ARGUMENT, "", errors.InvalidRequest, "{service} rejected the request"),
    _Row(_Code.UNAUTHENTICATED, "unauthenticated user", errors.Unauthenticated,
         "{service} rejected the token",
         "it is expired, or for another audience than {audience}; without --token-file a fresh one is asked for"),
    _Row(_Code.PERMISSION_DENIED, "user does not have permissions", errors.PermissionDenied,
         "the token's user may not get volumesnapshots in namespace {namespace}", _RBAC_HINT),
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
    _Row(_Code.UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED: certificate has expired", errors.TlsFailed,
         "the certificate of {service} at {address} has expired", _TLS_HINT),
    _Row(_Code.UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED", errors.TlsFailed,
         "the certificate of {service} at {address} is not signed by its caCert", _TLS_HINT),
    _Row(_Code.UNAVAILABLE, "Hostname Verification Check failed", errors.TlsFailed,
         "the certificate of {service} at {address} is for another name than {host}", _TLS_HINT),
    _Row(_Code.UNAVAILABLE, "Peer name", errors.TlsFailed,
         "the certificate of {service} at {address} is for another name than {host}", _TLS_HINT),
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
    code: grpc.StatusCode, details: str, question: Question, endpoint: Endpoint, *, messages: int
) -> errors.StreamError:
    """The error for a stream that ended with ``code`` after ``messages`` messages.

    ``details`` are kept as they came: the sidecar and drivers write no token into them (verified), and they are
    what an administrator will search for.
    """
    text = (details or _UNSPOKEN.get(code, "")).lower()
    row = next((row for row in _ROWS if row.code is code and row.fragment.lower() in text), _DRIVERS_OWN)
    kind, what, hint = row.error, row.what, row.hint
    if messages and kind is errors.ServiceUnreachable:
        kind, what, hint = errors.StreamCut, _BROKE, ""
    facts = {
        "service": endpoint.service,
        "address": endpoint.address,
        "audience": endpoint.audience,
        "host": endpoint.host,
        "namespace": question.snapshot.namespace,
        "name": question.snapshot.name,
        "snapshot": question.snapshot,
        "offset": question.starting_offset,
        "question": _in_words(question),
        "when": f"after {counted(messages, 'message')}" if messages else "before the first message",
    }
    message = what.format(**facts) + (f": {details}" if details else "") + f" ({code.name})"
    return kind(message, code=code.name, details=details, hint=hint.format(**_quoted(facts)))


_SELF_SIGNED = ("self signed certificate", "self-signed certificate")


def looks_self_signed(error: errors.TlsFailed) -> bool:
    """Whether BoringSSL took the served certificate for one that signed itself.

    It says so of every certificate whose subject is its issuer and that names no issuer's key, also of one that a CA
    of the same name has signed. Go's clients look for that CA.
    """
    return "CERTIFICATE_VERIFY_FAILED" in error.details and any(text in error.details for text in _SELF_SIGNED)


def not_vouched_error(error: errors.TlsFailed, reason: str, endpoint: Endpoint) -> errors.TlsFailed:
    """The error for such a certificate that was looked at more closely, and found wanting."""
    facts = {"service": endpoint.service, "host": endpoint.host}
    return errors.TlsFailed(
        f"the certificate of {endpoint.service} at {endpoint.address} is not to be trusted: {reason} ({error.code})",
        code=error.code,
        details=error.details,
        hint=_TLS_HINT.format(**_quoted(facts)),
    )


def _quoted(facts: Mapping[str, object]) -> dict[str, str]:
    """For hints, which hold commands."""
    return {name: as_argument(value) for name, value in facts.items()}


def _in_words(question: Question) -> str:
    snapshot = f"target {question.snapshot}" if question.base else f"snapshot {question.snapshot}"
    return f"{snapshot}, base handle {question.base}" if question.base else snapshot
