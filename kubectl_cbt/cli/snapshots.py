"""``snapshots``: what can be asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.options import Cluster, Terminal
from kubectl_cbt.cli.session import open_session
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.model.refs import SNAPSHOT_PREFIX
from kubectl_cbt.output.listing import ListColumn, ListFormat, ListRow, format_list
from kubectl_cbt.units import age, human_bytes

if TYPE_CHECKING:
    from kubectl_cbt.cluster.catalogue import SnapshotRow

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
    with open_session(cluster) as session:
        found = session.catalogue.rows(None if all_namespaces else session.namespace)
    found.sort(key=_by_volume_and_age)
    columns = (ListColumn("NAMESPACE"), *_COLUMNS) if all_namespaces else _COLUMNS
    write_stdout(format_list(output, "SnapshotList", columns, [_row(row) for row in found]))
    if not found:
        where = "in any namespace" if all_namespaces else f"in namespace {session.namespace}"
        Diagnostics(quiet=terminal.quiet).note(f"No snapshots found {where}.")


def _by_volume_and_age(row: SnapshotRow) -> tuple[str, str, str, str]:
    snapshot = row.snapshot
    # What has no time yet is the newest.
    taken = snapshot.created.isoformat() if snapshot.created else "~"
    return snapshot.ref.namespace, snapshot.claim or "", taken, snapshot.ref.name


def _row(row: SnapshotRow) -> ListRow:
    snapshot, content = row.snapshot, row.content
    size = (content and content.restore_size_bytes) or snapshot.restore_size_bytes
    cells = {
        "NAMESPACE": snapshot.ref.namespace,
        "NAME": snapshot.ref.name,
        "PVC": snapshot.claim or "",
        "DRIVER": content.driver if content else "",
        "SIZE": human_bytes(size) if size is not None else "",
        "READY": str(snapshot.ready).lower(),
        "AGE": age(snapshot.created or snapshot.object_created),
        "HANDLE": (content and content.handle) or "",
        "CONTENT": snapshot.content or "",
        "CBT": f"no: {row.obstacle}" if row.obstacle else "yes",
    }
    document = {
        "namespace": snapshot.ref.namespace,
        "name": snapshot.ref.name,
        "persistentVolumeClaim": snapshot.claim,
        "driver": content.driver if content else None,
        "handle": content.handle if content else None,
        "content": snapshot.content,
        "restoreSizeBytes": size,
        "creationTime": snapshot.created.strftime("%Y-%m-%dT%H:%M:%SZ") if snapshot.created else None,
        "readyToUse": snapshot.ready,
        "changedBlockTracking": not row.obstacle,
        "obstacle": row.obstacle or None,
    }
    return ListRow(cells, f"{SNAPSHOT_PREFIX}{snapshot.ref.name}", document)
