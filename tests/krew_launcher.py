"""Starts of the krew launcher, in a clean HOME."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

TOOLS = (
    "sh",
    "readlink",
    "dirname",
    "basename",
    "cut",
    "cksum",
    "mkdir",
    "mktemp",
    "rm",
    "mv",
    "cat",
    "tail",
    "find",
    "id",
    "chmod",
    "sed",
    "grep",
    "uname",
)


def launch(
    launcher: Path, path: str, *, shell: Sequence[str] = (), umask: int = -1, **environment: str
) -> "subprocess.CompletedProcess[str]":
    home = launcher.parents[1] / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [*shell, str(launcher), "version"],
        env={"HOME": str(home), "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        umask=umask,
    )


def tools_only(folder: Path, **more: str) -> str:
    """A PATH with a shell's tools, and what is named besides."""
    folder.mkdir()
    # A stand-in has no link in its place: writing it would write to the tool itself.
    for tool in set(TOOLS) - set(more):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name, text in more.items():
        with (folder / name).open("x") as file:
            file.write(text)
        (folder / name).chmod(0o755)
    return str(folder)


def left_behind(launcher: Path) -> list[str]:
    cache = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt"
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []
