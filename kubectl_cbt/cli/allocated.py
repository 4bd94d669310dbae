"""``allocated``: what a snapshot holds."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.options import ClusterFlags, MapFlags, StreamFlags, Terminal
from kubectl_cbt.cli.show_query import QueryArguments, show_query
from kubectl_cbt.core.options import ServiceOptions


def allocated(
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="A snapshot.")],
    cluster: ClusterFlags,
    stream: StreamFlags,
    service: ServiceOptions,
    terminal: Terminal,
    map_flags: MapFlags,
) -> None:
    """Show which parts of a volume a snapshot fills.

    That is what a full backup has to read. On a terminal it opens the map, elsewhere it prints a summary, unless -o
    says otherwise.

    Exit status: 0 done, or left the map; 1 failed, incomplete, or the driver broke a rule of the stream; 2 usage.

    \b
    Examples:
      # What would a full backup read?
      kubectl cbt allocated pg-mon -n shop

    \b
      # Offsets and sizes, from 100 GiB on
      kubectl cbt allocated pg-mon -n shop --starting-offset 100Gi -o table

    \b
      # Without a cluster
      kubectl cbt allocated snap-a --demo
    """
    raise typer.Exit(show_query(QueryArguments(snapshot), cluster, stream, service, terminal, map_flags))
