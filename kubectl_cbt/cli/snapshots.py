"""``snapshots``: list VolumeSnapshots, and whether CBT works for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.backend import command_session
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.listing_flags import ListingFlags
from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.model.refs import SNAPSHOT_PREFIX
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.output.object_listing import ListColumn, ListPrinter, ListRow
from kubectl_cbt.output.snapshot_cells import age_of, cbt_of, in_order, name_of, ready_of, size_of
from kubectl_cbt.units import utc_time

if TYPE_CHECKING:
    from kubectl_cbt.kube.list_options import ListOptions

_COLUMNS = (
    ListColumn("NAME"),
    ListColumn("PVC"),
    ListColumn("DRIVER"),
    ListColumn("SIZE"),
    ListColumn("READY"),
    ListColumn("AGE"),
    ListColumn("HANDLE", wide=True),
    ListColumn("CONTENT", wide=True),
    ListColumn("CBT"),
)


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
    columns = (ListColumn("NAMESPACE"), *_COLUMNS) if all_namespaces else _COLUMNS
    printer = ListPrinter(listing.output, "SnapshotList", columns, headings=not listing.no_headers, watches=watch)

    def write(entries: list[SnapshotEntry]) -> None:
        rows = [_row(entry) for entry in _ordered(entries, selection)]
        write_stdout(printer.text(rows), is_document=printer.is_document)

    with command_session(cluster, terminal.verbosity) as session:
        namespace = None if all_namespaces else session.namespace
        if watch:
            for changed in session.catalogue.follow(namespace, selection):
                write_stdout(
                    printer.text([_row(entry) for entry in _ordered(changed, selection)]),
                    is_document=printer.is_document,
                )
        found = session.catalogue.entries(namespace, selection)
    write(found)
    if not found:
        where = "in any namespace" if all_namespaces else f"in namespace {session.namespace}"
        Diagnostics(quiet=terminal.quiet).note(f"No snapshots found {where}.")


def _ordered(entries: list[SnapshotEntry], selection: ListOptions) -> list[SnapshotEntry]:
    return entries if selection.sort_by else in_order(entries)


def _row(entry: SnapshotEntry) -> ListRow:
    cells = {
        "NAMESPACE": entry.ref.namespace,
        "NAME": name_of(entry),
        "PVC": entry.claim or "",
        "DRIVER": entry.driver,
        "SIZE": size_of(entry),
        "READY": ready_of(entry),
        "AGE": age_of(entry),
        "HANDLE": entry.handle,
        "CONTENT": entry.content,
        "CBT": cbt_of(entry),
    }
    document = {
        "namespace": entry.ref.namespace,
        "name": entry.ref.name or None,
        "persistentVolumeClaim": entry.claim,
        "driver": entry.driver or None,
        "handle": entry.handle or None,
        "content": entry.content or None,
        "restoreSizeBytes": entry.restore_size_bytes,
        "creationTime": utc_time(entry.created) if entry.created else None,
        "readyToUse": entry.ready,
        "changedBlockTracking": entry.usable,
        "obstacle": entry.obstacle or None,
        "problem": entry.problem or None,
    }
    return ListRow(cells, f"{SNAPSHOT_PREFIX}{entry.ref.name}" if entry.ref.name else "", document)
