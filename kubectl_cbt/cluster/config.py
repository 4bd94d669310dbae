"""From what a kubeconfig and flags come to, to a client that is logged in; in a pod without one, from its account."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from kubectl_cbt.cluster import kubeconfig, logins
from kubectl_cbt.cluster.kubeconfig import Chosen, Entry, Impersonation, Login
from kubectl_cbt.errors import ConfigError
from kubectl_cbt.model.address import is_loopback

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A login that is done.

    Attributes:
        configuration: the Kubernetes client's own.
        namespace: of the context, ``default`` when it names none.
        impersonation: whom to act as.
    """

    configuration: Any
    namespace: str
    impersonation: Impersonation = field(default_factory=Impersonation)


@contextlib.contextmanager
def load_config(login: Login) -> Iterator[LoadedConfig]:
    """Read the kubeconfig, choose the context, log in.

    Certificates and keys that stand in the kubeconfig itself become files the client can open; they are gone
    when the block is left.

    Raises:
        ConfigError: no file, no context, broken YAML, or a login (exec plugin, OIDC) that failed.
    """
    if not kubeconfig.has_kubeconfig(login):
        yield _load_in_cluster(login)
        return
    with _key_folder() as folder:
        yield _load_chosen(kubeconfig.choose(login), folder)


@contextlib.contextmanager
def _key_folder() -> Iterator[str | None]:
    """A folder for keys, None where there can be none: most kubeconfigs need none, and a pod may be read-only."""
    try:
        folder = TemporaryDirectory(prefix="kubectl-cbt-")
    except OSError:
        yield None
        return
    with folder as path:
        yield path


def _load_in_cluster(login: Login) -> LoadedConfig:
    from kubernetes import client, config

    if login.context or login.cluster or login.user:
        named = login.context or login.cluster or login.user
        raise ConfigError(f'"{named}" does not exist: there is no kubeconfig', hint="point KUBECONFIG at one")
    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise ConfigError(
            "no kubeconfig found, and this is not a pod of a cluster",
            hint="point KUBECONFIG or --kubeconfig at one, or see how it works without a cluster: kubectl cbt demo",
        ) from error
    if login.token:
        configuration.api_key["BearerToken"] = f"Bearer {login.token.reveal()}"
        configuration.refresh_api_key_hook = None
    namespace = os.environ.get("POD_NAMESPACE") or _POD_NAMESPACE.read_text(encoding="utf-8").strip()
    acting_as = Impersonation(login.as_user, login.as_uid, login.as_groups)
    return LoadedConfig(_tuned(configuration), namespace, acting_as)


def _load_chosen(chosen: Chosen, folder: str | None) -> LoadedConfig:
    cluster, user = _with_scheme(chosen.cluster), chosen.user
    if cluster["server"].startswith("http://"):
        # Credentials are for TLS only, in kubectl too.
        configuration = _configuration(chosen.where, cluster, {}, folder)
        return LoadedConfig(_tuned(configuration), chosen.namespace)
    credential = logins.fetch(user, chosen.user_name, cluster)
    if credential is not None:
        user = _without_login(user) | credential.fields
    configuration = _configuration(chosen.where, cluster, user, folder)
    if credential is not None and credential.expires is not None:
        configuration.refresh_api_key_hook = _renewing(chosen, cluster, credential)
    tuned = _tuned(configuration, proxy_is_meant="proxy-url" in cluster)
    return LoadedConfig(tuned, chosen.namespace, chosen.impersonation)


def _with_scheme(cluster: Entry) -> Entry:
    """A server may be named without scheme; it is TLS if anything says how to check a certificate."""
    server = str(cluster["server"])
    if "://" in server:
        return cluster | {"server": server}
    secure = any("certificate-authority" in name or name == "insecure-skip-tls-verify" for name in cluster)
    return cluster | {"server": f"http{'s' if secure else ''}://{server}"}


def _without_login(user: Entry) -> Entry:
    return {name: value for name, value in user.items() if name not in ("exec", "auth-provider")}


def _configuration(where: str, cluster: Entry, user: Entry, folder: str | None) -> Any:
    from kubernetes import client, config
    from kubernetes.config.kube_config import KubeConfigLoader

    name = "chosen"
    document = {
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
    }
    configuration = client.Configuration()
    try:
        loader = KubeConfigLoader(document, active_context=name, config_base_path="", temp_file_path=folder)
        loader.load_and_set(configuration)
    except (config.ConfigException, AttributeError, KeyError, TypeError, OSError, ValueError) as error:
        raise ConfigError(f"kubeconfig {where} cannot be used: {_one_line(error)}") from error
    return configuration


def _renewing(chosen: Chosen, cluster: Entry, credential: logins.Credential) -> Callable[[Any], None]:
    """Log in again when the credential has expired; a session on the screen may outlive it."""
    held = [credential]

    def renew(configuration: Any) -> None:
        if not held[0].is_stale:
            return
        fresh = logins.fetch(chosen.user, chosen.user_name, cluster)
        if fresh is None:
            return
        held[0] = fresh
        # A certificate stays: connections use it. Who logs in with one that expired is told so by the server.
        if "token" in fresh.fields:
            configuration.api_key["BearerToken"] = f"Bearer {fresh.fields['token']}"
            _clean_token(configuration)

    return renew


def _tuned(configuration: Any, *, proxy_is_meant: bool = False) -> Any:
    # Retrying is the user's decision: urllib3 would try a dead API server three times before it says so.
    configuration.retries = False
    host = urlsplit(configuration.host).hostname or ""
    if is_loopback(host) and not proxy_is_meant:
        # As Go's clients: a proxy from the environment is not for this machine itself.
        configuration.proxy = None
    _clean_token(configuration)
    refresh = configuration.refresh_api_key_hook
    if refresh is not None:

        def refresh_and_clean(configuration: Any) -> None:
            refresh(configuration)
            # The loader has just put itself back.
            configuration.refresh_api_key_hook = refresh_and_clean
            _clean_token(configuration)

        configuration.refresh_api_key_hook = refresh_and_clean
    return configuration


def _clean_token(configuration: Any) -> None:
    """Token files end in a newline, which kubectl drops; the HTTP client would quote the whole token in its error."""
    token = configuration.api_key.get("BearerToken")
    if token is None:
        return
    token = token.strip()
    if not (token.isascii() and token.isprintable()):
        raise ConfigError("the token in the kubeconfig is no token: it holds characters that no header can carry")
    configuration.api_key["BearerToken"] = token


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
