"""``browse``: the snapshots of a cluster and their maps, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.backend import open_browsed_cluster, with_environment
from kubectl_cbt.cli.launch_tui import show_snapshots, wants_screen, why_no_screen
from kubectl_cbt.cli.options import ClusterFlags, MapFlags, StreamFlags, TerminalFlags, parsed_duration
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError

if TYPE_CHECKING:
    from kubectl_cbt.core.browsed_cluster import BrowsedCluster
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry


def browse(
    cluster: ClusterFlags,
    stream: StreamFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="List the snapshots of all namespaces.")
    ] = False,
    refresh: Annotated[
        float,
        typer.Option(
            "--refresh",
            parser=parsed_duration,
            metavar="DURATION",
            help="Reload the snapshots this often, such as 30s; 0 reloads only on r.",
            show_default="0",
        ),
    ] = 0.0,
) -> None:
    """Browse snapshots and their maps on the terminal.

    Mark two snapshots of a volume to see what changed between them, or open one to see its allocated blocks. Lists all
    namespaces unless -n names one. On a terminal, kubectl cbt without a command does the same.

    \b
    Examples:
      kubectl cbt browse
      kubectl cbt browse -n shop
      kubectl cbt browse --demo
    """
    if not wants_screen(stream.output):
        reason = "" if stream.output else why_no_screen()
        needed = f"a terminal that shows more than ASCII: {reason}" if reason else "a terminal, and does not accept -o"
        raise UsageError(f"browse needs {needed}", hint="list the snapshots with: kubectl cbt snapshots -A")
    service = with_environment(service, cluster)
    with open_browsed_cluster(cluster, service, stream, terminal) as opened:
        view, entries = _read(opened, cluster, all_namespaces=all_namespaces)
        raise typer.Exit(show_snapshots(view, entries, refresh, map_flags, terminal))


def _read(
    opened: BrowsedCluster, cluster: ClusterFlags, *, all_namespaces: bool
) -> tuple[BrowsedCluster, list[SnapshotEntry]]:
    """The snapshots, read before the screen opens: a login command may prompt for something.

    A user who named no namespace and cannot list all namespaces gets the namespace of the context.
    """
    if all_namespaces:
        return opened, opened.entries()
    if cluster.namespace:
        view = opened.in_namespace(cluster.namespace)
        return view, view.entries()
    return opened.listed()
