"""Prompt for the base of a delta: the older snapshots of the target's volume, newest first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_cbt.cli.diagnostics import Diagnostics, is_a_terminal
from kubectl_cbt.errors import SnapshotUnusable, UsageError
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.units import age, as_argument

if TYPE_CHECKING:
    from kubectl_cbt.core.session import Session


def pick_base(session: Session, target: SnapshotRef, diagnostics: Diagnostics) -> SnapshotRef:
    """List the possible bases, and read a number or a name; Enter picks the newest.

    Raises:
        UsageError: standard input is not a terminal, or the answer is not in the list.
        SnapshotUnusable: there is no possible base.
    """
    if not is_a_terminal(sys.stdin):
        raise UsageError("--choose-base needs a terminal", hint="name the base: kubectl cbt delta BASE TARGET")
    siblings = session.catalogue.older_siblings(target)
    if not siblings:
        raise SnapshotUnusable(
            f"volumesnapshot {target} has no older snapshot of its volume to compare with",
            hint=f"list its allocated blocks: kubectl cbt allocated {as_argument(target.name)}"
            f" -n {as_argument(target.namespace)}",
        )
    for number, entry in enumerate(siblings, 1):
        diagnostics.print_line(f"{number:>3}  {entry.ref.name}   {age(entry.created)}")
    answer = diagnostics.prompt(f"Base of the delta to {target.name} [1]: ") or "1"
    names = {str(number): entry.ref for number, entry in enumerate(siblings, 1)}
    names |= {entry.ref.name: entry.ref for entry in siblings}
    if answer not in names:
        raise UsageError(f'"{answer}" is not in the list')
    return names[answer]
