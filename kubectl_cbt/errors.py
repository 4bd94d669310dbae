"""Everything that can go wrong, as one tree.

    CbtError                            what happened, to which object, and what to do about it
    ├── UsageError                      the command line asks for something that makes no sense
    ├── ConfigError                     no kubeconfig, no such context, a login that failed
    ├── ApiUnreachable                  the API server cannot be reached, or did not answer in time
    ├── ApiError                        the API server answered with an error (kubectl's phrasing)
    │   ├── Unauthorized                401
    │   ├── Forbidden                   403
    │   ├── NotFound                    404 for an object
    │   ├── ResourceTypeMissing         404 for a whole API group: its CRDs are not installed
    │   └── MalformedObject             200, and what came is not the object of the contract
    ├── SnapshotUnusable                a snapshot that may not, or need not, be asked about
    ├── ServiceUnusable                 a SnapshotMetadataService that cannot be called as it stands
    ├── TokenUnavailable                no token can be had for the call
    ├── PortForwardFailed               kubectl port-forward did not start, or ended
    ├── EndpointUnusable                what --csi-endpoint names is no driver's socket
    ├── StreamError                     the stream of extents failed (gRPC code and details kept)
    │   ├── Unauthenticated             16
    │   ├── PermissionDenied            7
    │   ├── InvalidRequest              3
    │   ├── ForeignSnapshot             3   the snapshot is another driver's
    │   ├── DriverSnapshotNotFound      5   the driver does not know the handle
    │   ├── CbtNotEnabled               9   take a full backup
    │   ├── OffsetOutOfRange            11
    │   ├── StreamDeadline              4
    │   ├── SnapshotNotFound            14  the sidecar cannot get the VolumeSnapshot
    │   ├── SidecarMisconfigured        13, 14  rights, classes or secrets the sidecar lacks
    │   ├── ServiceNotReady             14  driver or snapshot not ready yet
    │   ├── TlsFailed                   14  from gRPC itself
    │   ├── ServiceUnreachable          14  from gRPC itself, nothing received yet
    │   ├── StreamCut                   14  from gRPC itself, in the middle
    │   ├── MalformedMessage            what came is not the message of the contract
    │   ├── MessageTooLarge             8   a message is larger than --max-message-size
    │   ├── Interrupted                 the user stopped it
    │   └── DriverFailed                any other code: the driver's own
    ├── DocumentError                   a saved document that cannot be read, or holds less than it says
    └── OutputError                     standard output or a file cannot be written

Foreign exceptions are translated at two boundaries only: ``kube/api_errors.py`` for the Kubernetes client,
``wire/status.py`` for gRPC. Nothing secret may ever be put into an error.
"""

from __future__ import annotations


class CbtError(Exception):
    """What happened, as one sentence that names the object.

    Attributes:
        message: shown to the user behind ``prefix``.
        hint: what to do next, possibly several lines with commands or YAML; empty when there is nothing to add.
        prefix: how kubectl would begin the line.
    """

    prefix = "error: "

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CbtError):
    """The command line asks for something that makes no sense."""


class ConfigError(CbtError):
    """The kubeconfig, its context or its login cannot be used."""


class ApiUnreachable(CbtError):
    """The API server cannot be reached, or did not answer in time."""


class ApiError(CbtError):
    """The API server answered with an error.

    Attributes:
        status: the HTTP status.
        reason: Kubernetes' one-word reason, empty when the body was not a Status object.
    """

    def __init__(self, message: str, *, status: int, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason
        self.prefix = f"Error from server ({reason}): " if reason else f"Error from server (HTTP {status}): "


class Unauthorized(ApiError):
    """401: the API server does not know the caller."""


class Forbidden(ApiError):
    """403: the caller may not do this."""


class NotFound(ApiError):
    """404 for one object."""


class ResourceTypeMissing(ApiError):
    """404 for a whole group or version: the API server does not serve the resource type."""


class MalformedObject(ApiError):
    """The API server answered with an object that is not of its type; the message names object and field."""

    def __init__(self, message: str, *, status: int = 200, reason: str = "", hint: str = "") -> None:
        super().__init__(message, status=status, reason=reason, hint=hint)
        self.prefix = "error: "


class SnapshotUnusable(CbtError):
    """A snapshot, or a pair of them, that may not or need not be asked about.

    Attributes:
        forceable: whether ``--force`` may go on regardless.
    """

    def __init__(self, message: str, *, hint: str = "", forceable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.forceable = forceable


class ServiceUnusable(CbtError):
    """A SnapshotMetadataService that is missing or cannot be called as it stands."""


class TokenUnavailable(CbtError):
    """No token can be had for the call."""


class PortForwardFailed(CbtError):
    """``kubectl port-forward`` did not start, or ended."""


class EndpointUnusable(CbtError):
    """What ``--csi-endpoint`` names is no driver's socket, or not of one that offers snapshot metadata."""


class StreamError(CbtError):
    """The stream of extents failed.

    Attributes:
        code: name of the gRPC status code.
        details: the text that came with it, as the sidecar, the driver or gRPC itself wrote it.
    """

    def __init__(self, message: str, *, code: str = "", details: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.details = details


class Unauthenticated(StreamError):
    """The sidecar rejected the token."""


class PermissionDenied(StreamError):
    """The token's user may not get volumesnapshots in the namespace."""


class InvalidRequest(StreamError):
    """The sidecar or the driver rejected an argument."""


class ForeignSnapshot(StreamError):
    """The snapshot is another driver's than the sidecar's."""


class DriverSnapshotNotFound(StreamError):
    """The driver does not know a snapshot handle."""


class CbtNotEnabled(StreamError):
    """The driver has no change tracking for the volume: take a full backup."""


class OffsetOutOfRange(StreamError):
    """The starting offset is negative or beyond the volume."""


class StreamDeadline(StreamError):
    """The stream lived longer than the sidecar allows."""


class SnapshotNotFound(StreamError):
    """The sidecar cannot get the VolumeSnapshot."""


class SidecarMisconfigured(StreamError):
    """The sidecar lacks rights, a class or a secret."""


class ServiceNotReady(StreamError):
    """The driver or the snapshot is not ready yet."""


class TlsFailed(StreamError):
    """The service's certificate was not accepted."""


class ServiceUnreachable(StreamError):
    """No connection to the service could be made."""


class StreamCut(StreamError):
    """The connection broke after the stream had begun."""


class MalformedMessage(StreamError):
    """What came is not the message of the contract."""


class MessageTooLarge(StreamError):
    """A response message is larger than ``--max-message-size`` allows."""


class Interrupted(StreamError):
    """The user stopped the stream."""


class DriverFailed(StreamError):
    """The driver answered with an error of its own."""


class DocumentError(CbtError):
    """A saved document that cannot be read, or holds less than it says."""


class OutputError(CbtError):
    """Standard output or a file cannot be written."""
