"""The version of a source tree, from git: packages are built with it, and a checkout reports it.

After the tag v0.1.0 come 0.2.0.dev1+g1a2b3c4d5, 0.2.0.dev2+g…; ``.d`` and a checksum follow when files were changed, or
were added without a commit: packages contain those too. A source distribution needs no git: the build backend reads the
version from its PKG-INFO.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import subprocess
from pathlib import Path

from kubectl_cbt.system.programs import ProgramInCurrentDirectory, ProgramNotFound, find_program

TREE = Path(__file__).resolve().parents[2]
# Of a tree that has neither git nor the text that `git archive` fills in. Older than every release.
UNKNOWN = "0+unknown"
_ARCHIVED = Path("packaging") / "git-archive.txt"
_DESCRIBED = re.compile(r"(?:v(?P<tag>\d+\.\d+\.\d+)-(?P<distance>\d+)-)?g?(?P<commit>[0-9a-f]{40})")
# Selects the tags of releases. v1, v0.2.0rc1 and v0.2.0-rc.1 are not release tags.
_RELEASE_TAG = ("--match", "v[0-9]*.[0-9]*.[0-9]*", "--exclude", "*[!v0-9.]*", "--exclude", "*.*.*.*")
# Of each added file: a larger one, such as the image of a volume, would delay every start.
_READ_BYTES = 1 << 20
FIRST = "0.1.0"
"""The first release, for commits that no tag precedes."""


def version_of_tree(tree: Path = TREE) -> str:
    """Return the version (PEP 440) of a checkout, or of what ``git archive`` made of one."""
    return _version_by_git(tree) if (tree / ".git").exists() else _version_of_archive(tree)


def _version_by_git(tree: Path) -> str:
    # At the same time: each start of git takes about as long as what it does.
    started = [
        # The commit alone if no tag precedes it. --abbrev=40: the default length depends on the size of the repository.
        _start(tree, "describe", "--always", "--tags", "--long", "--abbrev=40", *_RELEASE_TAG),
        _start(tree, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "HEAD"),
        _start(tree, *_list_added(tree)),
    ]
    described, changes, added = map(_output, started)
    if described is None or changes is None or added is None:
        return UNKNOWN
    changes += b"".join(_content(tree, path) for path in _paths(added))
    commits = int(_git(tree, "rev-list", "--count", "HEAD") or 0) if not described.startswith(b"v") else 0
    return _version(described.decode("utf-8", "replace").strip(), commits, changes)


def added_files(tree: Path = TREE) -> list[str] | None:
    """Return the files of a checkout that packages would contain although they are not under version control.

    The build backend leaves out what the .gitignore of the tree lists, but not what other files of git's list: those
    of its folders, .git/info/exclude and core.excludesFile.

    Returns:
        Paths that are relative to the tree, in the order of git; None if git fails.
    """
    found = _git(tree, *_list_added(tree))
    return None if found is None else _paths(found)


def _list_added(tree: Path) -> list[str]:
    ignored = ["--exclude-from=.gitignore"] if (tree / ".gitignore").exists() else []
    return ["ls-files", "--others", "-z", *ignored]


def _paths(listed: bytes) -> list[str]:
    return [os.fsdecode(path) for path in listed.split(b"\0")[:-1]]


def _content(tree: Path, path: str) -> bytes:
    """Return what tells an added file apart: its path, its size and how it starts."""
    content, size = b"", 0
    with contextlib.suppress(OSError):
        found = (tree / path).stat()
        # A link can lead to a device or a pipe, of which a read may not end.
        if stat.S_ISREG(found.st_mode):
            with (tree / path).open("rb", buffering=0) as file:
                content, size = file.read(_READ_BYTES), found.st_size
    return b"%b\0%d\0%b" % (os.fsencode(path), size, content)


def _version(described: str, commits: int = 0, changes: bytes = b"") -> str:
    """Return the version of what ``git describe --long --abbrev=40`` prints.

    Args:
        described: a commit id, for a commit that no tag precedes.
        commits: how many commits there are when there is no tag.
        changes: the difference to the commit, and added files; empty when there are none.
    """
    found = _DESCRIBED.fullmatch(described)
    if found is None:
        return UNKNOWN
    tag, distance = found["tag"], int(found["distance"] or 0)
    if tag and not distance and not changes:
        return tag
    local = f"g{found['commit'][:9]}"
    if changes:
        local += f".d{hashlib.sha256(changes).hexdigest()[:8]}"
    return f"{_following(tag) if tag else FIRST}.dev{distance if tag else commits}+{local}"


def _following(tag: str) -> str:
    """Return the minor release that follows: a patch release is tagged on a branch of its own."""
    major, minor, _ = tag.split(".")
    return f"{major}.{int(minor) + 1}.0"


def _version_of_archive(tree: Path) -> str:
    try:
        described, commit, *_ = (tree / _ARCHIVED).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return UNKNOWN
    # git archive has no --long: at a tag it writes the tag alone.
    if described and "-" not in described:
        described = f"{described}-0-g{commit}"
    return _version(described or commit)


def _git(tree: Path, *arguments: str) -> bytes | None:
    """Return what git prints; None without git, and when it fails."""
    return _output(_start(tree, *arguments))


def _start(tree: Path, *arguments: str) -> subprocess.Popen[bytes] | None:
    """Start git; None without git."""
    # Variables such as GIT_DIR, which git sets for its hooks, name another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        # Without fsmonitor, which is a program that the configuration names.
        command = [find_program("git"), "--no-optional-locks", "-c", "core.fsmonitor=false", *arguments]
        return subprocess.Popen(  # noqa: S603
            command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, ProgramNotFound, ProgramInCurrentDirectory):
        return None


def _output(git: subprocess.Popen[bytes] | None) -> bytes | None:
    """Return what git prints, when it has ended; None if it was not started, and when it fails."""
    if git is None:
        return None
    printed, _ = git.communicate()
    return printed if git.returncode == 0 else None
