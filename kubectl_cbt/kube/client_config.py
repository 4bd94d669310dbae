"""Load a kubeconfig and flags, or a pod's service account, and log in.

The Kubernetes client's own loader is not used: it accepts what kubectl rejects, and omits half of what kubectl sends.
"""

from __future__ import annotations

import contextlib
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from kubectl_cbt.address import is_host
from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube import auth, kubeconfig
from kubectl_cbt.kube.api_proxy import proxy_for
from kubectl_cbt.kube.client_tls import client_context
from kubectl_cbt.kube.credentials import HeldCredential
from kubectl_cbt.kube.kubeconfig import ActiveContext, ConfigFlags, Impersonation
from kubectl_cbt.kube.kubeconfig_fields import Entry
from kubectl_cbt.kube.login_kubeconfig import login_kubeconfig

if TYPE_CHECKING:
    from ssl import SSLContext

    from urllib3 import PoolManager

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


PARALLEL_REQUESTS = 16
"""Connections kept open: no command sends more requests at once. Four streams that are opened at once send four each;
of more, urllib3 would warn."""


def _no_authorization() -> str:
    return ""


@dataclass(slots=True)
class Connection:
    """How to connect to an API server.

    Attributes:
        server: URL, without a login and without a slash at its end.
        context: the CAs to trust, and our client certificate.
        verify: whether its certificate is checked.
        server_name: the name to verify in its certificate; None for the URL's host.
        proxy: URL; None for a direct connection.
        proxy_headers: the login for the proxy.
        authorization: returns the Authorization header, renewed when it expires; empty for a login without one.
    """

    server: str
    context: SSLContext
    verify: bool = True
    server_name: str | None = None
    proxy: str | None = field(default=None, repr=False)
    proxy_headers: dict[str, str] | None = field(default=None, repr=False)
    authorization: Callable[[], str] = field(default=_no_authorization, repr=False)

    def pool(self) -> PoolManager:
        """A pool of connections to it; nothing connects yet.

        urllib3's, as in the Kubernetes client, whose own pool takes longer to import than a whole command.
        """
        import urllib3

        settings: dict[str, Any] = {
            # Retrying is the user's decision: urllib3 would try a dead API server three times before it fails.
            "retries": False,
            "maxsize": PARALLEL_REQUESTS,
            "ssl_context": self.context,
            "cert_reqs": "CERT_REQUIRED" if self.verify else "CERT_NONE",
        }
        if self.server_name:
            settings["server_hostname"] = self.server_name
        if self.proxy is None:
            return urllib3.PoolManager(**settings)
        if self.proxy.startswith("socks"):
            from urllib3.contrib.socks import SOCKSProxyManager

            return SOCKSProxyManager(self.proxy, headers=self.proxy_headers, **settings)
        return urllib3.ProxyManager(self.proxy, proxy_headers=self.proxy_headers, **settings)


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A completed login.

    Attributes:
        connection: to the API server.
        namespace: of the context, ``default`` without one.
        kubeconfig: returns a kubeconfig of only this login, with its current credential; for a kubectl child process.
        impersonation: the user to impersonate.
        authority: PEM of the CAs to trust for the server; None for the system's.
        context: name of the context; empty without one.
    """

    connection: Connection
    namespace: str
    kubeconfig: Callable[[], bytes] = field(repr=False)
    impersonation: Impersonation = field(default_factory=Impersonation)
    authority: bytes | None = field(default=None, repr=False)
    context: str = ""


@contextlib.contextmanager
def load_config(
    login: ConfigFlags, hint: str = "set KUBECONFIG or --kubeconfig", *, may_prompt: bool = True
) -> Iterator[LoadedConfig]:
    """Read the kubeconfig, choose the context, log in. Nothing is written, and no file is read twice.

    Args:
        hint: what to do when there is no kubeconfig.
        may_prompt: whether an exec plugin may use the terminal; False while a screen uses it.

    Raises:
        ConfigError: no file, no context, broken YAML, or a login (exec plugin, OIDC) that failed.
    """
    if kubeconfig.has_kubeconfig(login):
        yield _load_context(kubeconfig.select_context(login), may_prompt=may_prompt)
    else:
        yield _load_in_cluster(login, hint)


# In a pod.


def _load_in_cluster(login: ConfigFlags, hint: str) -> LoadedConfig:
    # Only in a pod: the import takes longer than everything else here.
    from kubernetes import client, config
    from kubernetes.config import incluster_config

    if login.context or login.cluster or login.user:
        named = login.context or login.cluster or login.user
        raise ConfigError(f'"{named}" does not exist: there is no kubeconfig', hint="set KUBECONFIG to one")
    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration, try_refresh_token=False)
    except config.ConfigException as error:
        missing = kubeconfig.missing_files()
        named = f": KUBECONFIG names {missing}, which {'do' if ',' in missing else 'does'} not exist" if missing else ""
        raise ConfigError(
            f"no kubeconfig found{named}, and this is not a pod",
            hint=hint,
        ) from error
    user = {"tokenFile": incluster_config.SERVICE_TOKEN_FILENAME}
    if login.token:
        user = {"token": login.token.reveal()}
    cluster: Entry = {"server": configuration.host, "certificate-authority": configuration.ssl_ca_cert}
    namespace = os.environ.get("POD_NAMESPACE") or _POD_NAMESPACE.read_text(encoding="utf-8").strip()
    acting_as = Impersonation(login.as_user, login.as_uid, login.as_groups)
    return _connect(cluster, user, "of this pod", namespace, acting_as)


# With a kubeconfig.


def _load_context(active: ActiveContext, *, may_prompt: bool) -> LoadedConfig:
    auth.check(active.user, active.user_name)
    server, user_of_url = _server(active.cluster["server"])
    cluster = active.cluster | {"server": server}
    # Credentials are sent only over TLS, as in kubectl, except those in the URL.
    user = user_of_url or (active.user if kubeconfig.is_tls(server) else None)
    loaded = _connect(
        cluster, user, active.user_name, active.namespace, active.impersonation, may_prompt=may_prompt
    )  # fmt: skip
    return replace(loaded, context=active.name)


def _connect(
    cluster: Entry,
    user: Entry | None,
    name: str,
    namespace: str,
    acting_as: Impersonation,
    *,
    may_prompt: bool = True,
) -> LoadedConfig:
    """Log in.

    Args:
        user: None for a server that must not receive a credential.
        name: what the kubeconfig calls the user.
        may_prompt: as in :func:`load_config`.
    """
    is_tls = kubeconfig.is_tls(cluster["server"])
    ca = _authority(cluster) if is_tls else None
    if ca:
        # The path may be a pipe: plugins receive what was read from it.
        cluster = cluster | {"certificate-authority": "", "certificate-authority-data": b64encode(ca).decode()}
    verify = not (is_tls and cluster.get("insecure-skip-tls-verify"))
    try:
        context = client_context(ca, verify=verify)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the cluster's certificate-authority cannot be used: {_reason(error)}") from error
    connection = Connection(cluster["server"], context, verify)
    if is_tls:
        connection.server_name = cluster.get("tls-server-name")
    credential = None
    if user is not None:
        credential = _log_in(user, name, cluster, may_prompt=may_prompt)
        connection.authorization = credential.authorization
        _use_certificate(connection, credential)
    connection.proxy, connection.proxy_headers = proxy_for(cluster["server"], cluster.get("proxy-url") or "")

    def for_kubectl() -> bytes:
        return login_kubeconfig(cluster, ca, credential.fields() if credential else {}, acting_as)

    return LoadedConfig(connection, namespace, for_kubectl, acting_as, ca)


def _server(text: str) -> tuple[str, Entry]:
    """The URL with only address and path, and the name and password that it contained."""
    url = _split(text if "://" in text else f"http://{text}")
    if url is None or url.scheme not in ("http", "https") or text != text.strip():
        raise ConfigError(f'the server "{_without_login(text)}" is not an http or https URL')
    address = url.netloc.rpartition("@")[2]
    user: Entry = {}
    if url.username is not None:
        user = {"username": unquote(url.username), "password": unquote(url.password or "")}
    return urlunsplit((url.scheme, address, url.path.rstrip("/"), "", "")), user


def _split(text: str) -> SplitResult | None:
    """The URL; None for a text without a valid host."""
    try:
        url = urlsplit(text)
        host = url.hostname or ""
        # urlsplit has checked an address in brackets.
        return url if url.port != 0 and ("[" in url.netloc or is_host(host)) else None
    except ValueError:
        return None


def _without_login(url: str) -> str:
    return url.rpartition("@")[2]


def _authority(cluster: Entry) -> bytes | None:
    """PEM of the CAs to trust for the server; None for the system's."""
    if cluster.get("certificate-authority-data"):
        return b64decode(cluster["certificate-authority-data"])
    path = cluster.get("certificate-authority")
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"the cluster's certificate-authority cannot be used: {error.strerror}") from error


def _log_in(user: Entry, name: str, cluster: Entry, *, may_prompt: bool) -> HeldCredential:
    first = auth.log_in(user, name, cluster, may_prompt=may_prompt)
    return HeldCredential(first, lambda: auth.log_in(user, name, cluster, may_prompt=False))


def _use_certificate(connection: Connection, credential: HeldCredential) -> None:
    if credential.certificate is None:
        return
    try:
        credential.certificate.load_into(connection.context)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the client certificate or its key cannot be used: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return " ".join((getattr(error, "strerror", None) or str(error)).split())
