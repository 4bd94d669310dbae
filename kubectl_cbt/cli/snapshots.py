"""``snapshots``: what can be asked about."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.options import Cluster, Terminal
from kubectl_cbt.cli.session import open_session
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.model.entry import SnapshotEntry, by_volume_and_age
from kubectl_cbt.model.refs import SNAPSHOT_PREFIX
from kubectl_cbt.output.listing import ListColumn, ListFormat, ListRow, format_list
from kubectl_cbt.units import age, human_bytes

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
    cluster: Cluster,
    terminal: Terminal,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Those of all namespaces.")] = False,
    output: Annotated[ListFormat, typer.Option("--output", "-o", help="Format.")] = ListFormat.TABLE,
) -> None:
    """List snapshots, and whether CBT works for them.

    Snapshots of a volume stand together, oldest first. The last column says why one cannot be asked about.

    \b
    Examples:
      kubectl cbt snapshots -A
      kubectl cbt snapshots -n shop -o wide
      kubectl cbt snapshots --demo -A
    """
    with open_session(cluster, terminal.verbosity) as session:
        found = session.catalogue.entries(None if all_namespaces else session.namespace)
    found.sort(key=by_volume_and_age)
    columns = (ListColumn("NAMESPACE"), *_COLUMNS) if all_namespaces else _COLUMNS
    write_stdout(format_list(output, "SnapshotList", columns, [_row(row) for row in found]))
    if not found:
        where = "in any namespace" if all_namespaces else f"in namespace {session.namespace}"
        Diagnostics(quiet=terminal.quiet).note(f"No snapshots found {where}.")


def _row(entry: SnapshotEntry) -> ListRow:
    size = entry.restore_size_bytes
    cells = {
        "NAMESPACE": entry.ref.namespace,
        "NAME": entry.ref.name,
        "PVC": entry.claim or "",
        "DRIVER": entry.driver,
        "SIZE": human_bytes(size) if size is not None else "",
        "READY": str(entry.ready).lower(),
        "AGE": age(entry.created or entry.object_created),
        "HANDLE": entry.handle,
        "CONTENT": entry.content,
        "CBT": "yes" if entry.usable else f"no: {entry.obstacle}",
    }
    document = {
        "namespace": entry.ref.namespace,
        "name": entry.ref.name,
        "persistentVolumeClaim": entry.claim,
        "driver": entry.driver or None,
        "handle": entry.handle or None,
        "content": entry.content or None,
        "restoreSizeBytes": size,
        "creationTime": entry.created.strftime("%Y-%m-%dT%H:%M:%SZ") if entry.created else None,
        "readyToUse": entry.ready,
        "changedBlockTracking": entry.usable,
        "obstacle": entry.obstacle or None,
    }
    return ListRow(cells, f"{SNAPSHOT_PREFIX}{entry.ref.name}", document)
