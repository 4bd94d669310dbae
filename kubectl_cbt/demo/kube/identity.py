"""Users of the demo cluster and their permissions, shared by the API server and the sidecars.

Tokens are JSON Web Tokens with the claims of a real API server's, signed with a key that exists as long as the demo.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubectl_cbt.demo.driver.noise import key
from kubectl_cbt.model.refs import ServiceAccountRef

API_AUDIENCE = "https://kubernetes.default.svc"

BACKUP_APP = ServiceAccountRef("backup", "backup-app")
"""Can read everything and create tokens for every account."""
SHOP_BACKUP = ServiceAccountRef("shop", "shop-backup")
"""Can read what the snapshots in its namespace require and create its own tokens: the minimum permissions."""
NOBODY = ServiceAccountRef("nobody", "nobody")
"""Has no permissions."""
SERVICE_ACCOUNTS = (BACKUP_APP, SHOP_BACKUP, NOBODY, ServiceAccountRef("default", "default"))

ADMIN = "demo-admin"
"""A user that is not a ServiceAccount."""
AUTHENTICATED = "system:authenticated"
MASTERS = "system:masters"
"""Members of this group can do everything."""


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated caller.

    Attributes:
        extra: extra fields of the user, by lower-case key.
    """

    name: str
    uid: str
    groups: tuple[str, ...]
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """The requested access, in RBAC terms; ``namespace`` is None at cluster scope."""

    verb: str
    group: str
    resource: str
    namespace: str | None = None
    name: str = ""


Rule = dict[str, list[str]]
Granted = Callable[[str, Collection[str], Request], bool]
GrantedRules = Callable[[str, Collection[str], str], list[Rule]]


class Identity:
    """Issues and reviews tokens, and authorizes their users.

    Args:
        now: returns seconds since the epoch; tests replace it.

    Attributes:
        granted: returns whether bindings allow a request, by user name, groups and request, in addition to the
            built-in accounts' permissions. Allows nothing until an API server sets it.
        granted_rules: the same as rules, by user name, groups and namespace.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._signing_key = secrets.token_bytes(32)
        self.admin_token = secrets.token_urlsafe(32)
        self.granted: Granted = _grant_nothing
        self.granted_rules: GrantedRules = _no_rules

    def issue(
        self, account: ServiceAccountRef, audiences: Sequence[str], seconds: int, bound: Mapping[str, Any] | None = None
    ) -> tuple[str, float]:
        """Return a token and its expiry, in seconds since the epoch.

        Args:
            bound: claims about the object that the token is bound to.
        """
        issued = int(self._now())
        claims = {
            "aud": list(audiences),
            "exp": issued + seconds,
            "iat": issued,
            "iss": API_AUDIENCE,
            "jti": secrets.token_hex(16),
            "kubernetes.io": {
                "namespace": account.namespace,
                "serviceaccount": {"name": account.name, "uid": account_uid(account)},
                **(bound or {}),
            },
            "nbf": issued,
            "sub": f"system:serviceaccount:{account.namespace}:{account.name}",
        }
        signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
        return f"{signed}.{self._signature(signed)}", float(issued + seconds)

    def review(self, token: str, audiences: Sequence[str]) -> User | None:
        """Return the token's user; None when it is invalid, expired, or for none of ``audiences``."""
        if hmac.compare_digest(token.encode(), self.admin_token.encode()):
            return User(ADMIN, "", (MASTERS, AUTHENTICATED)) if API_AUDIENCE in audiences else None
        signed, _, signature = token.rpartition(".")
        if not signed or not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        claims = _decode(signed.rpartition(".")[2])
        if claims["exp"] <= self._now() or not set(claims["aud"]) & set(audiences):
            return None
        account = ServiceAccountRef.of_user(claims["sub"])
        return _user(account) if account else None

    def allows(self, username: str, request: Request, groups: Collection[str] | None = None) -> bool:
        """Return whether RBAC allows a request.

        Args:
            groups: the user's groups; None derives them from the user name, which works only for a ServiceAccount.
        """
        groups = (*groups_of(username), AUTHENTICATED) if groups is None else groups
        if username == ADMIN or MASTERS in groups or request.resource.startswith("selfsubject"):
            return True
        return _built_in(ServiceAccountRef.of_user(username), request) or self.granted(username, groups, request)

    def allows_path(self, username: str, verb: str, path: str, groups: Collection[str] | None = None) -> bool:
        """Return whether a user can access a non-resource path."""
        if username == ADMIN or MASTERS in (groups or ()):
            return True
        return verb == "get" and any(path == known or _matches_prefix(path, known) for known in _DISCOVERY)

    def rules(self, username: str, namespace: str, groups: Collection[str]) -> list[Rule]:
        """Return a user's permissions in a namespace, as RBAC rules."""
        if username == ADMIN or MASTERS in groups:
            return [_rule(["*"], ["*"], ["*"]), {"verbs": ["*"], "nonResourceURLs": ["*"]}]
        built_in = _built_in_rules(ServiceAccountRef.of_user(username), namespace)
        return [*_SELF_REVIEWS, *built_in, *self.granted_rules(username, groups, namespace), _DISCOVERY_RULE]

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self._signing_key, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _built_in(account: ServiceAccountRef | None, request: Request) -> bool:
    """Return whether a built-in account can do it without a binding."""
    # A port-forward over WebSockets is a GET but does not read an object.
    reads = request.verb in ("get", "list", "watch") and request.resource != "pods/portforward"
    wants_token = request.verb == "create" and request.resource == "serviceaccounts/token"
    if account == BACKUP_APP:
        return reads or wants_token
    if account == SHOP_BACKUP:
        own = request.namespace == account.namespace
        return (
            (wants_token and own and request.name == account.name)
            or (reads and own and request.resource == "volumesnapshots")
            or (request.verb == "get" and request.resource in ("volumesnapshotcontents", "snapshotmetadataservices"))
        )
    return False


def _built_in_rules(account: ServiceAccountRef | None, namespace: str) -> list[Rule]:
    """Return what :func:`_built_in` allows, as rules."""
    if account == BACKUP_APP:
        return [_rule(["get", "list", "watch"], ["*"], ["*"]), _rule(["create"], [""], ["serviceaccounts/token"])]
    if account != SHOP_BACKUP:
        return []
    anywhere = [
        _rule(["get"], ["snapshot.storage.k8s.io"], ["volumesnapshotcontents"]),
        _rule(["get"], ["cbt.storage.k8s.io"], ["snapshotmetadataservices"]),
    ]
    own = [
        _rule(["create"], [""], ["serviceaccounts/token"]) | {"resourceNames": [account.name]},
        _rule(["get", "list", "watch"], ["snapshot.storage.k8s.io"], ["volumesnapshots"]),
    ]
    return [*own, *anywhere] if namespace == account.namespace else anywhere


def _rule(verbs: list[str], groups: list[str], resources: list[str]) -> Rule:
    return {"verbs": verbs, "apiGroups": groups, "resources": resources}


_SELF_REVIEWS = (
    _rule(["create"], ["authentication.k8s.io"], ["selfsubjectreviews"]),
    _rule(["create"], ["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
)
_DISCOVERY = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
)
_DISCOVERY_RULE: Rule = {"verbs": ["get"], "nonResourceURLs": list(_DISCOVERY)}


def _matches_prefix(path: str, known: str) -> bool:
    return known.endswith("/*") and path.startswith(known[:-1])


def groups_of(username: str) -> tuple[str, ...]:
    """Return a ServiceAccount's groups by its user name; empty for any other user."""
    account = ServiceAccountRef.of_user(username)
    return ("system:serviceaccounts", f"system:serviceaccounts:{account.namespace}") if account else ()


def account_uid(account: ServiceAccountRef) -> str:
    """Return the account's uid, the same in every demo."""
    return uid("serviceaccount", account.namespace, account.name)


def uid(*parts: str) -> str:
    """Return an object's uid, the same in every demo."""
    text = f"{key('uid', *parts):016x}{key('uid2', *parts):016x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _user(account: ServiceAccountRef) -> User:
    name = f"system:serviceaccount:{account.namespace}:{account.name}"
    return User(name, account_uid(account), (*groups_of(name), AUTHENTICATED))


def _grant_nothing(username: str, groups: Collection[str], request: Request) -> bool:
    return False


def _no_rules(username: str, groups: Collection[str], namespace: str) -> list[Rule]:
    return []


def _encode(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def _decode(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
