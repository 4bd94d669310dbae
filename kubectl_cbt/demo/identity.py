"""Who calls the demo cluster, and what they may do. The API server and the sidecars ask the same object.

Tokens are JSON Web Tokens of the shape a real API server issues, signed with a key that lives as long as the demo.
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

from kubectl_cbt.demo.noise import key
from kubectl_cbt.model.refs import ServiceAccountRef

API_AUDIENCE = "https://kubernetes.default.svc"

BACKUP_APP = ServiceAccountRef("backup", "backup-app")
"""May read everything and have tokens of every account."""
SHOP_BACKUP = ServiceAccountRef("shop", "shop-backup")
"""May read what its own namespace's snapshots need, and have its own tokens: the least that works."""
NOBODY = ServiceAccountRef("nobody", "nobody")
"""May do nothing."""
SERVICE_ACCOUNTS = (BACKUP_APP, SHOP_BACKUP, NOBODY, ServiceAccountRef("default", "default"))

ADMIN = "demo-admin"
"""A user who is no ServiceAccount."""
AUTHENTICATED = "system:authenticated"
MASTERS = "system:masters"
"""Members of this group may do everything."""


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated caller.

    Attributes:
        extra: what else is known of it, by lower-case key.
    """

    name: str
    uid: str
    groups: tuple[str, ...]
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, in RBAC's terms; ``namespace`` is None at cluster scope."""

    verb: str
    group: str
    resource: str
    namespace: str | None = None
    name: str = ""


Granted = Callable[[str, Collection[str], Request], bool]


class Identity:
    """Issues and reviews tokens, and decides what their users may do.

    Args:
        now: seconds since the epoch; tests move it.

    Attributes:
        granted: what is allowed beside the built-in accounts' rights, by user name, groups and request. Nothing,
            until an API server puts in what the bindings among its objects say.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._signing_key = secrets.token_bytes(32)
        self.admin_token = secrets.token_urlsafe(32)
        self.granted: Granted = _nothing

    def issue(self, account: ServiceAccountRef, audiences: Sequence[str], seconds: int) -> tuple[str, float]:
        """A token and when it expires, in seconds since the epoch."""
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
            },
            "nbf": issued,
            "sub": f"system:serviceaccount:{account.namespace}:{account.name}",
        }
        signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
        return f"{signed}.{self._signature(signed)}", float(issued + seconds)

    def review(self, token: str, audiences: Sequence[str]) -> User | None:
        """The token's user; None when it is forged, expired, or meant for none of ``audiences``."""
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
        """What RBAC would say.

        Args:
            groups: the user's; None for those that follow from the name, which only a ServiceAccount's does.
        """
        groups = (*groups_of(username), AUTHENTICATED) if groups is None else groups
        if username == ADMIN or MASTERS in groups or request.resource.startswith("selfsubject"):
            return True
        return _built_in(ServiceAccountRef.of_user(username), request) or self.granted(username, groups, request)

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self._signing_key, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _built_in(account: ServiceAccountRef | None, request: Request) -> bool:
    """Whether one of the demo's own accounts may do it without any binding."""
    # A port-forward over WebSockets is a GET, and yet it reads nothing.
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


def groups_of(username: str) -> tuple[str, ...]:
    """The groups of a ServiceAccount by its user name; none for any other user."""
    account = ServiceAccountRef.of_user(username)
    return ("system:serviceaccounts", f"system:serviceaccounts:{account.namespace}") if account else ()


def account_uid(account: ServiceAccountRef) -> str:
    """The account's uid, the same in every demo."""
    return uid("serviceaccount", account.namespace, account.name)


def uid(*parts: str) -> str:
    """A uid of an object, the same in every demo."""
    text = f"{key('uid', *parts):016x}{key('uid2', *parts):016x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _user(account: ServiceAccountRef) -> User:
    name = f"system:serviceaccount:{account.namespace}:{account.name}"
    return User(name, account_uid(account), (*groups_of(name), AUTHENTICATED))


def _nothing(username: str, groups: Collection[str], request: Request) -> bool:
    return False


def _encode(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def _decode(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
