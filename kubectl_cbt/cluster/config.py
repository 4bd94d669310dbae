"""Kubeconfig and context to a client: kubectl's rules where the Python client has others."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.model.address import is_loopback

_DEFAULT_KUBECONFIG = "~/.kube/config"


@dataclass(frozen=True, slots=True)
class Login:
    """Which cluster, as whom.

    Attributes:
        kubeconfig: one or several files joined by the path separator; None for KUBECONFIG or the default file.
        context: None for the current context.
    """

    kubeconfig: str | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A kubeconfig read and its login done.

    Attributes:
        configuration: the Kubernetes client's own.
        namespace: of the context, ``default`` when it names none.
    """

    configuration: Any
    namespace: str


@contextlib.contextmanager
def load_config(login: Login) -> Iterator[LoadedConfig]:
    """Read the kubeconfig, choose the context, log in.

    Certificates and keys that stand in the kubeconfig itself become files the client can open; they are gone
    when the block is left.

    Raises:
        ConfigError: no file, no context, broken YAML, or a login (exec plugin, OIDC) that failed.
    """
    paths = _paths(login.kubeconfig)
    if not paths:
        yield _load_in_cluster(login)
        return
    with _key_folder() as folder:
        yield _load_files(paths, login.context, folder)


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


def _paths(kubeconfig: str | None) -> list[Path]:
    """The files that exist; kubectl skips missing ones of a list, but not one named by ``--kubeconfig``."""
    named = kubeconfig or os.environ.get("KUBECONFIG") or _DEFAULT_KUBECONFIG
    paths = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    if kubeconfig:
        missing = [path for path in paths if not path.exists()]
        if missing:
            raise ConfigError(f"kubeconfig {missing[0]}: no such file", hint="check --kubeconfig")
    return [path for path in paths if path.exists()]


def _load_in_cluster(login: Login) -> LoadedConfig:
    from kubernetes import client, config

    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise ConfigError(
            "no kubeconfig found, and this is not a pod of a cluster",
            hint="point KUBECONFIG or --kubeconfig at one, or see how it works without a cluster: kubectl cbt demo",
        ) from error
    if login.context:
        raise ConfigError(f'context "{login.context}" does not exist', hint="in a pod there are no contexts")
    namespace = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    return LoadedConfig(_tuned(configuration), namespace.read_text(encoding="utf-8").strip())


def _load_files(paths: list[Path], context: str | None, folder: str | None) -> LoadedConfig:
    import yaml
    from kubernetes import client, config
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

    where = ", ".join(str(path) for path in paths)
    try:
        merged = KubeConfigMerger(os.pathsep.join(str(path) for path in paths)).config
        chosen = context or _current_context(paths)
        contexts = _entries(merged, "context")
        if not chosen:
            raise ConfigError(f"{where} has no current-context", hint=_contexts_hint(contexts))
        if chosen not in contexts:
            raise ConfigError(f'context "{chosen}" does not exist in {where}', hint=_contexts_hint(contexts))
        loader = KubeConfigLoader(
            merged, active_context=chosen, config_base_path=None, config_persister=None, temp_file_path=folder
        )
        configuration = client.Configuration()
        with _login_messages() as messages:
            loader.load_and_set(configuration)
    except (config.ConfigException, yaml.YAMLError, AttributeError, KeyError, TypeError, OSError, ValueError) as error:
        raise ConfigError(f"kubeconfig {where} cannot be used: {_one_line(error)}") from error
    _reject_failed_login(merged, contexts[chosen], configuration, messages)
    cluster = _entries(merged, "cluster").get(contexts[chosen].get("cluster", ""), {})
    tuned = _tuned(configuration, proxy_is_meant="proxy-url" in cluster)
    return LoadedConfig(tuned, contexts[chosen].get("namespace") or "default")


def _current_context(paths: list[Path]) -> str:
    """The first file that names one wins, as with kubectl; the Python client would take the last."""
    import yaml

    for path in paths:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if document.get("current-context"):
            return str(document["current-context"])
    return ""


def _entries(merged: Any, what: str) -> dict[str, dict[str, Any]]:
    """The contexts or users of a merged kubeconfig by name."""
    nodes = (node.value for node in merged.value.get(f"{what}s") or ())
    return {entry["name"]: entry.get(what) or {} for entry in nodes}


def _contexts_hint(contexts: dict[str, Any]) -> str:
    if not contexts:
        return "it holds no contexts at all"
    return "choose one with --context: " + ", ".join(sorted(contexts))


@contextlib.contextmanager
def _login_messages() -> Iterator[list[str]]:
    """What the client logs while it logs in: it reports a failing exec plugin nowhere else."""
    messages: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    root, handler = logging.getLogger(), Collect(logging.ERROR)
    root.addHandler(handler)
    try:
        yield messages
    finally:
        root.removeHandler(handler)


def _reject_failed_login(merged: Any, context: dict[str, Any], configuration: Any, messages: list[str]) -> None:
    """Without this a failed plugin's request would go out anonymous, and the answer be a puzzling 403."""
    user = _entries(merged, "user").get(context.get("user", ""), {})
    logged_in = configuration.api_key.get("BearerToken") or configuration.cert_file
    if "exec" in user and not logged_in:
        command = user["exec"].get("command", "?")
        said = f": {_one_line(messages[-1])}" if messages else ""
        raise ConfigError(
            f'the login command "{command}" of user "{context.get("user")}" failed{said}',
            hint="run it by hand, or try: kubectl auth whoami",
        )


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
