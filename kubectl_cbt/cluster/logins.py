"""Logins that have to be fetched: exec plugins and OIDC. Their failure is ours to show.

The Python client logs a failing plugin and goes on anonymous, loses the plugin's words when stdout is a terminal, and
refreshes OIDC tokens without checking the provider's certificate unless a CA is named. The protocol itself is left
to it and to its OAuth library.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from kubectl_cbt.cluster.kubeconfig import Entry
from kubectl_cbt.errors import ConfigError

_EARLY_SECONDS = 30
"""How long before its end a credential counts as expired: what is sent has to be good when it arrives."""

_WHOAMI = "try: kubectl auth whoami"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a login came to, as fields of a kubeconfig's user.

    Attributes:
        expires: seconds since the epoch; None when nobody said.
    """

    fields: Entry = field(repr=False)
    expires: float | None = None

    @property
    def is_stale(self) -> bool:
        """Whether it has to be fetched again."""
        return self.expires is not None and time.time() > self.expires - _EARLY_SECONDS


def fetch(user: Entry, name: str, cluster: Entry) -> Credential | None:
    """Log in; None for a user whose credentials stand in the kubeconfig.

    Args:
        name: what the kubeconfig calls the user.

    Raises:
        ConfigError: with the words of the plugin or the provider.
    """
    provider = user.get("auth-provider") or {}
    if provider.get("name") == "oidc":
        return _oidc(provider.get("config") or {}, name)
    if provider:
        raise ConfigError(
            f'user "{name}" logs in with the auth-provider "{provider.get("name")}", which no kubectl has any more',
            hint="its successor is an exec plugin: see the documentation of your cloud",
        )
    if user.get("token") or user.get("tokenFile") or not user.get("exec"):
        return None
    return _exec(user["exec"], name, cluster)


# Exec plugins.


def _exec(plugin: Entry, name: str, cluster: Entry) -> Credential:
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.exec_provider import ExecProvider
    from kubernetes.config.kube_config import ConfigNode

    command = str(plugin.get("command") or "")
    failed = f'the login command "{command}" of user "{name}" failed'
    try:
        told = ConfigNode("cluster", _told_to_plugins(cluster))
        status = ExecProvider(ConfigNode("exec", plugin), None, told).run()
    except FileNotFoundError as error:
        hint = str(plugin.get("installHint") or f"is it installed, and on PATH? {_WHOAMI}").strip()
        raise ConfigError(f"{failed}: it was not found", hint=hint) from error
    except (ConfigException, OSError, TypeError, KeyError) as error:
        raise ConfigError(f"{failed}: {_one_line(error)}", hint=f"run it by hand, or {_WHOAMI}") from None
    except AttributeError:
        # The client wants to quote what went to the terminal.
        raise ConfigError(f"{failed}; what it said stands above", hint=f"run it by hand, or {_WHOAMI}") from None
    return _of_exec(status, failed)


def _told_to_plugins(cluster: Entry) -> Entry:
    """With ``provideClusterInfo``: the CA itself, as a plugin need not be able to read our files."""
    path = cluster.get("certificate-authority")
    if not path:
        return cluster
    told = {name: value for name, value in cluster.items() if name != "certificate-authority"}
    return told | {"certificate-authority-data": base64.b64encode(Path(path).read_bytes()).decode()}


def _of_exec(status: dict[str, Any], failed: str) -> Credential:
    fields: Entry = {}
    if status.get("token"):
        fields["token"] = str(status["token"])
    if status.get("clientCertificateData") and status.get("clientKeyData"):
        fields["client-certificate-data"] = _base64(status["clientCertificateData"])
        fields["client-key-data"] = _base64(status["clientKeyData"])
    if not fields:
        raise ConfigError(f"{failed}: it gave neither a token nor a certificate and its key", hint=_WHOAMI)
    return Credential(fields, _timestamp(status.get("expirationTimestamp")))


def _timestamp(text: str | None) -> float | None:
    from kubernetes.config.dateutil import parse_rfc3339

    return float(parse_rfc3339(text).timestamp()) if text else None


def _base64(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


# OIDC.


def _oidc(config: Entry, name: str) -> Credential:
    token = str(config.get("id-token") or "")
    found = Credential({"token": token}, _expiry(token))
    if token and not found.is_stale:
        return found
    issuer = str(config.get("idp-issuer-url") or "")
    if not config.get("refresh-token") or not issuer:
        raise ConfigError(
            f'the OIDC login of user "{name}" has expired, and the kubeconfig has nothing to renew it with',
            hint="log in again with the tool that wrote the kubeconfig",
        )
    token = _refreshed(config, name, issuer)
    return Credential({"token": token}, _expiry(token))


def _refreshed(config: Entry, name: str, issuer: str) -> str:
    import requests
    from oauthlib.oauth2 import OAuth2Error
    from requests_oauthlib import OAuth2Session

    client_id, secret = str(config.get("client-id") or ""), str(config.get("client-secret") or "")
    verify = config.get("idp-certificate-authority") or True
    authority = config.get("idp-certificate-authority-data")
    try:
        with _pem_file(authority) as path, OAuth2Session(client_id=client_id) as session:
            session.verify = path or verify
            discovery = session.request(
                "GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration", withhold_token=True, timeout=30
            )
            discovery.raise_for_status()
            answer = session.refresh_token(
                discovery.json()["token_endpoint"],
                refresh_token=config["refresh-token"],
                auth=(client_id, secret) if secret else None,
                timeout=30,
                verify=session.verify,
                **({} if secret else {"client_id": client_id}),
            )
        return str(answer["id_token"])
    except (OAuth2Error, requests.RequestException, OSError, KeyError, ValueError) as error:
        raise ConfigError(
            f'the OIDC login of user "{name}" at {issuer} could not be renewed: {_reason(error)}',
            hint="log in again with the tool that wrote the kubeconfig",
        ) from None


def _reason(error: Exception) -> str:
    """What went wrong, without what was sent: the text of an answer may echo the refresh token."""
    from oauthlib.oauth2 import OAuth2Error

    if isinstance(error, OAuth2Error):
        return _one_line(f"{error.error} {error.description or ''}")
    if isinstance(error, KeyError):
        return f"its answer has no {error.args[0]}"
    response = getattr(error, "response", None)
    if response is not None:
        return f"it answered {response.status_code} {response.reason}"
    return f"{type(error).__name__}: {_one_line(error)[-200:]}"


@contextlib.contextmanager
def _pem_file(data: str | None) -> Iterator[str | None]:
    """The path of a file that holds base64 PEM, None without any; the file is gone behind the block."""
    if not data:
        yield None
        return
    with NamedTemporaryFile(suffix=".pem") as file:
        file.write(base64.b64decode(data))
        file.flush()
        yield file.name


def _expiry(token: str) -> float | None:
    """``exp`` of a JSON Web Token; one that cannot be read has expired, as for kubectl."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(claims["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return 0.0


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
