"""Error responses, worded as in a real API server."""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_cbt.demo.kube.identity import Request, User
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.resource_type import ResourceType


class StatusError(Exception):
    """A response with a Status object."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.document: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": code,
        }
        if details:
            self.document["details"] = details


class PlainError(Exception):
    """A response in plain text, as from a real API server for non-resource paths."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def page_not_found() -> PlainError:
    """An invalid path, or a group or version that is not served."""
    return PlainError(404, "404 page not found\n")


def bad_request(message: str) -> StatusError:
    """An invalid request."""
    return StatusError(400, "BadRequest", message)


def unsupported_media_type(accepted: Iterable[str]) -> StatusError:
    """A body with an unsupported media type."""
    listed = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return StatusError(415, "UnsupportedMediaType", message)


def body_too_large(limit_bytes: int) -> StatusError:
    """A body that is too large to read."""
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit_bytes}")


def unauthorized() -> StatusError:
    """Missing or invalid credentials."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(user: User, request: Request) -> StatusError:
    """A request that the user is not allowed to make."""
    plural = request.resource.partition("/")[0]
    qualified = f"{plural}.{request.group}" if request.group else plural
    quoted = f' "{request.name}"' if request.name else ""
    where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    details = {"kind": plural}
    details |= {"name": request.name} if request.name else {}
    details |= {"group": request.group} if request.group else {}
    return StatusError(
        403,
        "Forbidden",
        f'{qualified}{quoted} is forbidden: User "{user.name}" cannot {request.verb} resource "{request.resource}"'
        f' in API group "{request.group}" {where}',
        details,
    )


def not_found(resource: ResourceType, name: str) -> StatusError:
    """An object that does not exist."""
    return StatusError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def already_exists(resource: ResourceType, name: str) -> StatusError:
    """A create request for an object that exists."""
    message = f'{resource.qualified} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: ResourceType, name: str) -> StatusError:
    """An update of a version that is not the current one."""
    message = (
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return StatusError(409, "Conflict", message, _details(resource, name))


def name_required(resource: ResourceType) -> StatusError:
    """An object without a name."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    what = "Required value: name or generateName is required"
    cause = {"reason": "FieldValueRequired", "message": what, "field": "metadata.name"}
    details = {"kind": resource.kind, "causes": [cause]} | ({"group": resource.group} if resource.group else {})
    return StatusError(422, "Invalid", f'{kind} "" is invalid: metadata.name: {what}', details)


def method_not_allowed() -> StatusError:
    """A method that the resource does not support."""
    return StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def read_only(plural: str) -> StatusError:
    """A create request for a kind that is read-only in the demo."""
    return StatusError(405, "MethodNotAllowed", f"{plural} of the demo cluster are read-only")


def too_old(version: int, oldest: int) -> StatusError:
    """A watch that starts before the log of changes."""
    return StatusError(410, "Expired", f"too old resource version: {version} ({oldest})")


def continue_expired() -> StatusError:
    """The next page of a list whose version is no longer known."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter."
    )
    return StatusError(410, "Expired", message)


def no_kubelet() -> StatusError:
    """A port-forward, which the demo cannot serve because it has no nodes."""
    message = "error dialing backend: the demo cluster has no kubelet to forward to"
    return StatusError(500, "InternalError", message)


def token_too_short(seconds: int) -> StatusError:
    """A token that expires in less than 600 seconds."""
    return _bad_duration(f"Invalid value: {seconds}: may not specify a duration less than 10 minutes")


def token_too_long(seconds: int) -> StatusError:
    """A token that expires in more than 2^32 seconds."""
    return _bad_duration(f"Too long: may not be more than 4294967296 seconds, and is {seconds}")


def _bad_duration(what: str) -> StatusError:
    return StatusError(
        422,
        "Invalid",
        f'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: {what}',
        {
            "group": "authentication.k8s.io",
            "kind": "TokenRequest",
            "causes": [{"reason": "FieldValueInvalid", "message": what, "field": "spec.expirationSeconds"}],
        },
    )


def _details(resource: ResourceType, name: str) -> Object:
    return {"name": name, **({"group": resource.group} if resource.group else {}), "kind": resource.plural}
