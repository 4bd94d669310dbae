"""Common to ``delta``, ``allocated`` and ``demo``: from the names on the command line to a map or a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.cli.backend import open_backend, snapshot_ref
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.launch_tui import show_map, wants_screen
from kubectl_cbt.cli.options import ClusterFlags, MapFlags, PictureFlags, StreamFlags, TerminalFlags
from kubectl_cbt.cli.pick_base import pick_base
from kubectl_cbt.cli.print_stream import print_stream
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.core.query import open_stream
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import CHANGE_ID_ANNOTATION
from kubectl_cbt.units import printable

if TYPE_CHECKING:
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.model.resolved_query import ResolvedQuery


@dataclass(frozen=True, slots=True)
class QueryArguments:
    """The snapshots as given: ``snap-a``, ``vs/snap-a``, or the output of ``-o name``.

    Attributes:
        base_handle: the handle of a base whose VolumeSnapshot was deleted.
        choose_base: list the older snapshots and prompt for the base.
        force: allow a pair that seems to be in the wrong order or of two volumes.
        verb: the command, for hints.
    """

    target: str
    base: str | None = None
    base_handle: str | None = None
    choose_base: bool = False
    force: bool = False
    verb: str = "delta"


def show_query(
    arguments: QueryArguments,
    cluster: ClusterFlags,
    stream: StreamFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags = PictureFlags(),  # noqa: B008  # immutable
) -> int:
    """Open the stream and show or print it; returns the exit code.

    Raises:
        CbtError: it cannot be opened.
    """
    picture.check(stream.output)
    shows_map = wants_screen(stream.output)
    with open_backend(cluster, service, stream, terminal, shows_map=shows_map) as (backend, session):
        names = names_of(arguments, session, terminal)
        opened = open_stream(backend, names)
        if shows_map:
            return show_map(opened, backend, map_flags, terminal)
        with opened:
            _note_change_id(opened.resolved, terminal)
            return print_stream(opened.stream, opened.resolved, stream.output, terminal, map_flags, picture)


def names_of(arguments: QueryArguments, session: Session | None, terminal: TerminalFlags) -> SnapshotNames:
    """The snapshots to query; prompts for the base if that is wanted.

    Args:
        session: None at a driver's socket, where names are handles.

    Raises:
        UsageError: an argument is not a VolumeSnapshot, or no base was chosen.
    """
    if session is None:
        if arguments.choose_base:
            raise UsageError("--choose-base needs a cluster: snapshots cannot be listed at a driver's socket")
        base_id = arguments.base if arguments.base is not None else arguments.base_handle
        return SnapshotNames(SnapshotRef("", arguments.target), None if base_id is None else SnapshotRef("", base_id))
    target = snapshot_ref(arguments.target, session.namespace)
    base = snapshot_ref(arguments.base, session.namespace) if arguments.base is not None else None
    if arguments.choose_base:
        base = pick_base(session, target, Diagnostics(quiet=terminal.quiet))
    handle = SnapshotHandle(arguments.base_handle) if arguments.base_handle is not None else None
    return SnapshotNames(target, base, handle, arguments.force, arguments.verb)


def _note_change_id(resolved: ResolvedQuery, terminal: TerminalFlags) -> None:
    base = resolved.base
    if base and base.change_id:
        Diagnostics(quiet=terminal.quiet).note(
            f"note: base {base.ref} is identified by its change ID {printable(base.change_id)} (from the annotation"
            f" {CHANGE_ID_ANNOTATION}), not by its handle"
        )
