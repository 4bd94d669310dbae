"""How the user calls this command, for the commands that messages suggest."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

SCRIPT = "kubectl-cbt"


def command_name() -> str:
    """``kubectl cbt`` if kubectl finds the plugin; otherwise the shortest way to call the script from here."""
    if _is_on_path(SCRIPT):
        return "kubectl cbt" if _is_on_path("kubectl") else SCRIPT
    started = Path(sys.argv[0])
    if started.name == SCRIPT:
        return shlex.quote(_shortest(started))
    return f"{shlex.quote(_shortest(Path(sys.executable)))} -m kubectl_cbt"


def _is_on_path(program: str) -> bool:
    from kubectl_cbt.system.programs import ProgramInCurrentDirectory, ProgramNotFound, find_program

    try:
        find_program(program)
    except (ProgramInCurrentDirectory, ProgramNotFound):
        return False
    return True


def _shortest(path: Path) -> str:
    relative = os.path.relpath(path)
    # A shell looks up a word without a slash on PATH.
    return min(str(path), relative if os.sep in relative else f".{os.sep}{relative}", key=len)
