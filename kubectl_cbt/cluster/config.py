"""From what a kubeconfig and flags come to, to a client that is logged in; in a pod without one, from its account.

The client's own loader is not used: it takes what kubectl refuses, and drops half of what kubectl sends.
"""

from __future__ import annotations

import base64
import contextlib
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from kubectl_cbt.cluster import kubeconfig, logins
from kubectl_cbt.cluster.connection import Connection
from kubectl_cbt.cluster.kubeconfig import Chosen, Entry, Impersonation, Login
from kubectl_cbt.cluster.proxies import proxy_for
from kubectl_cbt.errors import ConfigError

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A login that is done.

    Attributes:
        connection: to the API server.
        namespace: of the context, ``default`` when it names none.
        impersonation: whom to act as.
    """

    connection: Connection
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
def _key_folder() -> Iterator[Path | None]:
    """A folder for keys, None where there can be none: most kubeconfigs need none, and a pod may be read-only."""
    try:
        folder = TemporaryDirectory(prefix="kubectl-cbt-")
    except OSError:
        yield None
        return
    with folder as path:
        yield Path(path)


# In a pod.


def _load_in_cluster(login: Login) -> LoadedConfig:
    # Only in a pod: importing it takes longer than all that is done here.
    from kubernetes import client, config
    from kubernetes.config import incluster_config

    if login.context or login.cluster or login.user:
        named = login.context or login.cluster or login.user
        raise ConfigError(f'"{named}" does not exist: there is no kubeconfig', hint="point KUBECONFIG at one")
    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration, try_refresh_token=False)
    except config.ConfigException as error:
        raise ConfigError(
            "no kubeconfig found, and this is not a pod of a cluster",
            hint="point KUBECONFIG or --kubeconfig at one, or see how it works without a cluster: kubectl cbt demo",
        ) from error
    user = {"tokenFile": incluster_config.SERVICE_TOKEN_FILENAME}
    if login.token:
        user = {"token": login.token.reveal()}
    cluster: Entry = {"server": configuration.host}
    connection = Connection(configuration.host, ca_file=configuration.ssl_ca_cert)
    _log_in(connection, user, "of this pod", cluster, None)
    namespace = os.environ.get("POD_NAMESPACE") or _POD_NAMESPACE.read_text(encoding="utf-8").strip()
    acting_as = Impersonation(login.as_user, login.as_uid, login.as_groups)
    return LoadedConfig(_by_proxy(connection, cluster), namespace, acting_as)


# With a kubeconfig.


def _load_chosen(chosen: Chosen, folder: Path | None) -> LoadedConfig:
    logins.check(chosen.user, chosen.user_name)
    server, user_of_url = _server(chosen.cluster["server"])
    cluster = chosen.cluster | {"server": server}
    connection = Connection(server)
    if kubeconfig.is_tls(server):
        _trust(connection, cluster, folder)
    if user_of_url or kubeconfig.is_tls(server):
        # Credentials are for TLS only, in kubectl too; but not those that stand in the address.
        _log_in(connection, user_of_url or chosen.user, chosen.user_name, cluster, folder)
    return LoadedConfig(_by_proxy(connection, cluster), chosen.namespace, chosen.impersonation)


def _server(text: str) -> tuple[str, Entry]:
    """The URL without what it may hold beside address and path, and a name and password that stood in it."""
    url = urlsplit(text if "://" in text else f"http://{text}")
    if not _is_address(url) or url.scheme not in ("http", "https") or text != text.strip():
        raise ConfigError(f'the server "{_without_login(text)}" is no http or https URL')
    address = url.netloc.rpartition("@")[2]
    user: Entry = {}
    if url.username is not None:
        user = {"username": unquote(url.username), "password": unquote(url.password or "")}
    return urlunsplit((url.scheme, address, url.path.rstrip("/"), "", "")), user


def _is_address(url: SplitResult) -> bool:
    try:
        return bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def _without_login(url: str) -> str:
    return url.rpartition("@")[2]


def _trust(connection: Connection, cluster: Entry, folder: Path | None) -> None:
    """Whose certificate the server may show."""
    path = cluster.get("certificate-authority")
    if cluster.get("certificate-authority-data"):
        path = _file(cluster["certificate-authority-data"], "certificate-authority", folder)
    connection.verify = not cluster.get("insecure-skip-tls-verify")
    connection.server_name = cluster.get("tls-server-name")
    connection.ca_file = path
    if path:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except (OSError, ValueError) as error:
            raise ConfigError(f"the cluster's certificate-authority cannot be used: {_reason(error)}") from error


def _log_in(connection: Connection, user: Entry, name: str, cluster: Entry, folder: Path | None) -> None:
    credential = logins.fetch(user, name, cluster)
    _use_certificate(connection, credential.fields, folder)
    authorization = _authorization(credential.fields)
    connection.authorization = lambda: authorization
    if credential.expires is not None:
        connection.authorization = _renewing(user, name, cluster, credential)


def _authorization(fields: Entry) -> str:
    """The header of that name; empty when the login is of another kind."""
    if fields.get("username"):
        text = f"{fields['username']}:{fields['password']}"
        return f"Basic {base64.b64encode(text.encode()).decode()}"
    if fields.get("token"):
        token = fields["token"].rstrip(" \t")
        if not (token.isascii() and token.isprintable()):
            # The HTTP client would quote the whole token in its error.
            raise ConfigError("the token in the kubeconfig is no token: it holds characters that no header can carry")
        return f"Bearer {token}"
    return ""


def _use_certificate(connection: Connection, fields: Entry, folder: Path | None) -> None:
    paths = [
        _file(fields[f"{kind}-data"], kind, folder) if fields.get(f"{kind}-data") else fields.get(kind)
        for kind in ("client-certificate", "client-key")
    ]
    if not all(paths):
        return
    try:
        # Here, where it can be said what is wrong. OpenSSL would ask the terminal for the password of a key.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(str(paths[0]), paths[1], password=lambda: "-")
    except (OSError, ValueError) as error:
        raise ConfigError(f"the client certificate or its key cannot be used: {_reason(error)}") from error
    connection.certificate_file, connection.key_file = paths


def _file(data: str, name: str, folder: Path | None) -> str:
    """The path of a new file that holds base64 PEM."""
    if folder is None:
        raise ConfigError(f"{name}-data needs a folder for temporary files (TMPDIR)")
    path = folder / name
    path.touch(mode=0o600)
    path.write_bytes(base64.b64decode(data))
    return str(path)


def _renewing(user: Entry, name: str, cluster: Entry, credential: logins.Credential) -> Callable[[], str]:
    """Log in again when the credential has expired; a session on the screen may outlive it."""
    held = [credential]
    authorizations = [_authorization(credential.fields)]
    lock = threading.Lock()  # one login for requests that come at the same time

    def renewed() -> str:
        with lock:
            if held[0].is_stale:
                held[0] = logins.fetch(user, name, cluster, may_ask=False)
                # A certificate stays: connections use it. Who logs in with one that expired is told by the server.
                authorizations[0] = _authorization(held[0].fields) or authorizations[0]
            return authorizations[0]

    return renewed


def _by_proxy(connection: Connection, cluster: Entry) -> Connection:
    connection.proxy, connection.proxy_headers = proxy_for(cluster["server"], cluster.get("proxy-url") or "")
    return connection


def _reason(error: Exception) -> str:
    return " ".join((getattr(error, "strerror", None) or str(error)).split())
