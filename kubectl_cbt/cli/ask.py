"""What ``delta`` and ``allocated`` share: from the names on the command line to a stream, shown or printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.cli.choose import choose_base
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.live import LiveCluster
from kubectl_cbt.cli.options import Asking, Cluster, Terminal, Viewing
from kubectl_cbt.cli.printing import print_stream
from kubectl_cbt.cli.session import Session, open_session
from kubectl_cbt.cli.showing import show_map, wants_screen
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import SNAPSHOT_PREFIX, SnapshotHandle, SnapshotRef

if TYPE_CHECKING:
    from kubectl_cbt.cluster.resolve import Wanted

_RESOURCE_NAMES = ("vs", "volumesnapshot", "volumesnapshots", SNAPSHOT_PREFIX[:-1])


@dataclass(frozen=True, slots=True)
class Naming:
    """Snapshots as the command line names them: ``snap-a``, ``vs/snap-a``, or what ``-o name`` printed."""

    snapshot: str
    base: str | None = None
    base_handle: str | None = None
    choose_base: bool = False
    force: bool = False


def ask(naming: Naming, cluster: Cluster, asking: Asking, terminal: Terminal, viewing: Viewing) -> int:
    """Resolve, ask, and print or show; returns the exit code."""
    with open_session(cluster, terminal.verbosity) as session:
        live = LiveCluster(session, cluster, asking, session.namespace)
        wanted = _wanted(naming, asking, session, terminal)
        if wants_screen(asking.output):
            return show_map(live.ask(wanted), live, viewing, terminal)
        opened = live.ask(wanted)
        try:
            return print_stream(opened.stream, opened.asked, asking.output, terminal)
        finally:
            opened.close()


def _wanted(naming: Naming, asking: Asking, session: Session, terminal: Terminal) -> Wanted:
    from kubectl_cbt.cluster.resolve import Wanted

    snapshot = _snapshot_ref(naming.snapshot, session.namespace)
    base = _snapshot_ref(naming.base, session.namespace) if naming.base is not None else None
    if naming.choose_base:
        base = choose_base(session, snapshot, Diagnostics(quiet=terminal.quiet))
    return Wanted(
        snapshot=snapshot,
        base=base,
        base_handle=SnapshotHandle(naming.base_handle) if naming.base_handle is not None else None,
        service=asking.service or None,
        force=naming.force,
    )


def _snapshot_ref(text: str, namespace: str) -> SnapshotRef:
    resource, slash, name = text.rpartition("/")
    if not name or (slash and resource not in _RESOURCE_NAMES):
        raise UsageError(f'"{text}" does not name a VolumeSnapshot', hint="give its name; the namespace goes into -n")
    return SnapshotRef(namespace, name)
