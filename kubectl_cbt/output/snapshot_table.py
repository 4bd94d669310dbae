"""The rows of ``snapshots``: the cells of its table, and its documents."""

from __future__ import annotations

from kubectl_cbt.model.refs import SNAPSHOT_PREFIX
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.output.object_listing import ListColumn, ListRow
from kubectl_cbt.output.snapshot_cells import age_of, cbt_of, name_of, ready_of, size_of
from kubectl_cbt.units import utc_time

SNAPSHOT_COLUMNS = (
    ListColumn("NAMESPACE"),
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
"""All columns; the first one is omitted for the snapshots of one namespace."""


def snapshot_row(entry: SnapshotEntry) -> ListRow:
    """The cells and the document of a snapshot."""
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
