"""The scripts that complete the stand-alone command ``kubectl-cbt``, one for each shell."""

from __future__ import annotations

from enum import StrEnum


class Shell(StrEnum):
    """Shells there is a script for; kubectl's own names."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


_FILES = {
    Shell.BASH: "kubectl-cbt.bash",
    Shell.ZSH: "kubectl-cbt.zsh",
    Shell.FISH: "kubectl-cbt.fish",
    Shell.POWERSHELL: "kubectl-cbt.ps1",
}


def script(shell: Shell) -> str:
    """What the shell has to read. Its first lines say how."""
    from importlib.resources import files

    return (files(__package__) / "shells" / _FILES[shell]).read_text(encoding="utf-8")
