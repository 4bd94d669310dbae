"""Kubeconfigs as kubectl reads them: which files, how they merge, what flags override, which context is active.

The Python client has its own rules for all of these (the last current-context wins, impersonation is ignored, there are
no flags), so it is not used for this. No file is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube.kubeconfig_fields import Entry, check_readable, problems
from kubectl_cbt.kube.yaml_documents import load_yaml
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.system.paths import expanded
from kubectl_cbt.utf8 import is_utf8

_DEFAULT_KUBECONFIG = Path(".kube", "config")
"""In the home directory; in the current directory if there is no home, as in kubectl."""
_KINDS = ("cluster", "user", "context")
_FILES_OF = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}
"""Fields that name files, relative to their kubeconfig."""


@dataclass(frozen=True, slots=True)
class ConfigFlags:
    """kubectl's flags for cluster and user. An empty one is the same as one that is not given."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    user: str = ""
    server: str = field(default="", repr=False)  # a URL may contain a password
    token: Secret = field(default_factory=lambda: Secret(""))
    certificate_authority: str = ""
    client_certificate: str = ""
    client_key: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    as_user: str = ""
    as_uid: str = ""
    as_groups: tuple[str, ...] = ()


_MAX_CHOICES = 20
"""Names that a hint lists."""

_SAFE_IN_HEADER_NAMES = "!#$&'*+^`|"


def _header(value: str) -> str:
    """Python's HTTP clients encode Latin-1; API servers decode UTF-8."""
    return value.strip(" \t").encode().decode("latin-1")


@dataclass(frozen=True, slots=True)
class Impersonation:
    """The user to impersonate; ``user`` is empty for none."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    def headers(self) -> Iterator[tuple[str, str]]:
        """Header lines, their values as Latin-1 of the UTF-8 bytes; several groups are several lines."""
        from urllib.parse import quote

        if self.user:
            yield "Impersonate-User", _header(self.user)
        if self.uid:
            yield "Impersonate-Uid", _header(self.uid)
        for group in self.groups:
            yield "Impersonate-Group", _header(group)
        for key, value in self.extra:
            yield f"Impersonate-Extra-{quote(key, safe=_SAFE_IN_HEADER_NAMES)}", _header(value)


@dataclass(frozen=True, slots=True)
class ActiveContext:
    """The context that files and flags select.

    Attributes:
        name: empty without one.
        where: the files, for messages.
        cluster: its paths are absolute, as in ``user``.
        user_name: name of the user in the kubeconfig; empty without one.
    """

    name: str
    where: str
    cluster: Entry = field(repr=False)
    user: Entry = field(repr=False)
    user_name: str
    namespace: str
    impersonation: Impersonation


@dataclass(frozen=True, slots=True)
class KubeconfigNames:
    """The names that a kubeconfig defines."""

    contexts: list[str]
    clusters: list[str]
    users: list[str]


@dataclass(slots=True)
class _Merged:
    where: str
    current_context: str = ""
    entries: dict[str, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})


def has_kubeconfig(login: ConfigFlags) -> bool:
    """Whether there is a file to read, or a server that needs none."""
    return bool(_given_server(login) or _paths(login.kubeconfig))


def names(kubeconfig: str | None) -> KubeconfigNames:
    """All names, in the order of the files.

    Raises:
        ConfigError: a file cannot be read.
    """
    entries = _merge(kubeconfig or "").entries
    return KubeconfigNames(*(list(entries[kind]) for kind in ("context", "cluster", "user")))


def user_entries(kubeconfig: str) -> list[Entry]:
    """The entries of all users, which contain secrets.

    Raises:
        ConfigError: a file cannot be read.
    """
    return list(_merge(kubeconfig).entries["user"].values())


def select_context(login: ConfigFlags) -> ActiveContext:
    """Merge the files, select the context, and apply the flags.

    Raises:
        ConfigError: no context, a name that does not exist, contradictory flags, or an invalid file.
    """
    merged = _merge(login.kubeconfig)
    context = _context(merged, login)
    cluster = _find_entry(merged, "cluster", login.cluster, context, needed=not _given_server(login))
    cluster = _override_cluster(cluster, login)
    # With a login from flags, or without a need for one, the context's user may be missing.
    needs_user = is_tls(cluster["server"]) and not (login.token or login.client_certificate)
    user = _find_entry(merged, "user", login.user, context, needed=needs_user)
    return ActiveContext(
        name=login.context or merged.current_context,
        where=merged.where,
        cluster=cluster,
        user=_override_user(user, login),
        user_name=login.user or context.get("user") or "",
        namespace=context.get("namespace") or "default",
        impersonation=_impersonation(user, login),
    )


def is_tls(server: str) -> bool:
    """Whether a server uses TLS; one without a scheme does not, as in kubectl."""
    return server.lower().startswith("https://")


def _given_server(login: ConfigFlags) -> str:
    """The server from a flag or from kubectl's oldest variable, which needs no kubeconfig."""
    return login.server or os.environ.get("KUBERNETES_MASTER", "")


def _paths(kubeconfig: str) -> list[Path]:
    """The files that exist; kubectl skips missing ones of KUBECONFIG, but not the one named by ``--kubeconfig``.

    Expanding a tilde is left to the shell: kubectl treats a remaining one as the name of a folder.
    """
    if kubeconfig:
        path = Path(kubeconfig)
        if not path.exists():
            raise ConfigError(f"kubeconfig {path}: no such file", hint="check --kubeconfig")
        return [path]
    named = os.environ.get("KUBECONFIG") or _default_kubeconfig()
    paths = [Path(part) for part in named.split(os.pathsep) if part]
    return [path for path in dict.fromkeys(paths) if path.exists()]


def _default_kubeconfig() -> str:
    home = expanded("~")
    return str(_DEFAULT_KUBECONFIG if home == Path("~") else home / _DEFAULT_KUBECONFIG)


def missing_files() -> str:
    """The files in KUBECONFIG, for the message when none of them exists; empty when it is not set."""
    named = os.environ.get("KUBECONFIG") or ""
    return ", ".join(dict.fromkeys(part for part in named.split(os.pathsep) if part))


def _merge(kubeconfig: str) -> _Merged:
    """Merge by name: the first file that defines a name wins."""
    paths = _paths(kubeconfig)
    merged = _Merged(where=", ".join(map(str, paths)) or "the flags")
    for path in paths:
        document = _read(path)
        merged.current_context = merged.current_context or document.get("current-context") or ""
        for kind in _KINDS:
            for name, entry in _entries(document, kind, path).items():
                merged.entries[kind].setdefault(name, entry)
    return merged


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = load_yaml(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"kubeconfig {path} cannot be used: {error.strerror}") from error
    except (yaml.YAMLError, RecursionError) as error:
        # Not the parser's message: it quotes the file, which contains keys.
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise ConfigError(f"kubeconfig {path} cannot be used: it is not YAML{line}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _unusable(path, "it is not a kubeconfig")
    for name, wanted in (("apiVersion", "v1"), ("kind", "Config"), ("current-context", None)):
        found = document.get(name)
        if not isinstance(found, str | None) or (wanted and found not in (None, "", wanted)):
            raise _unusable(path, f"{name} is not {wanted or 'a string'}")
    return document


def _entries(document: dict[str, Any], kind: str, path: Path) -> dict[str, Entry]:
    items = _or_empty(document.get(f"{kind}s"), [])
    if not isinstance(items, list):
        raise _unusable(path, f"{kind}s is not a list")
    found: dict[str, Entry] = {}
    for item in items:
        if item is None:
            item = {}  # as in kubectl: an entry with an empty name
        if not isinstance(item, dict):
            raise _unusable(path, f"an entry of {kind}s is not a mapping")
        entry, name = _or_empty(item.get(kind), {}), _or_empty(item.get("name"), "")
        if not isinstance(entry, dict) or not isinstance(name, str):
            # YAML reads yes, no, on, off, y and n as booleans.
            raise _unusable(path, f"an entry of {kind}s has no {kind}, or a name that must be a string: quote it")
        if name in found:
            raise _unusable(path, f'{kind}s contains "{name}" twice')
        # All of them, as in kubectl: one invalid entry invalidates the file.
        for field_name, problem in problems(entry, kind):
            raise _unusable(path, f'{field_name} of {kind} "{name}" {problem}')
        found[name] = _with_absolute_paths(entry, kind, path.parent)
    return found


def _or_empty(value: Any, empty: Any) -> Any:
    """Only null is the same as a missing value: false and zero are values of another type."""
    return empty if value is None else value


def _with_absolute_paths(entry: Entry, kind: str, folder: Path) -> Entry:
    entry = dict(entry)
    for name in _FILES_OF.get(kind, ()):
        if entry.get(name):
            entry[name] = str(folder.absolute() / entry[name])
    command = (entry.get("exec") or {}).get("command")
    if kind == "user" and command and os.sep in command:
        # A name without a slash is searched on PATH.
        entry["exec"] = entry["exec"] | {"command": str(folder.absolute() / command)}
    return entry


def _context(merged: _Merged, login: ConfigFlags) -> Entry:
    name = login.context or merged.current_context
    contexts = merged.entries["context"]
    if not name:
        if _given_server(login) or login.cluster:
            return {}
        raise ConfigError(f"{merged.where} has no current-context", hint=_choices("context", contexts))
    if name not in contexts:
        raise ConfigError(f'context "{name}" does not exist in {merged.where}', hint=_choices("context", contexts))
    return contexts[name]


def _find_entry(merged: _Merged, kind: str, flag: str, context: Entry, *, needed: bool) -> Entry:
    name = flag or context.get(kind) or ""
    entries = merged.entries[kind]
    if name in entries:
        return entries[name]
    if flag:
        raise ConfigError(f'{kind} "{name}" does not exist in {merged.where}', hint=_choices(kind, entries))
    if name and needed:
        raise ConfigError(
            f'{merged.where} cannot be used: {kind} "{name}" of the context does not exist',
            hint=_choices(kind, entries),
        )
    return {}


def _choices(kind: str, entries: dict[str, Entry]) -> str:
    named = sorted(name for name in entries if name)
    if not named:
        return f"it defines no {kind}s"
    shown = ", ".join(map(_quoted, named[:_MAX_CHOICES]))
    more = f" and {len(named) - _MAX_CHOICES} more" if len(named) > _MAX_CHOICES else ""
    return f"choose one with --{kind}: {shown}{more}"


def _quoted(name: str) -> str:
    """Quoted if the name alone would be unreadable."""
    return name if name.isprintable() and name == name.strip() else repr(name)


def _override_cluster(cluster: Entry, login: ConfigFlags) -> Entry:
    cluster = dict(cluster)
    if login.server:
        cluster["server"] = login.server
    if login.server or login.tls_server_name:
        # The name in the kubeconfig belongs to its own server.
        cluster["tls-server-name"] = login.tls_server_name
    if login.insecure_skip_tls_verify or login.certificate_authority:
        cluster.pop("certificate-authority-data", None)
        cluster["certificate-authority"] = _absolute(login.certificate_authority)
        cluster["insecure-skip-tls-verify"] = login.insecure_skip_tls_verify
    cluster = {"server": _given_server(login)} | {name: value for name, value in cluster.items() if value}
    if not cluster["server"]:
        raise ConfigError("the cluster has no server", hint="set it in the kubeconfig, or with --server")
    path, data = cluster.get("certificate-authority"), cluster.get("certificate-authority-data")
    if path and data:
        raise ConfigError("certificate-authority and certificate-authority-data are mutually exclusive")
    if (path or data) and cluster.get("insecure-skip-tls-verify") and is_tls(cluster["server"]):
        raise ConfigError("a certificate authority and --insecure-skip-tls-verify are mutually exclusive")
    if path:
        check_readable("certificate-authority", path)
    return cluster


def _override_user(user: Entry, login: ConfigFlags) -> Entry:
    """Flags override fields, as in kubectl 1.36 and later: a file from a flag also replaces the data field."""
    user = dict(user)
    if login.token:
        user["token"] = login.token.reveal()
    for name, path in (("client-certificate", login.client_certificate), ("client-key", login.client_key)):
        if path:
            user[name] = _absolute(path)
            user.pop(f"{name}-data", None)
    return user


def _impersonation(user: Entry, login: ConfigFlags) -> Impersonation:
    extra = user.get("as-user-extra") or {}
    found = Impersonation(
        user=login.as_user or user.get("as") or "",
        uid=login.as_uid or user.get("as-uid") or "",
        groups=login.as_groups or tuple(group or "" for group in user.get("as-groups") or ()),
        extra=tuple((key, value or "") for key, values in sorted(extra.items()) for value in values or ()),
    )
    if not found.user and (found.uid or found.groups or found.extra):
        raise ConfigError("a uid or groups to impersonate, but no user", hint="add --as NAME")
    texts = (found.user, found.uid, *found.groups, *(value for _, value in found.extra))
    keys = (key for key, _ in found.extra)
    if any(character < " " or character == "\x7f" for text in texts for character in text.strip("\t")) or any(
        not is_utf8(text) for text in (*texts, *keys)
    ):
        raise ConfigError("the user to impersonate contains characters not allowed in an HTTP header")
    return found


def _absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(f"kubeconfig {path} cannot be used: {why}")
