"""Requests that create nothing: ServiceAccount tokens, and reviews of identity and access."""

from __future__ import annotations

from datetime import UTC, datetime

from kubectl_cbt.demo.kube.identity import API_AUDIENCE, Identity, Request, User
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.object_store import Store
from kubectl_cbt.demo.kube.status_objects import StatusError, bad_request, token_too_long, token_too_short
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.units import utc_time

_MIN_TOKEN_SECONDS, _MAX_TOKEN_SECONDS = 600, 2**32
_BOUND = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
"""Kinds that a token can be bound to, with their resources; the demo has no Secrets or Nodes."""


class Reviews:
    """Handles POST requests that store nothing."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store = store
        self._identity = identity
        self._answers = {
            "serviceaccounts/token": self._token,
            "tokenreviews": self._token_review,
            "selfsubjectreviews": self._self_subject_review,
            "selfsubjectaccessreviews": self._access_review,
            "subjectaccessreviews": self._access_review,
            "selfsubjectrulesreviews": self._rules_review,
        }

    def handles(self, resource: str) -> bool:
        """Return whether this handles a POST to a resource."""
        return resource in self._answers

    def answer(self, user: User, request: Request, body: Object) -> Object:
        """Return the response document for a POST to a resource that this handles.

        Raises:
            StatusError: a token cannot be issued, or a review has no subject.
        """
        return self._answers[request.resource](user, request, body)

    def _token(self, user: User, request: Request, body: Object) -> Object:
        account = ServiceAccountRef(request.namespace or "", request.name)
        found = self._store.get("serviceaccounts", account.name, account.namespace)
        if found is None:
            details = {"name": account.name, "kind": "serviceaccounts"}
            raise StatusError(404, "NotFound", f'serviceaccounts "{account.name}" not found', details)
        spec = body.get("spec") or {}
        seconds = spec.get("expirationSeconds") or 3600
        if seconds < _MIN_TOKEN_SECONDS:
            raise token_too_short(seconds)
        if seconds > _MAX_TOKEN_SECONDS:
            raise token_too_long(seconds)
        audiences = spec.get("audiences") or [API_AUDIENCE]
        bound = spec.get("boundObjectRef")
        claims = self._bound(account, bound) if bound else {}
        token, expires = self._identity.issue(account, audiences, seconds, claims)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": account.name,
                "namespace": account.namespace,
                "uid": found["metadata"]["uid"],
                "creationTimestamp": utc_time(datetime.now(UTC)),
            },
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound},
            "status": {"token": token, "expirationTimestamp": utc_time(datetime.fromtimestamp(expires, UTC))},
        }

    def _bound(self, account: ServiceAccountRef, reference: Object) -> Object:
        """Return the claims for the object that a token is bound to."""
        kind, name, wanted = (reference.get(key) or "" for key in ("kind", "name", "uid"))
        version, plural = reference.get("apiVersion") or "v1", _BOUND.get(kind, "")
        if version != "v1" or not plural:
            what = f"{version}, Kind={kind}"
            raise bad_request(f'cannot bind token for serviceaccount "{account.name}" to type "{what}"')
        found = self._store.get(plural, name, None if kind == "Node" else account.namespace)
        if found is None:
            raise StatusError(404, "NotFound", f'{plural} "{name}" not found', {"name": name, "kind": plural})
        uid = found["metadata"]["uid"]
        if wanted not in ("", uid):
            why = f"the UID in the bound object reference ({wanted}) does not match the UID in record"
            what = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
            raise StatusError(409, "Conflict", what, {"name": name, "kind": kind})
        return {kind.lower(): {"name": name, "uid": uid}}

    def _token_review(self, user: User, request: Request, body: Object) -> Object:
        spec = body.get("spec") or {}
        audiences = spec.get("audiences") or [API_AUDIENCE]
        found = self._identity.review(spec.get("token") or "", audiences)
        status: Object = {"user": {}, "error": "invalid bearer token"}
        if found:
            status = {"authenticated": True, "user": _user_info(found), "audiences": audiences}
        return {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "status": status}

    def _self_subject_review(self, user: User, request: Request, body: Object) -> Object:
        return {
            "kind": "SelfSubjectReview",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": utc_time(datetime.now(UTC))},
            "status": {"userInfo": _user_info(user)},
        }

    def _access_review(self, user: User, request: Request, body: Object) -> Object:
        spec = body.get("spec") or {}
        about_self = request.resource.startswith("self")
        name, groups = spec.get("user") or "", spec.get("groups")
        if about_self:
            name, groups = user.name, user.groups
        path = spec.get("nonResourceAttributes")
        if (path is None) is (spec.get("resourceAttributes") is None):
            raise bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
        if not name and not groups:
            raise bad_request("at least one of user or group must be specified")
        if path is None:
            allowed = self._identity.allows(name, _requested_access(spec), groups)
        else:
            allowed = self._identity.allows_path(name, path.get("verb") or "", path.get("path") or "", groups)
        return {
            "kind": "SelfSubjectAccessReview" if about_self else "SubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": spec,
            "status": {"allowed": allowed},
        }

    def _rules_review(self, user: User, request: Request, body: Object) -> Object:
        spec = body.get("spec") or {}
        namespace = spec.get("namespace") or ""
        if not namespace:
            raise bad_request("no namespace on request")
        rules = self._identity.rules(user.name, namespace, user.groups)
        return {
            "kind": "SelfSubjectRulesReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": spec,
            "status": {
                "resourceRules": [rule for rule in rules if rule.get("resources")],
                "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
                "incomplete": False,
            },
        }


def _requested_access(spec: Object) -> Request:
    attributes = spec.get("resourceAttributes") or {}
    resource = "/".join(part for part in (attributes.get("resource"), attributes.get("subresource")) if part)
    return Request(
        attributes.get("verb") or "",
        attributes.get("group") or "",
        resource,
        attributes.get("namespace") or None,
        attributes.get("name") or "",
    )


def _user_info(user: User) -> Object:
    return {
        "username": user.name,
        **({"uid": user.uid} if user.uid else {}),
        "groups": list(user.groups),
        **({"extra": {key: list(values) for key, values in user.extra.items()}} if user.extra else {}),
    }
