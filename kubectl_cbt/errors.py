"""Everything that can go wrong, as one tree.

    CbtError                            what happened, to which object, and what to do about it
    ├── UsageError                      the command line is invalid
    ├── ConfigError                     no kubeconfig, no such context, a failed login
    ├── ApiUnreachable                  the API server cannot be reached, or did not respond in time
    ├── ApiError                        the API server returned an error (kubectl's phrasing)
    │   ├── Unauthorized                401
    │   ├── Forbidden                   403
    │   ├── NotFound                    404 for an object
    │   ├── ResourceTypeMissing         404 for a whole API group: its CRDs are not installed
    │   └── MalformedObject             200, but the object is not of its type
    ├── SnapshotUnusable                a snapshot that cannot, or need not, be queried
    ├── ServiceUnusable                 a SnapshotMetadataService that is missing or cannot be called
    ├── TokenUnavailable                no token is available for the call
    ├── PortForwardFailed               kubectl port-forward did not start, or ended
    ├── EndpointUnusable                --csi-endpoint does not name the socket of a driver
    ├── StreamError                     the stream of extents failed (gRPC code and details kept)
    │   ├── Unauthenticated             16
    │   ├── PermissionDenied            7
    │   ├── InvalidRequest              3
    │   ├── ForeignSnapshot             3   the snapshot belongs to another driver
    │   ├── DriverSnapshotNotFound      5   the driver does not know the handle
    │   ├── CbtNotEnabled               9   take a full backup
    │   ├── OffsetOutOfRange            11
    │   ├── StreamDeadline              4
    │   ├── SnapshotNotFound            14  the sidecar cannot get the VolumeSnapshot
    │   ├── SidecarMisconfigured        13, 14  the sidecar lacks permissions, a class or a secret
    │   ├── ServiceNotReady             14  the driver or the snapshot is not ready yet
    │   ├── TlsFailed                   14  from gRPC itself
    │   ├── ServiceUnreachable          14  from gRPC itself, nothing received yet
    │   ├── StreamCut                   14  from gRPC itself, after the first message
    │   ├── MalformedMessage            a message is not a SnapshotMetadata response
    │   ├── MessageTooLarge             8   a message is larger than --max-message-size
    │   ├── Interrupted                 the user stopped it
    │   └── DriverFailed                any other code: the driver's own
    ├── DocumentError                   a saved document that cannot be read, or is incomplete
    │   └── OutOfOrder                  its extents are out of order, so that it cannot be compared
    ├── DeviceError                     a block device or an image file that cannot be opened or compared
    └── OutputError                     standard output or a file cannot be written

Foreign exceptions are translated at two boundaries only: ``kube/api_errors.py`` for the Kubernetes client,
``wire/status.py`` for gRPC. Never put a secret into an error.

Errors are immutable: an error that was raised, logged and recorded has one text. :meth:`CbtError.with_hint` and
:meth:`CbtError.because` make new ones.

``kind`` is what documents and recordings call an error (``error.type``). It is part of their format: renaming a class
does not change it.
"""

from __future__ import annotations

from typing import ClassVar, Self


class CbtError(Exception):
    """What happened, as one sentence that names the object.

    Attributes:
        kind: name of the error in documents and recordings; each class has its own.
        message: shown to the user after ``prefix``.
        hint: what to do next, possibly several lines with commands or YAML; empty when there is nothing to add.
        prefix: how kubectl would begin the line.
    """

    kind: ClassVar[str] = "CbtError"
    message: str
    hint: str
    prefix: str = "error: "

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self._init(message=message, hint=hint)

    def with_hint(self, hint: str) -> Self:
        """The same error with another hint."""
        return self._with(hint=hint)

    def because(self, reason: str) -> Self:
        """The same error with a clause added to its message."""
        return self._with(message=f"{self.message}; {reason}")

    def _with(self, **changes: str) -> Self:
        values = vars(self) | changes
        changed = type(self).__new__(type(self), values["message"])
        changed._init(**values)
        return changed

    def _init(self, **values: object) -> None:
        vars(self).update(values)

    def __setattr__(self, name: str, value: object) -> None:
        # Python itself sets __traceback__, __context__ and the like.
        if not name.startswith("__"):
            raise AttributeError(f"an error is immutable: {name} cannot be set")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"an error is immutable: {name} cannot be deleted")


def error_kinds() -> dict[str, type[CbtError]]:
    """The classes of errors by kind."""
    found: dict[str, type[CbtError]] = {}
    pending: list[type[CbtError]] = [CbtError]
    while pending:
        error_class = pending.pop()
        found[error_class.kind] = error_class
        pending += error_class.__subclasses__()
    return found


EXCERPT_KIND = "Excerpt"
"""In a document: an excerpt was saved of a range that was not received in full. Never raised."""


class UsageError(CbtError):
    """The command line is invalid."""

    kind = "UsageError"


class ConfigError(CbtError):
    """The kubeconfig, its context or its login cannot be used."""

    kind = "ConfigError"


class ApiUnreachable(CbtError):
    """The API server cannot be reached, or did not respond in time."""

    kind = "ApiUnreachable"


class ApiError(CbtError):
    """The API server returned an error.

    Attributes:
        status: the HTTP status.
        reason: Kubernetes' one-word reason, empty when the body was not a Status object.
    """

    kind = "ApiError"
    status: int
    reason: str

    def __init__(self, message: str, *, status: int, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        prefix = f"Error from server ({reason}): " if reason else f"Error from server (HTTP {status}): "
        self._init(status=status, reason=reason, prefix=prefix)


class Unauthorized(ApiError):
    """401: the API server does not know the caller."""

    kind = "Unauthorized"


class Forbidden(ApiError):
    """403: the caller may not do this."""

    kind = "Forbidden"


class NotFound(ApiError):
    """404 for one object."""

    kind = "NotFound"


class ResourceTypeMissing(ApiError):
    """404 for a whole group or version: the API server does not serve the resource type."""

    kind = "ResourceTypeMissing"

    def __init__(self, message: str, *, status: int = 404, reason: str = "", hint: str = "") -> None:
        super().__init__(message, status=status, reason=reason, hint=hint)
        self._init(prefix="error: ")


class MalformedObject(ApiError):
    """The API server returned an object that is not of its type; the message names object and field."""

    kind = "MalformedObject"

    def __init__(self, message: str, *, status: int = 200, reason: str = "", hint: str = "") -> None:
        super().__init__(message, status=status, reason=reason, hint=hint)
        self._init(prefix="error: ")


class SnapshotUnusable(CbtError):
    """A snapshot, or a pair of snapshots, that cannot or need not be queried.

    Attributes:
        forceable: whether ``--force`` continues anyway.
    """

    kind = "SnapshotUnusable"
    forceable: bool

    def __init__(self, message: str, *, hint: str = "", forceable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self._init(forceable=forceable)


class ServiceUnusable(CbtError):
    """A SnapshotMetadataService that is missing or cannot be called."""

    kind = "ServiceUnusable"


class TokenUnavailable(CbtError):
    """No token is available for the call."""

    kind = "TokenUnavailable"


class PortForwardFailed(CbtError):
    """``kubectl port-forward`` did not start, or ended."""

    kind = "PortForwardFailed"


class EndpointUnusable(CbtError):
    """``--csi-endpoint`` does not name the socket of a driver that serves snapshot metadata."""

    kind = "EndpointUnusable"


class StreamError(CbtError):
    """The stream of extents failed.

    Attributes:
        code: name of the gRPC status code.
        details: the text that came with it, as the sidecar, the driver or gRPC itself wrote it.
    """

    kind = "StreamError"
    code: str
    details: str

    def __init__(self, message: str, *, code: str = "", details: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self._init(code=code, details=details)


class Unauthenticated(StreamError):
    """The sidecar rejected the token."""

    kind = "Unauthenticated"


class PermissionDenied(StreamError):
    """The token's user may not get volumesnapshots in the namespace."""

    kind = "PermissionDenied"


class InvalidRequest(StreamError):
    """The sidecar or the driver rejected an argument."""

    kind = "InvalidRequest"


class ForeignSnapshot(StreamError):
    """The snapshot belongs to a driver other than the sidecar's."""

    kind = "ForeignSnapshot"


class DriverSnapshotNotFound(StreamError):
    """The driver does not know a snapshot handle."""

    kind = "DriverSnapshotNotFound"


class CbtNotEnabled(StreamError):
    """The driver has no change tracking for the volume: take a full backup."""

    kind = "CbtNotEnabled"


class OffsetOutOfRange(StreamError):
    """The starting offset is negative or beyond the volume."""

    kind = "OffsetOutOfRange"


class StreamDeadline(StreamError):
    """The stream took longer than the sidecar allows."""

    kind = "StreamDeadline"


class SnapshotNotFound(StreamError):
    """The sidecar cannot get the VolumeSnapshot."""

    kind = "SnapshotNotFound"


class SidecarMisconfigured(StreamError):
    """The sidecar lacks permissions, a class or a secret."""

    kind = "SidecarMisconfigured"


class ServiceNotReady(StreamError):
    """The driver or the snapshot is not ready yet."""

    kind = "ServiceNotReady"


class TlsFailed(StreamError):
    """The service's certificate was rejected."""

    kind = "TlsFailed"


class ServiceUnreachable(StreamError):
    """No connection to the service could be made."""

    kind = "ServiceUnreachable"


class StreamCut(StreamError):
    """The connection broke after the stream had started."""

    kind = "StreamCut"


class MalformedMessage(StreamError):
    """A message is not a SnapshotMetadata response."""

    kind = "MalformedMessage"


class MessageTooLarge(StreamError):
    """A response message is larger than ``--max-message-size`` allows."""

    kind = "MessageTooLarge"


class Interrupted(StreamError):
    """The user stopped the stream."""

    kind = "Interrupted"


class DriverFailed(StreamError):
    """The driver returned an error of its own."""

    kind = "DriverFailed"


class DocumentError(CbtError):
    """A saved document that cannot be read, or is incomplete."""

    kind = "DocumentError"


class OutOfOrder(DocumentError):
    """Extents of a list overlap, are not ascending, or are negative: what it covers is unknown."""

    kind = "OutOfOrder"


class DeviceError(CbtError):
    """A block device or an image file that cannot be opened or compared."""

    kind = "DeviceError"


class OutputError(CbtError):
    """Standard output or a file cannot be written."""

    kind = "OutputError"
