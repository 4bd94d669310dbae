"""Find the file of a program by name, for every child process.

The rule is that of Go's os/exec, and so kubectl's: the first match in the order of PATH decides, and a match in an
empty or relative entry is an error.
"""

from __future__ import annotations

import os
import stat


class ProgramNotFound(Exception):
    """No executable file on PATH has that name."""


class ProgramInCurrentDirectory(Exception):
    """The first match on PATH depends on the current directory; the message explains it."""


def find_program(name: str) -> str:
    """The path of the file to execute.

    Args:
        name: a bare name, searched on our own PATH; or a path, returned unchanged.

    Raises:
        ProgramNotFound: there is no such program.
        ProgramInCurrentDirectory: the first match is relative to the current directory.
    """
    if os.sep in name:
        return name
    # An unset PATH is an empty one, as in Go. Python would use a default.
    entries = os.environ.get("PATH", "")
    for entry in entries.split(os.pathsep) if entries else ():
        path = os.path.join(entry or os.curdir, name)  # noqa: PTH118  # pathlib would remove the "."
        if not _is_executable(path):
            continue
        if not os.path.isabs(entry):  # noqa: PTH117  # as above
            raise ProgramInCurrentDirectory(
                f'PATH finds "{name}" through its entry "{entry}", relative to the current directory; programs '
                "are not run from there"
            )
        return path
    raise ProgramNotFound(name)


def _is_executable(path: str) -> bool:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return False
    except (OSError, ValueError):
        return False
    return os.access(path, os.X_OK, effective_ids=os.access in os.supports_effective_ids)
