"""The archive that ``bug-report`` writes: what a maintainer needs to know, with secrets masked."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kubectl_cbt.core.options import ClusterOptions, ServiceOptions
from kubectl_cbt.errors import CbtError, OutputError, UsageError

_SHOWN_VARIABLES = ("TERM", "COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR")
_NAMED_VARIABLES = ("KUBECONFIG", "CSI_ENDPOINT", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
_NAMED_PREFIXES = ("KUBECTL_CBT_",)
_SECRET_FIELDS = ("token", "password", "client-key-data")
_PROVIDER_SECRETS = ("id-token", "refresh-token", "access-token", "client-secret")
_COPIED_BYTES = 1 << 20
_LARGEST_MESSAGE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchivePart:
    """One file of the archive.

    Attributes:
        purpose: what it contains, for the list that the user sees.
        data: the content, or the path of a file to copy.
    """

    name: str
    purpose: str
    data: bytes | Path

    @property
    def size_bytes(self) -> int:
        """The size of the content."""
        return len(self.data) if isinstance(self.data, bytes) else self.data.stat().st_size


def about_this_machine(environment: Mapping[str, str]) -> dict[str, Any]:
    """The operating system and the terminal.

    Of variables that can contain names, paths or logins only the names are included.
    """
    named = [name for name in environment if name in _NAMED_VARIABLES or name.startswith(_NAMED_PREFIXES)]
    size = os.get_terminal_size(2) if os.isatty(2) else None
    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "python": sys.version,
        "filesystemEncoding": sys.getfilesystemencoding(),
        "terminal": f"{size.columns}x{size.lines}" if size else None,
        "environment": {name: environment[name] for name in _SHOWN_VARIABLES if name in environment},
        "variablesThatAreSet": sorted(named),
    }


class Redaction:
    """Removes secrets from everything that enters an archive: by form, by name, and the given ones by value."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        # Longest first: a secret can contain another one.
        self._secrets = sorted(set(secrets), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without quoted user names, the home directory, the given secrets and all that can be recognised."""
        from kubectl_cbt.security.redact import redact_for_publication, without

        return redact_for_publication(without(text, self._secrets))

    def value(self, value: Any) -> Any:
        """A JSON value with each of its texts redacted; names of fields stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self.value(item) for name, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list) else value

    def json(self, value: Any) -> bytes:
        """A JSON document of the redacted value."""
        import orjson

        return orjson.dumps(self.value(value), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def known_secrets(cluster: ClusterOptions, service: ServiceOptions) -> list[str]:
    """The secrets of the flags, of the kubeconfig and of the files that the flags name.

    A kubeconfig or file that cannot be read adds none: ``doctor`` reports it.
    """
    from kubectl_cbt.core.csi_connector import read_secrets
    from kubectl_cbt.kube.kubeconfig import user_entries

    def of_flags() -> Iterator[str]:
        yield cluster.token

    def of_token_file() -> Iterator[str]:
        if service.token_file is not None:
            yield service.token_file.read_text(encoding="utf-8").strip()

    def of_driver() -> Iterator[str]:
        if service.secrets_file is not None:
            yield from (secret.reveal() for secret in read_secrets(service.secrets_file).values())

    def of_kubeconfig() -> Iterator[str]:
        # Of all users: which of them is used is unknown when the kubeconfig is what is broken.
        for user in user_entries(cluster.kubeconfig):
            yield from _secrets_of_user(user)

    found: list[str] = []
    for secrets in (of_flags, of_token_file, of_driver, of_kubeconfig):
        with contextlib.suppress(CbtError, OSError, UnicodeDecodeError):
            found += filter(None, secrets())
    return found


def _secrets_of_user(user: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in a kubeconfig's entry for a user: its login, and what it passes to plugins."""
    yield from (str(user[name]) for name in _SECRET_FIELDS if user.get(name))
    config = _mapping(_mapping(user.get("auth-provider")).get("config"))
    yield from (str(value) for name, value in config.items() if name in _PROVIDER_SECRETS)
    variables = _mapping(user.get("exec")).get("env")
    for variable in variables if isinstance(variables, list) else ():
        yield str(_mapping(variable).get("value") or "")


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value; empty if it has another type, as in a kubeconfig that is broken."""
    return value if isinstance(value, dict) else {}


def error_message(data: BinaryIO, name: str) -> str:
    """The message of a command that failed, as it was written to stderr.

    Raises:
        UsageError: it is too large to be one.
    """
    content = data.read(_LARGEST_MESSAGE_BYTES + 1)
    if len(content) > _LARGEST_MESSAGE_BYTES:
        raise UsageError(f"{name} is larger than 1 MiB: give only the messages of the command that failed")
    return content.decode(errors="replace")


def write_archive(path: Path, parts: Sequence[ArchivePart]) -> None:
    """Write the parts to a new file that only this user can read; a failure leaves no file.

    Raises:
        UsageError: the file exists.
        OutputError: it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{path} exists: name a new file with --file") from error
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in parts:
                _add(archive, part)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(f"{path}: {error.strerror}") from error
        raise


def _add(archive: zipfile.ZipFile, part: ArchivePart) -> None:
    if isinstance(part.data, bytes):
        archive.writestr(part.name, part.data)
        return
    with part.data.open("rb") as source, archive.open(part.name, "w", force_zip64=True) as target:
        while piece := source.read(_COPIED_BYTES):
            target.write(piece)
