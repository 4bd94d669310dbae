"""``completion``: a script that makes a shell complete the stand-alone command."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.completion.scripts import Shell, script
from kubectl_cbt.cli.stdout import write_stdout


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="Which shell shall do it.")],
) -> None:
    """Print a script that completes the command kubectl-cbt.

    To complete kubectl cbt it is not needed: kubectl's own completion does that, from release 1.26 on, as soon as
    kubectl_complete-cbt is on PATH, where it is installed beside kubectl-cbt.

    Completed are verbs, flags and their values; snapshots, namespaces and other names of the cluster that the flags
    typed so far lead to.

    \b
    Examples:
      # This shell only; the script itself says how to load it in every new one
      eval "$(kubectl-cbt completion bash)"

    \b
      source <(kubectl-cbt completion zsh)

    \b
      kubectl-cbt completion fish | source
    """
    write_stdout(script(shell), is_document=True)
