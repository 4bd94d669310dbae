"""``demo``: a built-in demo cluster."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kubectl_cbt.cli.diagnostics import Diagnostics, is_a_terminal
from kubectl_cbt.cli.invocation import command_name
from kubectl_cbt.cli.options import DEFAULT_SEED, MOST_DEMO_VOLUMES, ClusterFlags, MapFlags, StreamFlags, TerminalFlags
from kubectl_cbt.cli.show_query import QueryArguments, show_query
from kubectl_cbt.core.options import ServiceOptions

SEED = typer.Option("--seed", metavar="N", help="Seed for the data of the demo's volumes.")
FAULT = typer.Option(
    "--fault", metavar="NAME[=VALUE]", help="Inject a fault (see kubectl cbt demo faults). Can be repeated."
)
VOLUMES = typer.Option(
    "--demo-volumes",
    min=1,
    max=MOST_DEMO_VOLUMES,
    hidden=True,
    metavar="N",
    help="Serve N small volumes instead of the usual ones.",
)

_TRY = """\
That was: {command} delta snap-a snap-b --demo
Try:      {command} browse --demo
          {command} snapshots -A --demo
          {command} delta pg-mon pg-tue -n shop --demo
          {command} demo serve     and point kubectl itself at it
          {command} demo faults    and inject one of them
          {command} demo devices FOLDER    to write the data of the snapshots"""


def demo(
    context: typer.Context,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    seed: Annotated[int, SEED] = DEFAULT_SEED,
    fault: Annotated[list[str] | None, FAULT] = None,
) -> None:
    """Try kubectl cbt without a cluster.

    Starts a Kubernetes API server and two SnapshotMetadata services on loopback, inside this command, and shows a
    delta. Other commands use the same demo cluster with --demo.

    \b
    Examples:
      kubectl cbt demo
      kubectl cbt delta pg-mon pg-tue -n shop --demo
      kubectl cbt demo serve
      kubectl cbt delta snap-a snap-b --demo --fault unordered
    """
    if context.invoked_subcommand is not None:
        context.obj = (seed, fault or [])  # demo --seed 2 serve
        return
    cluster = ClusterFlags(demo=True, seed=seed, fault=fault)
    code = show_query(
        QueryArguments("snap-b", base="snap-a"), cluster, StreamFlags(), ServiceOptions(), terminal, map_flags
    )
    if is_a_terminal(sys.stderr):
        Diagnostics(quiet=terminal.quiet).note(*_TRY.format(command=command_name()).splitlines())
    raise typer.Exit(code)
