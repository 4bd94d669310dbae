"""What the fuzz targets share: a folder, commands run inside the process, and checks of their output."""

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

GOLDEN = Path(__file__).parents[1] / "golden" / "files"

EXIT_CODES = (0, 1, 2, 130)


class Broken(Exception):
    """A broken guarantee; the text describes it."""


@dataclass
class Ran:
    """What a command did."""

    code: int
    stdout: bytes
    stderr: str


@dataclass
class Stage:
    """What targets share, made once a process.

    Attributes:
        folder: for their files.
        last: what the last case was made of, by name; written to a folder when it fails.
    """

    folder: Path
    last: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stdout = tempfile.TemporaryFile("w+b")  # noqa: SIM115  # as long as the process

    def file(self, name: str, data: bytes) -> Path:
        """A file of the case."""
        path = self.folder / name
        path.write_bytes(data)
        self.last[name] = data
        return path

    def run(self, *arguments: str) -> Ran:
        """Run the command in this process, and check the guarantees of every command line."""
        from kubectl_cbt.cli.app import run

        self.last["arguments"] = " ".join(arguments).encode("utf-8", "surrogateescape")
        self._stdout.seek(0)
        self._stdout.truncate()
        stderr = io.StringIO()
        stdout = io.TextIOWrapper(os.fdopen(os.dup(self._stdout.fileno()), "wb"))
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr), stdout:
            code = run(arguments)
        self._stdout.seek(0)
        ran = Ran(code, self._stdout.read(), stderr.getvalue())
        if code not in EXIT_CODES:
            raise Broken(f"exit code {code}: {ran.stderr[-500:]}")
        # With -v errors come with theirs.
        has_level = any(argument.startswith(("-v", "--v")) for argument in arguments)
        for word in ("internal error",) if has_level else ("Traceback", "internal error"):
            if word in ran.stderr or word.encode() in ran.stdout:
                found = ran.stderr if word in ran.stderr else ran.stdout.decode("utf-8", "replace")
                raise Broken(f"{word}: {found[max(found.index(word) - 100, 0) :][:1500]}")
        return ran


def check_document(ran: Ran, form: str) -> None:
    """Whatever was printed is one valid document, or lines of them."""
    try:
        text = ran.stdout.decode()
        if form == "json" and text:
            json.loads(text, parse_constant=_no_constant)
        elif form == "ndjson":
            for line in text.splitlines():
                json.loads(line, parse_constant=_no_constant)
        elif form == "yaml" and len(text) < 100_000:
            list(yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (ValueError, yaml.YAMLError) as error:
        raise Broken(f"stdout is not {form} ({error}): {ran.stdout[-300:]!r}; {ran.stderr[-300:]}") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def expecting_ours(action: Callable[[], object]) -> None:
    """Any error of ours is fine."""
    from kubectl_cbt.errors import CbtError

    with contextlib.suppress(CbtError):
        action()
