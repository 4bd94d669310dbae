"""Which file a program's name stands for: the only way from a name to a child process.

The rule is that of Go's os/exec, and so kubectl's: the first match in the order of PATH decides, and a match in an
entry that is empty or relative is an error.
"""

from __future__ import annotations

import os
import stat


class ProgramNotFound(Exception):
    """No file on PATH has that name and may be executed."""


class ProgramInCurrentDirectory(Exception):
    """The first match on PATH depends on the current directory; the text says so."""


def find_program(name: str) -> str:
    """The path of the file to execute.

    Args:
        name: a bare name, looked up on our own PATH; or a path, returned unchanged: whoever wrote it chose the file.

    Raises:
        ProgramNotFound: there is none.
        ProgramInCurrentDirectory: the first match is relative to the current directory.
    """
    if os.sep in name:
        return name
    # An unset PATH is an empty one, as for Go. Python would use a default of its own.
    entries = os.environ.get("PATH", "")
    for entry in entries.split(os.pathsep) if entries else ():
        path = os.path.join(entry or os.curdir, name)  # noqa: PTH118  # pathlib drops the "." that is looked for
        if not _is_executable(path):
            continue
        if not os.path.isabs(entry):  # noqa: PTH117  # as above
            raise ProgramInCurrentDirectory(
                f'PATH finds "{name}" through its entry "{entry}", relative to the current directory, and no program '
                "is run from there"
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
