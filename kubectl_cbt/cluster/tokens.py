"""Tokens for the sidecar: of a ServiceAccount, for the service's audience, requested when needed."""

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

_CREATE_ACCOUNT = """\
create a ServiceAccount that may read snapshots there, and name it:
  kubectl cbt rbac -n {namespace} --for-user | kubectl apply -f -
  kubectl cbt … --service-account {namespace}/kubectl-cbt
or pass its token with --token-file"""


def token_from_file(path: Path) -> FreshToken:
    """A token that is read from a file for each query, so that the file may be rotated.

    Raises, when called:
        TokenUnavailable: the file does not exist or is empty.
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
    """Reuse a token for a while: for many short queries."""
    issued: list[tuple[float, Secret]] = []

    def token() -> Secret:
        if not issued or time.monotonic() > issued[0][0]:
            issued[:] = [(time.monotonic() + seconds, fresh())]
        return issued[0][1]

    return token


def token_of_service_account(
    api: Api, account: ServiceAccountRef, audience: str, seconds: int, namespace: str
) -> FreshToken:
    """A token of ``account`` that is requested from the API server.

    Args:
        namespace: of the snapshots, for the hint.

    Raises, when called:
        TokenUnavailable: the account does not exist, or the caller may not create its tokens.
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
                f"cannot create a token for ServiceAccount {account}: {error.message}",
                hint="an administrator can grant it: "
                + grant_command(namespace, account=account, user=_name_if_known(api)),
            ) from error
        reader = ObjectReader(answer)
        if not reader.text("status", "token"):
            # Not the reader's problem: it quotes a value that may be a token.
            raise MalformedObject(f"the response to the TokenRequest of ServiceAccount {account} has no status.token")
        return Secret(reader.text("status", "token"))

    return fresh


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
