"""The file of settings: ``config.toml`` in the folder ``kubectl-cbt`` of the user's configuration."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubectl_cbt.system.paths import expanded

_LARGEST_BYTES = 1 << 20
_ESCAPES = {'"': '\\"', "\\": "\\\\"} | {chr(code): f"\\u{code:04x}" for code in (*range(32), 127)}


@dataclass(frozen=True, slots=True)
class FileContent:
    """What was read.

    Attributes:
        path: of the file, which need not exist; None if there is no folder for it.
        values: by name, those of a table as ``table.name``; not checked. Empty if the file cannot be read.
        problem: why the file cannot be read; empty if it can, or does not exist.
        text: of the file; empty if it cannot be read.
    """

    path: Path | None
    values: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    text: str = ""

    @property
    def shown_path(self) -> str:
        """The path, with ``~`` for the home directory."""
        return "" if self.path is None else shown_path(self.path)


def settings_path(environment: Mapping[str, str]) -> Path | None:
    """The path of the file; None without a home directory.

    A relative ``XDG_CONFIG_HOME`` is ignored, as the XDG Base Directory Specification requires.
    """
    if sys.platform == "win32":
        folder = Path(environment.get("APPDATA", ""))
    else:
        folder = Path(environment.get("XDG_CONFIG_HOME", ""))
        if not folder.is_absolute():
            folder = expanded("~/.config")
    return folder / "kubectl-cbt" / "config.toml" if folder.is_absolute() else None


def shown_path(path: Path) -> str:
    """A path with ``~`` for the home directory."""
    home = expanded("~")
    return f"~{os.sep}{path.relative_to(home)}" if home.is_absolute() and path.is_relative_to(home) else str(path)


def read_settings_file(path: Path | None) -> FileContent:
    """Read the file. A problem is part of the result: no command fails because of its settings."""
    if path is None or not os.path.lexists(path):
        return FileContent(path)
    import tomllib

    try:
        text = _text_of(path)
        return FileContent(path, _flattened(tomllib.loads(text)), text=text)
    except tomllib.TOMLDecodeError as error:
        reason = f"not valid TOML: {error}"
    except UnicodeDecodeError:
        reason = "not UTF-8"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except RecursionError:
        reason = "nested too deeply"
    return FileContent(path, problem=f"{shown_path(path)}: {reason}")


def write_settings_file(path: Path, values: Mapping[str, Any]) -> Path | None:
    """Replace the file at once: another command reads either the old or the new one.

    A file with comments, or one that is not what this function writes, is kept as ``config.toml.bak``.

    Args:
        values: by name, those of a table as ``table.name``; bool, str, or a list of str.

    Returns:
        the path of the file that was kept; None if none was.

    Raises:
        OSError: it cannot be written.
    """
    path = path.resolve()  # a link stays a link
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = None
    old = read_settings_file(path)
    if old.problem or "#" in old.text or not old.values.keys() <= values.keys():
        kept = path.with_name(f"{path.name}.bak")
        _replace(kept, path.read_bytes())
    _replace(path, "".join(_lines(values)).encode())
    return kept


def _text_of(path: Path) -> str:
    if not path.is_file():
        raise OSError(0, "not a regular file")
    with path.open("rb") as file:
        data = file.read(_LARGEST_BYTES + 1)
    if len(data) > _LARGEST_BYTES:
        raise OSError(0, "larger than 1 MiB")
    return data.decode()


def _flattened(document: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            values |= {f"{name}.{inner}": content for inner, content in value.items()}
        else:
            values[name] = value
    return values


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    table = ""
    for name, value in sorted(values.items(), key=lambda item: item[0].rpartition(".")[0]):
        of, _, field_name = name.rpartition(".")
        if of != table:
            table = of
            yield f"\n[{table}]\n"
        yield f"{field_name} = {_toml(value)}\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return '"' + "".join(_ESCAPES.get(character, character) for character in value) + '"'


def _replace(path: Path, data: bytes) -> None:
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123  # of a descriptor
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
