"""A small git repository."""

import os
import subprocess
from pathlib import Path

from kubectl_cbt.system.checkout import added_files, version_of_tree

ROOT = Path(__file__).parents[2]
IDENTITY = {f"GIT_{who}_{what}": "a@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Checkout:
    """A repository with one commit."""

    def __init__(self, path: Path):
        self.path = path
        path.mkdir()
        (path / "packaging").mkdir()
        (path / "packaging" / "git-archive.txt").write_bytes((ROOT / "packaging" / "git-archive.txt").read_bytes())
        (path / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
        self.git("init", "-q", "-b", "main")
        self.commit("first")

    def git(self, *arguments: str) -> str:
        environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(
            ["git", *arguments], cwd=self.path, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def commit(self, text: str) -> None:
        (self.path / "file.txt").write_text(text)
        self.git("add", ".")
        self.git("commit", "-q", "-m", text)

    @property
    def short(self) -> str:
        return self.git("rev-parse", "HEAD")[:9]

    @property
    def version(self) -> str:
        return version_of_tree(self.path)

    @property
    def added(self) -> list[str] | None:
        return added_files(self.path)
