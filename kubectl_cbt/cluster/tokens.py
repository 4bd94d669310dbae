"""Tokens for the sidecar: of a ServiceAccount, for the service's audience, requested when needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from kubectl_cbt.errors import ApiError, Forbidden, MalformedObject, NotFound, TokenUnavailable
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.object_reader import ObjectReader
from kubectl_cbt.kube.prefetch import SharedResult
from kubectl_cbt.model.advice import grant_command
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.units import as_argument

MIN_DURATION_SECONDS = 600
"""The API server rejects less."""

_KEPT_SHARE = 1 / 5
"""Of a token's life that is left: with less it is renewed. A service checks a token when a stream starts."""


class TokenSource(Protocol):
    """Where a service's tokens come from. Thread-safe."""

    def __call__(self) -> Secret:
        """A token for one request.

        Raises:
            TokenUnavailable: there is none.
        """
        ...

    def discard(self, token: Secret) -> bool:
        """Do not use this token again: the service rejected it.

        Returns:
            Whether another one may be accepted.
        """
        ...


_CREATE_ACCOUNT = """\
create a ServiceAccount that may read snapshots there, and name it:
  kubectl cbt rbac -n {namespace} --for-user | kubectl apply -f -
  kubectl cbt … --service-account {namespace}/kubectl-cbt
or pass its token with --token-file"""


class TokenFile:
    """A token that is read from a file for each query, so that the file may be rotated."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> Secret:
        path = self._path
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise TokenUnavailable(f"token file {path}: {reason}", hint="check --token-file") from error
        if not text:
            raise TokenUnavailable(f"token file {path} is empty", hint="check --token-file")
        return Secret(text)

    def discard(self, token: Secret) -> bool:
        return False


class FixedToken:
    """Always the same token."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self) -> Secret:
        return self._token

    def discard(self, token: Secret) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token with the time that it is valid for.

    Attributes:
        seconds: from the response on.
    """

    token: Secret
    seconds: float


class SharedToken:
    """A token that all queries of a service use; requested when one needs it, and renewed before it expires.

    Args:
        request: requests a new one.
        clock: seconds that never run backwards.
    """

    def __init__(self, request: Callable[[], IssuedToken], clock: Callable[[], float] = time.monotonic) -> None:
        self._request = request
        self._clock = clock
        self._shared: SharedResult[_Lent] = SharedResult(self._lend, lambda lent: clock() < lent.renewed_at)

    def prefetch(self) -> None:
        """Request it in the background, unless there is a valid one."""
        self._shared.start()

    def __call__(self) -> Secret:
        lent = self._shared.result()
        lent.uses += 1
        return lent.token

    def discard(self, token: Secret) -> bool:
        """See :meth:`TokenSource.discard`.

        A token that was rejected at its first use did not expire: another one would be rejected too.
        """
        lent = self._shared.kept
        if lent is None or lent.token is not token:
            return True  # it was renewed meanwhile
        self._shared.discard(lent)
        return lent.uses > 1

    def _lend(self) -> _Lent:
        # The time before the request: a slow response counts as used time.
        requested_at = self._clock()
        issued = self._request()
        return _Lent(issued.token, requested_at + issued.seconds * (1 - _KEPT_SHARE))


@dataclass(eq=False, slots=True)
class _Lent:
    """The newest token.

    Attributes:
        renewed_at: when it is replaced, by the clock.
        uses: how many requests it was given to.
    """

    token: Secret
    renewed_at: float
    uses: int = 0


def request_token(api: Api, account: ServiceAccountRef, audience: str, seconds: int, namespace: str) -> IssuedToken:
    """Request a token of ``account`` from the API server.

    Args:
        namespace: of the snapshots, for the hint.

    Raises:
        TokenUnavailable: the account does not exist, or the caller may not create its tokens.
    """
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": [audience], "expirationSeconds": seconds},
    }
    try:
        answer = api.create(
            "api", "v1", "namespaces", account.namespace, "serviceaccounts", account.name, "token", body=body
        )
    except NotFound as error:
        raise TokenUnavailable(
            f"ServiceAccount {account} does not exist ({error.message})",
            hint=f"list them with: kubectl get serviceaccounts -n {as_argument(account.namespace)}",
        ) from error
    except Forbidden as error:
        raise TokenUnavailable(
            f"cannot create a token for ServiceAccount {account}: {error.message}",
            hint="an administrator can grant it: "
            + grant_command(namespace, account=account, user=_name_if_known(api)),
        ) from error
    reader = ObjectReader(answer)
    if not reader.text("status", "token"):
        # Not the reader's problem: it quotes a value that may be a token.
        raise MalformedObject(f"the response to the TokenRequest of ServiceAccount {account} has no status.token")
    expires = reader.time("status", "expirationTimestamp")
    return IssuedToken(Secret(reader.text("status", "token")), _seconds_until(api, expires, seconds))


def _seconds_until(api: Api, expires: datetime | None, requested: int) -> float:
    """The life of a new token: at most what was requested, as this clock may differ from the API server's."""
    if expires is None:
        return requested
    left = (expires - datetime.now(UTC)).total_seconds() + (api.clock_ahead_seconds() or 0.0)
    return min(max(left, 0.0), requested)


def service_account_of_caller(api: Api, namespace: str) -> ServiceAccountRef:
    """The caller, if it is a ServiceAccount.

    Args:
        namespace: of the snapshots, for the hint.

    Raises:
        TokenUnavailable: it is not; the hint shows how to create one.
    """
    hint = _CREATE_ACCOUNT.format(namespace=as_argument(namespace))
    try:
        username = name_of_caller(api)
    except ApiError as error:
        raise TokenUnavailable(f"the API server did not return your user name: {error.message}", hint=hint) from error
    account = ServiceAccountRef.of_user(username)
    if account is None:
        raise TokenUnavailable(
            f'you are user "{username}", but the snapshot metadata service accepts only tokens of ServiceAccounts',
            hint=hint,
        )
    return account


def _name_if_known(api: Api) -> str:
    try:
        return name_of_caller(api)
    except ApiError:
        return ""


def name_of_caller(api: Api) -> str:
    """The caller's user name, from the API server.

    Raises:
        ApiError: from the API server.
    """
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    review = api.create("apis", "authentication.k8s.io", "v1", "selfsubjectreviews", body=body)
    reader = ObjectReader(review)
    name = reader.text("status", "userInfo", "username")
    reader.require("the SelfSubjectReview")
    return name
