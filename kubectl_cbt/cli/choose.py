"""Ask the person for the base of a delta: the target's older siblings, newest first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.errors import NotFound, SnapshotUnusable, UsageError
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.units import age

if TYPE_CHECKING:
    from kubectl_cbt.cli.session import Session
    from kubectl_cbt.cluster.catalogue import SnapshotRow


def choose_base(session: Session, target: SnapshotRef, diagnostics: Diagnostics) -> SnapshotRef:
    """List what the target can be compared with, and read a number or a name; Enter takes the newest.

    Raises:
        UsageError: nobody is there to answer, or the answer is none of the list.
        SnapshotUnusable: there is nothing to choose from.
    """
    if not sys.stdin.isatty():
        raise UsageError("--choose-base needs a terminal to ask on", hint="name it: kubectl cbt delta BASE TARGET")
    siblings = _older_siblings(session.catalogue.rows(target.namespace), target)
    if not siblings:
        raise SnapshotUnusable(
            f"volumesnapshot {target} has no older snapshot of its volume to compare with",
            hint=f"what it holds: kubectl cbt allocated {target.name} -n {target.namespace}",
        )
    for number, row in enumerate(siblings, 1):
        diagnostics.say(f"{number:>3}  {row.snapshot.ref.name}   {age(row.snapshot.created)}")
    answer = diagnostics.prompt(f"Base of the delta to {target.name} [1]: ") or "1"
    names = {row.snapshot.ref.name: row.snapshot.ref for row in siblings}
    names |= {str(number): row.snapshot.ref for number, row in enumerate(siblings, 1)}
    if answer not in names:
        raise UsageError(f'"{answer}" is none of these')
    return names[answer]


def _older_siblings(rows: list[SnapshotRow], target: SnapshotRef) -> list[SnapshotRow]:
    own = next((row for row in rows if row.snapshot.ref == target), None)
    if own is None:
        raise NotFound(
            f'volumesnapshots.snapshot.storage.k8s.io "{target.name}" not found', status=404, reason="NotFound"
        )
    older = [
        row
        for row in rows
        if not row.obstacle
        and row.snapshot.claim == own.snapshot.claim
        and row.snapshot.created
        and (own.snapshot.created is None or row.snapshot.created < own.snapshot.created)
    ]
    return sorted(older, key=lambda row: str(row.snapshot.created), reverse=True)
