"""``allocated``: the allocated extents of a snapshot."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.options import ClusterFlags, MapFlags, PictureFlags, StreamFlags, TerminalFlags
from kubectl_cbt.cli.show_query import QueryArguments, show_query
from kubectl_cbt.core.options import ServiceOptions


def allocated(
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Snapshot to query.")],
    cluster: ClusterFlags,
    stream: StreamFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
) -> None:
    """Show the allocated blocks of a snapshot.

    These are what a full backup has to read. On a terminal this opens a map of the volume. Elsewhere, or with
    -o summary, it prints a summary.

    Exit status: 0 success; 1 failed, incomplete, or the driver broke a rule of the stream; 2 usage error.

    \b
    Examples:
      # What would a full backup read?
      kubectl cbt allocated pg-mon -n shop

    \b
      # Offsets and sizes, starting at 100 GiB
      kubectl cbt allocated pg-mon -n shop --starting-offset 100Gi -o table

    \b
      # Without a cluster
      kubectl cbt allocated snap-a --demo
    """
    raise typer.Exit(show_query(QueryArguments(snapshot), cluster, stream, service, terminal, map_flags, picture))
