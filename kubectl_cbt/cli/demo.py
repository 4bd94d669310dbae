"""``demo``: all of it, with no cluster."""

from __future__ import annotations

import signal
import sys
import time
from typing import Annotated

import typer

from kubectl_cbt.cli.ask import Naming, ask
from kubectl_cbt.cli.diagnostics import Diagnostics, is_a_terminal
from kubectl_cbt.cli.options import DEFAULT_SEED, Asking, Cluster, Terminal, Viewing
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.cli.stopping import Stopped
from kubectl_cbt.errors import UsageError

Seed = Annotated[int, typer.Option("--seed", metavar="N", help="What the demo's volumes hold.")]

_LOOK_UP_SECONDS = 0.5

_TRY = """\
That was: kubectl cbt delta snap-a snap-b --demo
Try:      kubectl cbt browse --demo
          kubectl cbt snapshots -A --demo
          kubectl cbt delta pg-mon pg-tue -n shop --demo
          kubectl cbt demo serve     and point kubectl itself at it"""


def demo(context: typer.Context, terminal: Terminal, viewing: Viewing, seed: Seed = DEFAULT_SEED) -> None:
    """See it work with no cluster.

    Starts a Kubernetes API and two SnapshotMetadata services on loopback, inside this command, and asks them for
    a delta. Any other command does the same with --demo.

    \b
    Examples:
      kubectl cbt demo
      kubectl cbt delta pg-mon pg-tue -n shop --demo
      kubectl cbt demo serve
    """
    if context.invoked_subcommand is not None:
        context.obj = seed  # demo --seed 2 serve
        return
    code = ask(Naming("snap-b", base="snap-a"), Cluster(demo=True, seed=seed), Asking(), terminal, viewing)
    if is_a_terminal(sys.stderr):
        Diagnostics(quiet=terminal.quiet).note(_TRY)
    raise typer.Exit(code)


def serve(
    context: typer.Context,
    terminal: Terminal,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="What the demo's volumes hold.")] = None,
) -> None:
    """Keep the demo cluster up until Ctrl-C, for kubectl and other clients.

    Prints the shell command that points kubectl at it.

    \b
    Examples:
      # In one terminal
      kubectl cbt demo serve
      # In another, paste what it printed, then
      kubectl get volumesnapshots -A
      kubectl cbt delta snap-a snap-b
    """
    from kubectl_cbt.demo.cluster import DemoCluster

    if sys.platform == "win32":
        raise UsageError("demo serve needs a POSIX system")
    diagnostics = Diagnostics(quiet=terminal.quiet)
    with DemoCluster(context.obj if seed is None else seed) as cluster:
        write_stdout(f"export KUBECONFIG={cluster.kubeconfig}\n")
        diagnostics.note(
            "contexts: demo, demo-admin (no ServiceAccount), demo-shop (least rights), demo-nobody (none)\n"
            "The demo cluster runs until Ctrl-C."
        )
        try:
            # No signal.pause(): one that comes just before it would only be seen with the next.
            while True:
                time.sleep(_LOOK_UP_SECONDS)
        except Stopped as stopped:
            diagnostics.note("\nstopped")
            if stopped.number != signal.SIGINT:
                raise  # the exit code tells which signal it was
