"""Logins by an exec plugin (``client.authentication.k8s.io``)."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube.credentials import Credential
from kubectl_cbt.kube.kubeconfig_fields import Entry
from kubectl_cbt.kube.yaml_documents import load_yaml
from kubectl_cbt.system.programs import ProgramInCurrentDirectory, ProgramNotFound, find_program
from kubectl_cbt.units import parse_time

_WHOAMI = "try: kubectl auth whoami"
_API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_MODES = ("Never", "IfAvailable", "Always")
_CLUSTER_FIELDS = (
    *("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data", "proxy-url"),
    "disable-compression",
)
"""Fields of a cluster that plugins may receive; the others are internal to the kubeconfig."""


def problems(plugin: Entry) -> Iterator[str]:
    """What is wrong with the kubeconfig's ``exec``, one clause each."""
    if not plugin.get("command"):
        yield "exec needs a command"
    if plugin.get("apiVersion") not in _API_VERSIONS:
        yield f"exec needs an apiVersion that kubectl supports, one of {', '.join(_API_VERSIONS)}"
    if _mode(plugin) not in _MODES:
        yield f"exec needs an interactiveMode, one of {', '.join(_MODES)}"


def log_in_by_plugin(plugin: Entry, name: str, cluster: Entry, *, may_prompt: bool) -> Credential:
    """Run the plugin and read the credential that it prints.

    Args:
        name: what the kubeconfig calls the user.
        may_prompt: whether the plugin may use the terminal.

    Raises:
        ConfigError: the plugin failed, or printed no credential.
    """
    failed = f'the login command "{plugin["command"]}" of user "{name}" failed'
    interactive = _mode(plugin) != "Never" and may_prompt and sys.stdin is not None and sys.stdin.isatty()
    if _mode(plugin) == "Always" and not interactive:
        why = "standard input is not a terminal" if may_prompt else "a screen uses the terminal"
        raise ConfigError(f"{failed}: it needs to prompt, and {why}", hint=_WHOAMI)
    environment = os.environ | {item["name"]: item.get("value") or "" for item in plugin.get("env") or ()}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(_exec_info(plugin, cluster, interactive=interactive))
    try:
        ran = subprocess.run(  # noqa: S603  # the user's own command, from the user's own file
            [plugin["command"], *(argument or "" for argument in plugin.get("args") or ())],
            executable=find_program(plugin["command"]),
            env=environment,
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # Its messages are for the user, whether it succeeds or not: where to log in, with which code.
            stderr=None if may_prompt else subprocess.PIPE,
            check=False,
        )
    except ProgramInCurrentDirectory as error:
        raise ConfigError(
            f"{failed}: {error}", hint="remove that entry from PATH, or give the command's path"
        ) from None
    except (FileNotFoundError, ProgramNotFound) as error:
        hint = str(plugin.get("installHint") or f"is it installed, and on PATH? {_WHOAMI}").strip()
        raise ConfigError(f"{failed}: it was not found", hint=hint) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{failed}: {getattr(error, 'strerror', None) or error}", hint=_WHOAMI) from error
    if ran.returncode:
        from kubectl_cbt.security.redact import redact_line

        message = redact_line((ran.stderr or b"").decode("utf-8", "replace"))
        code = f"it exited with {ran.returncode}" + (f": {message}" if message else "")
        raise ConfigError(f"{failed}: {code}", hint=f"run it yourself, or {_WHOAMI}")
    return _printed_credential(ran.stdout, plugin["apiVersion"], failed)


def _mode(plugin: Entry) -> str:
    """Only v1 requires one."""
    return plugin.get("interactiveMode") or ("IfAvailable" if plugin.get("apiVersion") == _API_VERSIONS[1] else "")


def _exec_info(plugin: Entry, cluster: Entry, *, interactive: bool) -> Entry:
    spec: Entry = {"interactive": interactive}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = _cluster_info(cluster)
    return {"kind": "ExecCredential", "apiVersion": plugin["apiVersion"], "spec": spec}


def _cluster_info(cluster: Entry) -> Entry:
    """For ``provideClusterInfo``: the CA and not its path, because a plugin may not be able to read our files."""
    info = {name: cluster[name] for name in _CLUSTER_FIELDS if cluster.get(name)}
    for extension in cluster.get("extensions") or ():
        if extension and extension.get("name") == "client.authentication.k8s.io/exec":
            info["config"] = extension.get("extension")
    return info


def _printed_credential(printed: bytes, version: str, failed: str) -> Credential:
    """The credential that a plugin printed. Nothing that it printed may be quoted."""
    answer = _parsed(printed)
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise ConfigError(f"{failed}: its output is not an ExecCredential", hint=_WHOAMI)
    if answer.get("apiVersion") != version:
        raise ConfigError(f"{failed}: its output is not of the requested version {version}", hint=_WHOAMI)
    status = answer.get("status")
    status = status if isinstance(status, dict) else {}
    token, certificate, key = (status.get(f) or "" for f in ("token", "clientCertificateData", "clientKeyData"))
    if not all(isinstance(text, str) for text in (token, certificate, key)) or not (token or certificate or key):
        raise ConfigError(f"{failed}: it returned neither a token nor a certificate with its key", hint=_WHOAMI)
    if bool(certificate) != bool(key):
        raise ConfigError(f"{failed}: it returned a certificate or a key, but not both", hint=_WHOAMI)
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
        raise ConfigError(f"{failed}: its expirationTimestamp is not a time", hint=_WHOAMI) from None


def _base64(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()
