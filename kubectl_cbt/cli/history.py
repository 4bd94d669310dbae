"""``history``: what changed from snapshot to snapshot of one volume."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.backend import open_backend
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.history_flags import HistoryFlags
from kubectl_cbt.cli.launch_tui import show_timeline, wants_screen, why_no_screen
from kubectl_cbt.cli.options import ClusterFlags, MapFlags, PictureFlags, TerminalFlags
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.output.history.history_formats import HistoryFormat


def history(
    cluster: ClusterFlags,
    flags: HistoryFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
    claim: Annotated[
        str, typer.Argument(metavar="CLAIM", help="A PersistentVolumeClaim; it may have been deleted since.")
    ] = "",
) -> None:
    """Show the changes of a volume from snapshot to snapshot.

    Queries the delta of each pair of snapshots, at most two at a time, and the allocated extents of the newest one. On
    a terminal this opens the timeline: a row for each pair, a column for each region of the volume. Elsewhere, or with
    -o, it prints how much changed, how much that is a day, what an incremental backup would read, whether the driver
    still accepts each base, and which snapshot to keep.

    Exit status: 0 all deltas are complete; 1 failed, a delta is incomplete, or the driver broke a rule of the stream;
    2 usage error.

    \b
    Examples:
      # The history of a claim
      kubectl cbt history postgres -n shop

    \b
      # The last month, for a backup that reads chunks of 4 MiB
      kubectl cbt history postgres -n shop --since 30d --chunk 4Mi

    \b
      # How a backup grows that is always made against the oldest snapshot
      kubectl cbt history postgres -n shop --pairs first

    \b
      # A picture, for a ticket
      kubectl cbt history postgres -n shop -o svg > history.svg

    \b
      # Without a cluster
      kubectl cbt history postgres -n shop --demo
    """
    picture.check(flags.output)
    if not (claim or flags.volume):
        raise UsageError("history needs a CLAIM, or --volume HANDLE", hint="kubectl cbt snapshots lists the claims")
    shows_timeline = wants_screen(flags.output)
    with open_backend(cluster, service, flags.query_options(), terminal, shows_map=shows_timeline) as (
        backend,
        session,
    ):
        if session is None:
            raise UsageError("history needs a cluster: snapshots cannot be listed at a driver's socket")
        from kubectl_cbt.cli.print_history import print_history
        from kubectl_cbt.cli.terminal import picture_target
        from kubectl_cbt.core.find_volume import VolumeName, find_volume
        from kubectl_cbt.core.measured_history import plan_history

        found = find_volume(session.catalogue, VolumeName(session.namespace, claim, flags.volume))
        for text in found.other_notes():
            Diagnostics(quiet=terminal.quiet).note(f"note: {text}")
        plan = plan_history(found.volume, flags.history_options())
        if shows_timeline:
            raise typer.Exit(show_timeline(backend, plan, map_flags, terminal))
        if flags.output is None and (reason := why_no_screen()):
            Diagnostics(quiet=terminal.quiet).note(f"note: printing the table instead of the timeline: {reason}")
        target = picture_target(terminal, map_flags, picture)
        raise typer.Exit(print_history(backend, plan, flags.output or HistoryFormat.TABLE, terminal, target))
