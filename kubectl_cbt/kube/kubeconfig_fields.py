"""The types of a kubeconfig's fields. kubectl rejects a file with a value of another type in any of them.

Accepting it would be dangerous: ``insecure-skip-tls-verify: "false"`` would be true.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubectl_cbt.errors import ConfigError

Entry = dict[str, Any]
"""A named entry of a kubeconfig: a cluster, a user or a context."""

_TEXTS = {
    "context": ("cluster", "user", "namespace"),
    "cluster": ("server", "tls-server-name", "certificate-authority", "certificate-authority-data", "proxy-url"),
    "user": (
        *("client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile"),
        *("username", "password", "as", "as-uid"),
    ),
    "exec": ("command", "apiVersion", "installHint", "interactiveMode"),
    "auth-provider": ("name",),
}
_SWITCHES = ("insecure-skip-tls-verify", "disable-compression", "provideClusterInfo")

Problem = tuple[str, str]
"""A field and what is wrong with it; never its value, which may be a key."""


def problems(entry: Entry, kind: str) -> Iterator[Problem]:
    """Values of a wrong type: YAML reads some unquoted values as numbers or booleans.

    Args:
        kind: ``context``, ``cluster`` or ``user``.
    """
    for name in _TEXTS[kind]:
        if not isinstance(entry.get(name), str | None):
            yield name, "must be a string: quote it"
        elif name.endswith("-data") and not _is_base64(entry.get(name) or ""):
            yield name, "is not base64"
    for name in _SWITCHES:
        if not isinstance(entry.get(name), bool | None):
            yield name, "is neither true nor false"
    if not _are_extensions(entry.get("extensions")):
        yield "extensions", "is not a list of names and extensions"
    if kind == "user":
        yield from _problems_of_user(entry)


def _problems_of_user(user: Entry) -> Iterator[Problem]:
    extra, plugin, provider = (user.get(name) for name in ("as-user-extra", "exec", "auth-provider"))
    if not _are_texts(user.get("as-groups")):
        yield "as-groups", "is not a list of strings"
    if not isinstance(extra, dict | None) or not all(map(_are_texts, (extra or {}).values())):
        yield "as-user-extra", "does not contain lists of strings"
    for name, inner in (("exec", plugin), ("auth-provider", provider)):
        if not isinstance(inner, dict | None):
            yield name, "is not a mapping"
        else:
            yield from ((f"{name}.{field_name}", problem) for field_name, problem in problems(inner or {}, name))
    if isinstance(plugin, dict) and not (_are_texts(plugin.get("args")) and _are_variables(plugin.get("env"))):
        yield "exec", "has non-string args, or env entries without string name and value"
    config = provider.get("config") if isinstance(provider, dict) else None
    if not isinstance(config, dict | None) or not _are_texts(list((config or {}).values())):
        yield "auth-provider.config", "does not contain strings"


def _are_texts(values: Any) -> bool:
    # A missing value after its name is an empty one.
    return values is None or (isinstance(values, list) and all(isinstance(value, str | None) for value in values))


def _are_extensions(items: Any) -> bool:
    return items is None or (
        isinstance(items, list)
        and all(item is None or (isinstance(item, dict) and isinstance(item.get("name"), str | None)) for item in items)
    )


def _are_variables(items: Any) -> bool:
    return items is None or (
        isinstance(items, list)
        and all(isinstance(item, dict) and item.get("name") and _are_texts(list(item.values())) for item in items)
    )


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return False
    return True


def check_readable(name: str, path: str) -> None:
    """Check a file as kubectl does: before any request, even if it will not be used.

    Raises:
        ConfigError: the file of the field ``name`` cannot be opened.
    """
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise ConfigError(f"{name} {path} cannot be read: {error.strerror}") from error
