"""``snapshots``: list VolumeSnapshots, and whether CBT works for them."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.backend import command_session
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.listing_flags import ListingFlags
from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.output.object_listing import ListPrinter
from kubectl_cbt.output.snapshot_cells import in_order
from kubectl_cbt.output.snapshot_table import SNAPSHOT_COLUMNS, snapshot_row


def snapshots(
    cluster: ClusterFlags,
    terminal: TerminalFlags,
    listing: ListingFlags,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="List the snapshots of all namespaces.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="After listing, watch for changes.")] = False,
) -> None:
    """List snapshots, and whether CBT works for them.

    Grouped by volume, oldest first. The last column shows why CBT is not available.

    \b
    Examples:
      kubectl cbt snapshots -A
      kubectl cbt snapshots -n shop -o wide
      kubectl cbt snapshots -n shop -l app=db --sort-by .status.creationTime
      kubectl cbt snapshots --demo -A
    """
    selection = listing.list_options()
    columns = SNAPSHOT_COLUMNS if all_namespaces else SNAPSHOT_COLUMNS[1:]
    printer = ListPrinter(listing.output, "SnapshotList", columns, headings=not listing.no_headers, watches=watch)

    def write(entries: list[SnapshotEntry]) -> None:
        ordered = entries if selection.sort_by else in_order(entries)
        write_stdout(printer.text([snapshot_row(entry) for entry in ordered]), is_document=printer.is_document)

    with command_session(cluster, terminal.verbosity) as session:
        namespace = None if all_namespaces else session.namespace
        if watch:
            for changed in session.catalogue.follow(namespace, selection):
                write(changed)
        found = session.catalogue.entries(namespace, selection)
    write(found)
    if not found:
        where = "in any namespace" if all_namespaces else f"in namespace {session.namespace}"
        Diagnostics(quiet=terminal.quiet).note(f"No snapshots found {where}.")
