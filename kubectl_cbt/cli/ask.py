"""What ``delta`` and ``allocated`` share: from the names on the command line to a stream, shown or printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.driver import csi_endpoint, open_driver
from kubectl_cbt.cli.launch_tui import show_map, wants_screen
from kubectl_cbt.cli.live import LiveCluster, LiveStream
from kubectl_cbt.cli.options import Asking, Cluster, Terminal, Viewing
from kubectl_cbt.cli.pick_base import pick_base
from kubectl_cbt.cli.print_stream import print_stream
from kubectl_cbt.cli.session import Session, open_session
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import SNAPSHOT_KINDS, SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import CHANGE_ID_ANNOTATION
from kubectl_cbt.units import printable

if TYPE_CHECKING:
    from kubectl_cbt.cluster.resolve import SnapshotNames


@dataclass(frozen=True, slots=True)
class Naming:
    """Snapshots as the command line names them: ``snap-a``, ``vs/snap-a``, or what ``-o name`` printed."""

    snapshot: str
    base: str | None = None
    base_handle: str | None = None
    pick_base: bool = False
    force: bool = False


def ask(naming: Naming, cluster: Cluster, asking: Asking, terminal: Terminal, viewing: Viewing) -> int:
    """Resolve, ask, and print or show; returns the exit code."""
    endpoint = csi_endpoint(asking, cluster)
    if endpoint:
        return _ask_driver(endpoint, naming, asking, terminal, viewing)
    with open_session(cluster, terminal.verbosity) as session:
        live = LiveCluster(session, cluster, asking, session.namespace)
        wanted = _wanted(naming, asking, session, terminal)
        return _shown(live.ask(wanted), live, asking, terminal, viewing)


def _ask_driver(endpoint: str, naming: Naming, asking: Asking, terminal: Terminal, viewing: Viewing) -> int:
    """The same of a driver's socket: ids are taken as they are."""
    if naming.pick_base:
        raise UsageError("--choose-base takes a cluster: a driver does not list its snapshots here")
    with open_driver(endpoint, asking) as driver:
        base = naming.base if naming.base is not None else naming.base_handle
        return _shown(driver.ask(naming.snapshot, base), None, asking, terminal, viewing)


def _shown(
    opened: LiveStream, backend: LiveCluster | None, asking: Asking, terminal: Terminal, viewing: Viewing
) -> int:
    if wants_screen(asking.output):
        return show_map(opened, backend, viewing, terminal)
    base = opened.asked.target.base
    if base and base.change_id:
        Diagnostics(quiet=terminal.quiet).note(
            f"note: base {base.ref} is named to the driver by its change id, {printable(base.change_id)}, from the"
            f" annotation {CHANGE_ID_ANNOTATION}, not by its handle"
        )
    try:
        return print_stream(opened.stream, opened.asked, asking.output, terminal)
    finally:
        opened.close()


def _wanted(naming: Naming, asking: Asking, session: Session, terminal: Terminal) -> SnapshotNames:
    from kubectl_cbt.cluster.resolve import SnapshotNames

    snapshot = snapshot_ref(naming.snapshot, session.namespace)
    base = snapshot_ref(naming.base, session.namespace) if naming.base is not None else None
    if naming.pick_base:
        base = pick_base(session, snapshot, Diagnostics(quiet=terminal.quiet))
    return SnapshotNames(
        snapshot=snapshot,
        base=base,
        base_handle=SnapshotHandle(naming.base_handle) if naming.base_handle is not None else None,
        service=asking.service or None,
        force=naming.force,
    )


def snapshot_ref(text: str, namespace: str) -> SnapshotRef:
    """A VolumeSnapshot as the command line names it.

    Raises:
        UsageError: it names something else.
    """
    resource, slash, name = text.rpartition("/")
    if not name or (slash and resource not in SNAPSHOT_KINDS):
        raise UsageError(f'"{text}" does not name a VolumeSnapshot', hint="give its name; the namespace goes into -n")
    return SnapshotRef(namespace, name)
