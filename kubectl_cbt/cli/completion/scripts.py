"""The completion scripts for the stand-alone command ``kubectl-cbt``, one for each shell."""

from __future__ import annotations

from enum import StrEnum


class Shell(StrEnum):
    """Shells that have a script, with kubectl's names."""

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
    """The script; comments at its start show how to load it."""
    from importlib.resources import files

    return (files(__package__) / "shells" / _FILES[shell]).read_text(encoding="utf-8")
