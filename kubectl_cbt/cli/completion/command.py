"""``completion``: a shell script that completes the stand-alone command."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.completion.scripts import Shell, script
from kubectl_cbt.cli.stdout import write_stdout


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="Shell to generate the script for.")],
) -> None:
    """Print a shell completion script for the command kubectl-cbt.

    It is not needed for "kubectl cbt": kubectl 1.26 and later complete plugins when kubectl_complete-cbt, which is
    installed next to kubectl-cbt, is on PATH.

    Completes commands, flags and their values, and names of snapshots, namespaces and other objects of the cluster that
    the flags on the line select.

    \b
    Examples:
      # In this shell only; comments in the script show how to load it in every new shell
      eval "$(kubectl-cbt completion bash)"

    \b
      source <(kubectl-cbt completion zsh)

    \b
      kubectl-cbt completion fish | source
    """
    write_stdout(script(shell), is_document=True)
