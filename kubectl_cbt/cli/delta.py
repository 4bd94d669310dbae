"""``delta``: what changed between two snapshots."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.options import ClusterFlags, MapFlags, PictureFlags, StreamFlags, TerminalFlags
from kubectl_cbt.cli.show_query import QueryArguments, show_query
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError


def delta(
    first: Annotated[str, typer.Argument(metavar="BASE", help="The base: the older snapshot.")],
    cluster: ClusterFlags,
    stream: StreamFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
    second: Annotated[str | None, typer.Argument(metavar="TARGET", help="A newer snapshot of the same volume.")] = None,
    base_handle: Annotated[
        str | None,
        typer.Option(
            "--base-handle",
            metavar="HANDLE",
            help="CSI handle of the base, instead of BASE, when its VolumeSnapshot was deleted.",
        ),
    ] = None,
    choose: Annotated[
        bool, typer.Option("--choose-base", help="List the older snapshots of TARGET's volume and prompt for the base.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Query even if the snapshots seem to be in the wrong order, or of two volumes."),
    ] = False,
) -> None:
    """Show what changed between two snapshots.

    Both must be snapshots of the same volume. The SnapshotMetadataService of their driver streams the extents that
    differ. On a terminal this opens a map of the volume. Elsewhere, or with -o summary, it prints how much changed, how
    the changes are distributed, and what the next incremental backup would read.

    Exit status: 0 success; 1 failed, incomplete, or the driver broke a rule of the stream; 2 usage error.

    \b
    Examples:
      # What would the next incremental backup of this volume read?
      kubectl cbt delta pg-mon pg-tue -n shop

    \b
      # Every changed extent, for a script; the document records whether it is complete
      kubectl cbt delta pg-mon pg-tue -n shop -o json > delta.json

    \b
      # The map as a picture, for a ticket
      kubectl cbt delta pg-mon pg-tue -n shop -o svg --theme light > delta.svg

    \b
      # The base was deleted; its handle comes from the backup's records
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
        raise UsageError("delta needs two snapshots: BASE TARGET", hint="kubectl cbt snapshots lists them")
    raise typer.Exit(show_query(arguments, cluster, stream, service, terminal, map_flags, picture))
