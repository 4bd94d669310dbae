"""Logins: what stands in the kubeconfig, and what has to be fetched, from exec plugins and OIDC providers.

Which of them is used when a user has several is kubectl's order. The Python client has another one, logs a failing
plugin and goes on anonymous, hides what a plugin asks when stdout is no terminal, and refreshes OIDC tokens without
checking the provider's certificate unless a CA is named.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote_plus

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube.kubeconfig import Entry
from kubectl_cbt.kube.kubeconfig_fields import check_readable
from kubectl_cbt.kube.prefetch import within
from kubectl_cbt.kube.yaml_documents import load_yaml
from kubectl_cbt.security.jwt import read_claims
from kubectl_cbt.security.pem import pem_of, readable_certificates_in
from kubectl_cbt.system.private_files import readable_path
from kubectl_cbt.system.programs import ProgramInCurrentDirectory, ProgramNotFound, find_program
from kubectl_cbt.units import parse_time

_EARLY_SECONDS = 30
"""How long before its end a credential counts as expired: what is sent has to be good when it arrives."""

_OIDC_READ_SECONDS, _OIDC_SECONDS = 30.0, 90.0
"""How long an identity provider may be silent, and how long a login may take."""
_WHOAMI = "try: kubectl auth whoami"
_CERTIFICATE_FIELDS = ("client-certificate", "client-certificate-data", "client-key", "client-key-data")
_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_MODES = ("Never", "IfAvailable", "Always")
_TOLD = (
    *("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data", "proxy-url"),
    "disable-compression",
)
"""Fields of a cluster that plugins may be told; the others are the kubeconfig's own."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a login came to, as fields of a kubeconfig's user.

    Attributes:
        fields: a token, or name and password, or neither; and a certificate with its key, or none.
        expires: seconds since the epoch; None when nobody said, 0 for one that has to be looked at each time.
    """

    fields: Entry = field(repr=False)
    expires: float | None = None

    @property
    def is_stale(self) -> bool:
        """Whether it has to be fetched again."""
        return self.expires is not None and time.time() > self.expires - _EARLY_SECONDS


def check(user: Entry, name: str) -> None:
    """Refuse what kubectl refuses before it asks anybody, whether it would be used or not.

    Args:
        name: what the kubeconfig calls the user.

    Raises:
        ConfigError: fields that say the same thing twice, or half of a thing; files that cannot be read.
    """
    for problem in (*_problems(user), *_problems_of_plugin(user)):
        raise ConfigError(f'user "{name}" cannot log in: {problem}')
    provider = user.get("auth-provider")
    if provider is not None and provider.get("name") != "oidc":
        raise ConfigError(
            f'user "{name}" logs in with the auth-provider "{provider.get("name")}", which no kubectl has any more',
            hint="its successor is an exec plugin: see the documentation of your cloud",
        )


def fetch(user: Entry, name: str, cluster: Entry, *, may_ask: bool = True) -> Credential:
    """Log in.

    Args:
        name: what the kubeconfig calls the user.
        may_ask: whether a plugin may have the terminal; behind a screen it may not.

    Raises:
        ConfigError: with the words of the plugin or the provider, or because there is nothing to log in with.
    """
    standing = {field: user[field] for field in _CERTIFICATE_FIELDS if _has_certificate(user) and user.get(field)}
    token = _token(user)
    if token:
        # A token file is renewed by somebody else.
        return Credential(standing | {"token": token}, 0.0 if user.get("tokenFile") else None)
    if user.get("username"):
        return Credential(standing | {"username": user["username"], "password": user.get("password") or ""})
    if user.get("auth-provider"):
        found = _oidc(user["auth-provider"].get("config") or {}, name)
        return Credential(standing | found.fields, found.expires)
    if standing:
        return Credential(standing)
    if user.get("exec"):
        return _exec(user["exec"], name, cluster, may_ask=may_ask)
    # kubectl asks for a name and a password here, which no cluster has taken since 1.19.
    raise ConfigError(
        f'user "{name}" has nothing to log in with' if name else "there is no user to log in as",
        hint="choose one with --user or --context, or log in again with the tool that wrote the kubeconfig",
    )


def _problems(user: Entry) -> Iterator[str]:
    named = user.get("username") or user.get("password")
    if named and (user.get("token") or (user.get("username") and user.get("tokenFile"))):
        yield "it has a token, and name and password"
    if not _has_certificate(user):
        return
    for kind in ("client-certificate", "client-key"):
        if user.get(kind) and user.get(f"{kind}-data"):
            yield f"{kind} and {kind}-data exclude each other"
        elif user.get(kind):
            check_readable(kind, user[kind])
        elif not user.get(f"{kind}-data"):
            yield f"its certificate has no {kind}"


def _problems_of_plugin(user: Entry) -> Iterator[str]:
    plugin = user.get("exec")
    if plugin is None:
        return
    if user.get("auth-provider") is not None:
        yield "exec and auth-provider exclude each other"
    if not plugin.get("command"):
        yield "exec needs a command"
    if plugin.get("apiVersion") not in _EXEC_VERSIONS:
        yield f"exec needs an apiVersion that kubectl speaks, one of {', '.join(_EXEC_VERSIONS)}"
    if _mode(plugin) not in _MODES:
        yield f"exec needs an interactiveMode, one of {', '.join(_MODES)}"


def _has_certificate(user: Entry) -> bool:
    return bool(user.get("client-certificate") or user.get("client-certificate-data"))


def _token(user: Entry) -> str:
    """A token file goes before a token, even before one from the command line: kubectl's order."""
    path, token = user.get("tokenFile"), user.get("token") or ""
    if not path:
        return token
    try:
        found = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        found, why = "", getattr(error, "strerror", "") or "it is no text"
    else:
        why = "it is empty"
    if not found and not token:
        raise ConfigError(f"tokenFile {path} cannot be used: {why}")
    return found or token


# Exec plugins.


def _exec(plugin: Entry, name: str, cluster: Entry, *, may_ask: bool) -> Credential:
    failed = f'the login command "{plugin["command"]}" of user "{name}" failed'
    interactive = _mode(plugin) != "Never" and may_ask and sys.stdin is not None and sys.stdin.isatty()
    if _mode(plugin) == "Always" and not interactive:
        raise ConfigError(f"{failed}: it has to ask, and standard input is no terminal", hint=_WHOAMI)
    environment = os.environ | {item["name"]: item.get("value") or "" for item in plugin.get("env") or ()}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(_exec_info(plugin, cluster, interactive=interactive))
    try:
        ran = subprocess.run(  # noqa: S603  # the user's own command, from the user's own file
            [plugin["command"], *(argument or "" for argument in plugin.get("args") or ())],
            executable=find_program(plugin["command"]),
            env=environment,
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # What it says is for the person, whatever becomes of it: where to log in, with which code.
            stderr=None if may_ask else subprocess.PIPE,
            check=False,
        )
    except ProgramInCurrentDirectory as error:
        raise ConfigError(
            f"{failed}: {error}", hint="take that entry out of PATH, or name the command's path"
        ) from None
    except (FileNotFoundError, ProgramNotFound) as error:
        hint = str(plugin.get("installHint") or f"is it installed, and on PATH? {_WHOAMI}").strip()
        raise ConfigError(f"{failed}: it was not found", hint=hint) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{failed}: {getattr(error, 'strerror', None) or error}", hint=_WHOAMI) from error
    if ran.returncode:
        said = _redacted((ran.stderr or b"").decode("utf-8", "replace"))
        code = f"it ended with {ran.returncode}" + (f": {said}" if said else "")
        raise ConfigError(f"{failed}: {code}", hint=f"run it by hand, or {_WHOAMI}")
    return _of_exec(ran.stdout, plugin["apiVersion"], failed)


def _mode(plugin: Entry) -> str:
    """Versions before v1 need not name one."""
    return plugin.get("interactiveMode") or ("IfAvailable" if plugin.get("apiVersion") == _EXEC_VERSIONS[1] else "")


def _exec_info(plugin: Entry, cluster: Entry, *, interactive: bool) -> Entry:
    spec: Entry = {"interactive": interactive}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = _told_to_plugins(cluster)
    return {"kind": "ExecCredential", "apiVersion": plugin["apiVersion"], "spec": spec}


def _told_to_plugins(cluster: Entry) -> Entry:
    """With ``provideClusterInfo``: the CA itself and not its path, as a plugin need not be able to read our files."""
    told = {name: cluster[name] for name in _TOLD if cluster.get(name)}
    for extension in cluster.get("extensions") or ():
        if extension and extension.get("name") == "client.authentication.k8s.io/exec":
            told["config"] = extension.get("extension")
    return told


def _of_exec(printed: bytes, version: str, failed: str) -> Credential:
    """The credential a plugin printed. Nothing it printed may be quoted."""
    answer = _parsed(printed)
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise ConfigError(f"{failed}: what it printed is no ExecCredential", hint=_WHOAMI)
    if answer.get("apiVersion") != version:
        raise ConfigError(f"{failed}: it does not answer in {version}, in which it was asked", hint=_WHOAMI)
    status = answer.get("status")
    status = status if isinstance(status, dict) else {}
    token, certificate, key = (status.get(f) or "" for f in ("token", "clientCertificateData", "clientKeyData"))
    if not all(isinstance(text, str) for text in (token, certificate, key)) or not (token or certificate or key):
        raise ConfigError(f"{failed}: it gave neither a token nor a certificate and its key", hint=_WHOAMI)
    if bool(certificate) != bool(key):
        raise ConfigError(f"{failed}: it gave a certificate or a key, and not both", hint=_WHOAMI)
    fields: Entry = {"token": token} if token else {}
    if certificate:
        fields |= {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
    return Credential(fields, _timestamp(status.get("expirationTimestamp"), failed))


def _parsed(printed: bytes) -> Any:
    """JSON or YAML; None for neither."""
    import orjson
    import yaml

    try:
        return orjson.loads(printed)
    except orjson.JSONDecodeError:
        pass
    try:
        return load_yaml(printed)
    except yaml.YAMLError:
        return None


def _timestamp(text: Any, failed: str) -> float | None:
    if not text:
        return None
    try:
        return parse_time(text).timestamp()
    except (TypeError, ValueError):
        raise ConfigError(f"{failed}: its expirationTimestamp is no time", hint=_WHOAMI) from None


def _base64(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


# OIDC.


def _oidc(config: Entry, name: str) -> Credential:
    issuer, token = config.get("idp-issuer-url") or "", config.get("id-token") or ""
    for needed in ("idp-issuer-url", "client-id"):
        if not config.get(needed):
            raise ConfigError(f'the OIDC login of user "{name}" has no {needed}')
    if token:
        found = Credential({"token": token}, _expiry(token, name))
        if not found.is_stale:
            return found
    if not config.get("refresh-token"):
        raise ConfigError(
            f'the OIDC login of user "{name}" has expired, and the kubeconfig has nothing to renew it with',
            hint="log in again with the tool that wrote the kubeconfig",
        )
    token = _refreshed(config, name, issuer)
    return Credential({"token": token}, _expiry(token, name))


def _refreshed(config: Entry, name: str, issuer: str) -> str:
    import requests
    from oauthlib.oauth2 import OAuth2Error

    try:
        with contextlib.ExitStack() as stack:
            verify = _system_authorities()
            authority = _provider_authority(config)
            if authority:
                # The HTTP client takes paths only.
                verify = stack.enter_context(readable_path(authority))
            answer = within(_OIDC_SECONDS, lambda: _asked_provider(config, issuer, verify))
        # In memory only. A provider that gives a new one at each use takes the old one for stolen.
        config["refresh-token"] = _text_of(answer, "refresh_token", config["refresh-token"])
        return _text_of(answer, "id_token")
    except (OAuth2Error, requests.RequestException, OSError, KeyError, ValueError, *_LIBRARY_FAULTS) as error:
        raise ConfigError(
            f'the OIDC login of user "{name}" at {_redacted(issuer)} could not be renewed: {_redacted(_reason(error))}',
            hint="log in again with the tool that wrote the kubeconfig",
        ) from None


def _provider_authority(config: Entry) -> bytes:
    """PEM of whom to trust for the provider; empty for whom the system trusts. Damaged blocks are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: no certificate in it can be read.
    """
    path, data = config.get("idp-certificate-authority"), config.get("idp-certificate-authority-data")
    if data:
        pem = base64.b64decode(data)
    elif path:
        pem = Path(path).read_bytes()
    else:
        return b""
    readable = readable_certificates_in(pem)
    if not readable:
        raise ValueError("idp-certificate-authority holds no certificate that can be read")
    return pem_of(readable)


def _asked_provider(config: Entry, issuer: str, verify: str | bool) -> Entry:
    """What the provider gives for the refresh token."""
    from requests_oauthlib import OAuth2Session

    from kubectl_cbt.kube.limited_http import LimitedAdapter

    with OAuth2Session(client_id=config["client-id"]) as session:
        session.mount("https://", LimitedAdapter())
        session.mount("http://", LimitedAdapter())
        # Said with each request: a session's own is nothing to requests where REQUESTS_CA_BUNDLE is set.
        session.verify = verify
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        discovery = session.request("GET", url, withhold_token=True, timeout=_OIDC_READ_SECONDS, verify=verify)
        discovery.raise_for_status()
        return _answer(session, _text_of(discovery.json(), "token_endpoint"), config)


def _answer(session: Any, url: str, config: Entry) -> Entry:
    """What the provider gives for the refresh token; the secret goes in a header, or if that is refused in the body."""
    from oauthlib.oauth2 import OAuth2Error

    client_id, secret = config["client-id"], config.get("client-secret") or ""
    ask: Any = partial(
        session.refresh_token,
        url,
        refresh_token=config["refresh-token"],
        timeout=_OIDC_READ_SECONDS,
        verify=session.verify,
    )
    if not secret:
        return cast(Entry, ask(client_id=client_id))
    try:
        # Encoded as OAuth has it, before it is encoded as HTTP has it.
        return cast(Entry, ask(auth=(quote_plus(client_id), quote_plus(secret))))
    except OAuth2Error:
        return cast(Entry, ask(client_id=client_id, client_secret=secret))


_LIBRARY_FAULTS = (AttributeError, TypeError, RecursionError, OverflowError, Warning)
"""What the OAuth libraries raise for answers of a shape or with numbers that they do not expect."""


def _text_of(answer: Any, name: str, otherwise: str | None = None) -> str:
    """A text of a provider's answer.

    Raises:
        KeyError: it is not there, and there is nothing to use instead.
    """
    found = answer.get(name) if isinstance(answer, dict) else None
    if isinstance(found, str) and found:
        return found
    if otherwise is None:
        raise KeyError(name)
    return otherwise


def _system_authorities() -> str | bool:
    """Where this machine keeps its CAs; the HTTP client would take those it was built with."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True


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
    # The HTTP client wraps the cause several times over.
    return f"{type(error).__name__}: {_one_line(error).rpartition('Caused by ')[2][:300]}"


def _expiry(token: str, name: str) -> float:
    """``exp`` of a JSON Web Token; one that names none has expired, as for kubectl.

    Raises:
        ConfigError: it is no such token.
    """
    try:
        return read_claims(token).expires
    except ValueError:
        raise ConfigError(f'the id-token of user "{name}" is no JSON Web Token') from None


def _redacted(text: str) -> str:
    from kubectl_cbt.security.redact import redact

    return redact(_one_line(text))


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
