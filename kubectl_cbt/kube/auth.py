"""Logins of a kubeconfig's user: from its own fields, an exec plugin, or an OIDC provider.

When a user has several, kubectl's order decides. The Python client has another order, logs a failing plugin and
continues as anonymous, hides a plugin's prompt when stdout is not a terminal, and refreshes OIDC tokens without
verifying the provider's certificate unless a CA is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube.credentials import Credential
from kubectl_cbt.kube.kubeconfig_fields import Entry, check_readable

_CERTIFICATE_FIELDS = ("client-certificate", "client-certificate-data", "client-key", "client-key-data")


def check(user: Entry, name: str) -> None:
    """Reject what kubectl rejects before it sends a request, even in fields that would not be used.

    Args:
        name: what the kubeconfig calls the user.

    Raises:
        ConfigError: fields that contradict each other or are incomplete; files that cannot be read.
    """
    for problem in (*_problems(user), *_plugin_problems(user)):
        raise ConfigError(f'user "{name}" cannot log in: {problem}')
    provider = user.get("auth-provider")
    if provider is not None and provider.get("name") != "oidc":
        raise ConfigError(
            f'user "{name}" logs in with the auth-provider "{provider.get("name")}", which kubectl no longer supports',
            hint="use an exec plugin instead: see the documentation of your cloud provider",
        )


def log_in(user: Entry, name: str, cluster: Entry, *, may_prompt: bool = True) -> Credential:
    """Log in.

    Args:
        name: what the kubeconfig calls the user.
        may_prompt: whether a plugin may use the terminal; False while a screen uses it.

    Raises:
        ConfigError: with the message of the plugin or the provider, or because the user has no credentials.
    """
    fields = {field: user[field] for field in _CERTIFICATE_FIELDS if _has_certificate(user) and user.get(field)}
    token = _token(user)
    if token:
        # Another program renews a token file.
        return Credential(fields | {"token": token}, 0.0 if user.get("tokenFile") else None)
    if user.get("username"):
        return Credential(fields | {"username": user["username"], "password": user.get("password") or ""})
    if user.get("auth-provider"):
        from kubectl_cbt.kube.oidc import log_in_by_oidc

        found = log_in_by_oidc(user["auth-provider"].get("config") or {}, name)
        return Credential(fields | found.fields, found.expires)
    if fields:
        return Credential(fields)
    if user.get("exec"):
        from kubectl_cbt.kube.exec_plugin import log_in_by_plugin

        return log_in_by_plugin(user["exec"], name, cluster, may_prompt=may_prompt)
    # kubectl prompts for a name and a password here, which no cluster accepts since 1.19.
    raise ConfigError(
        f'user "{name}" has no credentials' if name else "there is no user to log in as",
        hint="choose one with --user or --context, or log in again with the tool that wrote the kubeconfig",
    )


def _problems(user: Entry) -> Iterator[str]:
    named = user.get("username") or user.get("password")
    if named and (user.get("token") or (user.get("username") and user.get("tokenFile"))):
        yield "it has a token as well as a name and password"
    if not _has_certificate(user):
        return
    for kind in ("client-certificate", "client-key"):
        if user.get(kind) and user.get(f"{kind}-data"):
            yield f"{kind} and {kind}-data are mutually exclusive"
        elif user.get(kind):
            check_readable(kind, user[kind])
        elif not user.get(f"{kind}-data"):
            yield f"its client certificate lacks {kind}"


def _plugin_problems(user: Entry) -> Iterator[str]:
    plugin = user.get("exec")
    if plugin is None:
        return
    if user.get("auth-provider") is not None:
        yield "exec and auth-provider are mutually exclusive"
    from kubectl_cbt.kube.exec_plugin import problems

    yield from problems(plugin)


def _has_certificate(user: Entry) -> bool:
    return bool(user.get("client-certificate") or user.get("client-certificate-data"))


def _token(user: Entry) -> str:
    """A token file takes precedence over a token, even over one from the command line, as in kubectl."""
    path, token = user.get("tokenFile"), user.get("token") or ""
    if not path:
        return token
    try:
        found = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        found, why = "", getattr(error, "strerror", "") or "it is not text"
    else:
        why = "it is empty"
    if not found and not token:
        raise ConfigError(f"tokenFile {path} cannot be used: {why}")
    return found or token
