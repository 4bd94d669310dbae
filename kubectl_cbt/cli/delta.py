"""``delta``: what changed between two snapshots."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.options import ClusterFlags, MapFlags, StreamFlags, Terminal
from kubectl_cbt.cli.show_query import QueryArguments, show_query
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError


def delta(
    first: Annotated[str, typer.Argument(metavar="BASE", help="The older snapshot.")],
    cluster: ClusterFlags,
    stream: StreamFlags,
    service: ServiceOptions,
    terminal: Terminal,
    map_flags: MapFlags,
    second: Annotated[str | None, typer.Argument(metavar="TARGET", help="The newer one, of the same volume.")] = None,
    base_handle: Annotated[
        str | None,
        typer.Option(
            "--base-handle", metavar="HANDLE", help="CSI handle of a base whose VolumeSnapshot is gone, for BASE."
        ),
    ] = None,
    choose: Annotated[
        bool, typer.Option("--choose-base", help="List the older snapshots of TARGET's volume and ask for BASE.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Ask even when order or volume of the two look wrong.")
    ] = False,
) -> None:
    """Show what changed between two snapshots.

    Both have to be of one volume. They are resolved to their driver's SnapshotMetadataService, which streams the
    extents that differ. On a terminal it opens the map of the volume; elsewhere, or with -o summary, it prints how much
    changed, how it is shaped, and what the next incremental backup would read.

    Exit status: 0 done, or left the map; 1 failed, incomplete, or the driver broke a rule of the stream; 2 usage.

    \b
    Examples:
      # What would the next incremental backup of this volume read?
      kubectl cbt delta pg-mon pg-tue -n shop

    \b
      # Every changed extent, for a script; the document says whether it is complete
      kubectl cbt delta pg-mon pg-tue -n shop -o json > delta.json

    \b
      # The base was deleted, its handle is in the backup's own records
      kubectl cbt delta --base-handle 0001-0009-rbd pg-tue -n shop

    \b
      # Without a cluster
      kubectl cbt delta snap-a snap-b --demo
    """
    if base_handle is not None or choose:
        if second is not None or (base_handle is not None and choose):
            raise UsageError("with --base-handle or --choose-base, name the target snapshot alone")
        if base_handle == "":
            raise UsageError("--base-handle is empty")
        arguments = QueryArguments(first, base_handle=base_handle, choose_base=choose, force=force)
    elif second is not None:
        arguments = QueryArguments(second, base=first, force=force)
    else:
        raise UsageError("delta takes two snapshots, BASE and TARGET", hint="kubectl cbt snapshots lists them")
    raise typer.Exit(show_query(arguments, cluster, stream, service, terminal, map_flags))
