"""Tokens for the sidecar: bound to a ServiceAccount, scoped to the service's audience, asked for when needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from kubectl_cbt.errors import ApiError, Forbidden, MalformedObject, NotFound, TokenUnavailable
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.object_reader import ObjectReader
from kubectl_cbt.model.advice import grant_command
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.units import as_argument

MIN_DURATION_SECONDS = 600
"""The API server rejects less."""

FreshToken = Callable[[], Secret]

_MAKE_ONE = """\
make a ServiceAccount that may read snapshots there, and name it:
  kubectl cbt rbac -n {namespace} --for-user | kubectl apply -f -
  kubectl cbt … --service-account {namespace}/kubectl-cbt
or pass a token of one with --token-file"""


def token_from_file(path: Path) -> FreshToken:
    """Read the file anew for each question, so that whoever rotates it may go on doing so.

    Raises, when called:
        TokenUnavailable: no such file, or it is empty.
    """

    def fresh() -> Secret:
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise TokenUnavailable(f"token file {path}: {reason}", hint="check --token-file") from error
        if not text:
            raise TokenUnavailable(f"token file {path} is empty", hint="check --token-file")
        return Secret(text)

    return fresh


def cached(fresh: FreshToken, seconds: float = MIN_DURATION_SECONDS / 2) -> FreshToken:
    """The same token for a while: for who asks many short questions."""
    held: list[tuple[float, Secret]] = []

    def token() -> Secret:
        if not held or time.monotonic() > held[0][0]:
            held[:] = [(time.monotonic() + seconds, fresh())]
        return held[0][1]

    return token


def token_of_service_account(
    api: Api, account: ServiceAccountRef, audience: str, seconds: int, namespace: str
) -> FreshToken:
    """Ask the API server for a token of ``account``.

    Args:
        namespace: of the snapshots, for the advice.

    Raises, when called:
        TokenUnavailable: the account does not exist, or the caller may not have its tokens.
    """

    def fresh() -> Secret:
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
                f"no token for ServiceAccount {account}: {error.message}",
                hint="an administrator can grant it: "
                + grant_command(namespace, account=account, user=_name_if_told(api)),
            ) from error
        reader = ObjectReader(answer)
        if not reader.text("status", "token"):
            # Not the reader's own words: they quote a value that may be a token.
            raise MalformedObject(f"the TokenRequest of ServiceAccount {account} was answered without status.token")
        return Secret(reader.text("status", "token"))

    return fresh


def service_account_of_caller(api: Api, namespace: str) -> ServiceAccountRef:
    """The caller, when it is a ServiceAccount.

    Args:
        namespace: of the snapshots, for the advice.

    Raises:
        TokenUnavailable: it is not; the hint shows how to make one.
    """
    hint = _MAKE_ONE.format(namespace=as_argument(namespace))
    try:
        username = name_of_caller(api)
    except ApiError as error:
        raise TokenUnavailable(f"the API server does not say who you are: {error.message}", hint=hint) from error
    account = ServiceAccountRef.of_user(username)
    if account is None:
        raise TokenUnavailable(
            f'you are user "{username}", and the snapshot metadata service takes tokens of ServiceAccounts only',
            hint=hint,
        )
    return account


def _name_if_told(api: Api) -> str:
    try:
        return name_of_caller(api)
    except ApiError:
        return ""


def name_of_caller(api: Api) -> str:
    """The user the API server takes the caller for.

    Raises:
        ApiError: it does not say.
    """
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    review = api.create("apis", "authentication.k8s.io", "v1", "selfsubjectreviews", body=body)
    reader = ObjectReader(review)
    name = reader.text("status", "userInfo", "username")
    reader.require("the SelfSubjectReview")
    return name
