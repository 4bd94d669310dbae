"""What is created and not kept: tokens of ServiceAccounts, and answers about who somebody is and what they may do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kubectl_cbt.demo.identity import API_AUDIENCE, Identity, Request, User
from kubectl_cbt.demo.statuses import StatusError, token_too_short
from kubectl_cbt.demo.store import Store
from kubectl_cbt.model.refs import ServiceAccountRef

Object = dict[str, Any]

_MIN_TOKEN_SECONDS = 600


class Reviews:
    """Answers to POSTs that leave nothing behind."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store = store
        self._identity = identity
        self._answers = {
            "serviceaccounts/token": self._token,
            "tokenreviews": self._token_review,
            "selfsubjectreviews": self._self_subject_review,
            "selfsubjectaccessreviews": self._access_review,
            "subjectaccessreviews": self._access_review,
        }

    def answer(self, user: User, request: Request, body: Object) -> Object | None:
        """The document for a POST; None for one to a resource that is none of these.

        Raises:
            StatusError: for a token that cannot be had.
        """
        answers = self._answers.get(request.resource)
        return answers(user, request, body) if answers else None

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
        audiences = spec.get("audiences") or [API_AUDIENCE]
        token, expires = self._identity.issue(account, audiences, seconds)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": account.name,
                "namespace": account.namespace,
                "uid": found["metadata"]["uid"],
                "creationTimestamp": _rfc3339(datetime.now(UTC)),
            },
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": None},
            "status": {"token": token, "expirationTimestamp": _rfc3339(datetime.fromtimestamp(expires, UTC))},
        }

    def _token_review(self, user: User, request: Request, body: Object) -> Object:
        spec = body.get("spec") or {}
        audiences = spec.get("audiences") or [API_AUDIENCE]
        found = self._identity.review(spec.get("token", ""), audiences)
        status: Object = {"user": {}, "error": "invalid bearer token"}
        if found:
            status = {"authenticated": True, "user": _user_info(found), "audiences": audiences}
        return {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "status": status}

    def _self_subject_review(self, user: User, request: Request, body: Object) -> Object:
        return {
            "kind": "SelfSubjectReview",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": _rfc3339(datetime.now(UTC))},
            "status": {"userInfo": _user_info(user)},
        }

    def _access_review(self, user: User, request: Request, body: Object) -> Object:
        spec = body.get("spec") or {}
        about_self = request.resource.startswith("self")
        name, groups = spec.get("user", ""), spec.get("groups")
        if about_self or not name:
            name, groups = user.name, user.groups
        return {
            "kind": "SelfSubjectAccessReview" if about_self else "SubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": spec,
            "status": {"allowed": self._identity.allows(name, _asked_about(spec), groups)},
        }


def _asked_about(spec: Object) -> Request:
    wanted = spec.get("resourceAttributes") or {}
    resource = "/".join(part for part in (wanted.get("resource", ""), wanted.get("subresource")) if part)
    return Request(
        wanted.get("verb", ""),
        wanted.get("group", ""),
        resource,
        wanted.get("namespace") or None,
        wanted.get("name", ""),
    )


def _user_info(user: User) -> Object:
    return {
        "username": user.name,
        **({"uid": user.uid} if user.uid else {}),
        "groups": list(user.groups),
        **({"extra": {key: list(values) for key, values in user.extra.items()}} if user.extra else {}),
    }


def _rfc3339(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
