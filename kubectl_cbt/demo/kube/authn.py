"""Authentication: the user of a token or client certificate, or the user that it impersonates."""

from __future__ import annotations

from http.client import HTTPMessage
from urllib.parse import unquote

from kubectl_cbt.demo.kube.https_server import HttpRequest
from kubectl_cbt.demo.kube.identity import API_AUDIENCE, AUTHENTICATED, Identity, Request, User, groups_of
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.status_objects import PlainError, forbidden, unauthorized
from kubectl_cbt.model.refs import ServiceAccountRef

_EXTRA = "impersonate-extra-"


def authenticate(identity: Identity, call: HttpRequest) -> User:
    """Return a request's user: the impersonated one, if any.

    Raises:
        StatusError: 401 without valid credentials, 403 when impersonation is not allowed.
        PlainError: 500 for groups, a uid or extras without a user to impersonate, as in a real API server.
    """
    user = _login(identity, call)
    wanted = _impersonated(call)
    if wanted is None:
        return user
    for request in _required_access(wanted, _own_groups(call.headers)):
        if not identity.allows(user.name, request, user.groups):
            raise forbidden(user, request)
    return wanted


def _login(identity: Identity, call: HttpRequest) -> User:
    if call.certificate and "Authorization" not in call.headers:
        return _certificate_user(call.certificate)
    token = call.headers.get("Authorization", "").removeprefix("Bearer ")
    user = identity.review(token, [API_AUDIENCE])
    if user is None:
        raise unauthorized()
    return user


def _certificate_user(certificate: Object) -> User:
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    names = [value for kind, value in subject if kind == "commonName"]
    groups = [value for kind, value in subject if kind == "organizationName"]
    if not names:
        raise unauthorized()
    return User(names[-1], "", (*groups, AUTHENTICATED))


def _own_groups(headers: HTTPMessage) -> tuple[str, ...]:
    return tuple(headers.get_all("Impersonate-Group", []))


def _impersonated(call: HttpRequest) -> User | None:
    headers = call.headers
    name, uid = headers.get("Impersonate-User", ""), headers.get("Impersonate-Uid", "")
    groups, extra = _own_groups(headers), _extra(headers)
    if not name:
        if groups or uid or extra:
            raise _missing_user(call, groups, uid, extra)
        return None
    # Explicit groups replace a ServiceAccount's own groups.
    groups = groups or groups_of(name)
    return User(name, uid, tuple(dict.fromkeys((*groups, AUTHENTICATED))), extra)


def _extra(headers: HTTPMessage) -> dict[str, tuple[str, ...]]:
    keys = dict.fromkeys(key.lower() for key in headers if key.lower().startswith(_EXTRA))
    return {unquote(key.removeprefix(_EXTRA)): tuple(headers.get_all(key, [])) for key in keys}


def _required_access(wanted: User, groups: tuple[str, ...]) -> list[Request]:
    """Return the access that impersonation requires, in a real API server's order."""
    account = ServiceAccountRef.of_user(wanted.name)
    if account:
        needed = [Request("impersonate", "", "serviceaccounts", account.namespace, account.name)]
    else:
        needed = [Request("impersonate", "", "users", None, wanted.name)]
    needed += [Request("impersonate", "", "groups", None, group) for group in groups]
    for key, values in wanted.extra.items():
        needed += [_authentication(f"userextras/{key}", value) for value in values]
    return needed + ([_authentication("uids", wanted.uid)] if wanted.uid else [])


def _authentication(resource: str, name: str) -> Request:
    return Request("impersonate", "authentication.k8s.io", resource, None, name)


def _missing_user(
    call: HttpRequest, groups: tuple[str, ...], uid: str, extra: dict[str, tuple[str, ...]]
) -> PlainError:
    headers = [("Group", group) for group in groups]
    headers += [("UserExtra", value) for values in extra.values() for value in values]
    headers += [("UID", uid)] if uid else []
    shown = " ".join(f"{{{kind}  {name}    }}" for kind, name in headers)
    what = f"requested [{shown}] without impersonating a user"
    return PlainError(500, f'Internal Server Error: "{call.url.geturl()}": {what}\n')
