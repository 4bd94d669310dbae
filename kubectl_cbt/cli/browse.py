"""``browse``: the snapshots of a cluster on the terminal, and the maps they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.launch_tui import show_snapshots, wants_screen, why_no_screen
from kubectl_cbt.cli.live import LiveCluster
from kubectl_cbt.cli.options import Asking, Cluster, Terminal, Viewing
from kubectl_cbt.cli.session import Session, open_session
from kubectl_cbt.errors import Forbidden, UsageError

if TYPE_CHECKING:
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry


def browse(
    cluster: Cluster,
    asking: Asking,
    terminal: Terminal,
    viewing: Viewing,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Those of all namespaces.")] = False,
) -> None:
    """Browse snapshots and their maps on the terminal.

    Mark two snapshots of a volume to see what changed between them, or open one to see what it holds. Shown are all
    namespaces, unless one is named. This is what kubectl cbt without a command does too.

    \b
    Examples:
      kubectl cbt browse
      kubectl cbt browse -n shop
      kubectl cbt browse --demo
    """
    if not wants_screen(asking.output):
        reason = "" if asking.output else why_no_screen()
        needed = f"a terminal that shows more than ASCII: {reason}" if reason else "a terminal, and takes no -o"
        raise UsageError(f"browse needs {needed}", hint="kubectl cbt snapshots -A lists them")
    with open_session(cluster, terminal.verbosity) as session:
        live, entries, namespace = _read(session, cluster, asking, all_namespaces=all_namespaces)
        raise typer.Exit(show_snapshots(live, entries, namespace or "", viewing, terminal))


def _read(
    session: Session, cluster: Cluster, asking: Asking, *, all_namespaces: bool
) -> tuple[LiveCluster, list[SnapshotEntry], str | None]:
    """The snapshots, before the screen is taken: a login may have to ask for something.

    Who named no namespace and may not list those of all gets the context's own.
    """
    namespace = None if all_namespaces else cluster.namespace or None
    live = LiveCluster(session, cluster, asking, namespace)
    try:
        return live, live.entries(), namespace
    except Forbidden:
        if all_namespaces or namespace is not None:
            raise
    live = LiveCluster(session, cluster, asking, session.namespace)
    return live, live.entries(), session.namespace
