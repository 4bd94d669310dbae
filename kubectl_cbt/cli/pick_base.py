"""Ask the person for the base of a delta: the target's older siblings, newest first."""

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
    """List what the target can be compared with, and read a number or a name; Enter takes the newest.

    Raises:
        UsageError: nobody is there to answer, or the answer is none of the list.
        SnapshotUnusable: there is nothing to choose from.
    """
    if not is_a_terminal(sys.stdin):
        raise UsageError("--choose-base needs a terminal to ask on", hint="name it: kubectl cbt delta BASE TARGET")
    siblings = session.catalogue.older_siblings(target)
    if not siblings:
        raise SnapshotUnusable(
            f"volumesnapshot {target} has no older snapshot of its volume to compare with",
            hint=f"list its allocated blocks: kubectl cbt allocated {as_argument(target.name)}"
            f" -n {as_argument(target.namespace)}",
        )
    for number, entry in enumerate(siblings, 1):
        diagnostics.say(f"{number:>3}  {entry.ref.name}   {age(entry.created)}")
    answer = diagnostics.prompt(f"Base of the delta to {target.name} [1]: ") or "1"
    names = {str(number): entry.ref for number, entry in enumerate(siblings, 1)}
    names |= {entry.ref.name: entry.ref for entry in siblings}
    if answer not in names:
        raise UsageError(f'"{answer}" is none of these')
    return names[answer]
