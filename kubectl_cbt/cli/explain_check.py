"""``check --explain`` and ``check --list``: the cases, without a driver."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kubectl_cbt.cli.options import TerminalFlags
from kubectl_cbt.errors import UsageError

if TYPE_CHECKING:
    from kubectl_cbt.checks.conformance.cases import Case

_LINE_LENGTH = 100


def list_of(cases: Iterable[Case]) -> str:
    """A line a case: its id, its level, and what should be true."""
    return "".join(f"{case.id:<24} {case.level:<7} {case.title}\n" for case in cases)


def explanation_of(case_id: str) -> str:
    """What a case checks, why it matters, and the usual bug.

    Raises:
        UsageError: there is no such case.
    """
    from kubectl_cbt.checks.conformance.cases import CASES

    found = next((case for case in CASES if case.id == case_id), None)
    if found is None:
        close = difflib.get_close_matches(case_id, [case.id for case in CASES], n=3)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UsageError(f'there is no case "{case_id}"', hint=f"{hint}kubectl cbt check --list shows all")
    rule = f", {found.rule}" if found.rule else ""
    parts = [
        f"{found.id} ({found.level}{rule})\n{found.title}",
        f"What it checks\n{found.procedure}",
        f"Why it matters\n{found.rationale}",
        f"The usual bug\n{found.usual_bug}" if found.usual_bug else "",
        f"Source\n{found.source}" if found.source else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def wrapped(text: str, terminal: TerminalFlags) -> str:
    """The text wrapped for a terminal; a pipe gets each paragraph as one line."""
    from kubectl_cbt.cli.terminal import stdout_target

    screen = stdout_target(terminal.color)
    if not screen.is_terminal:
        return text
    width = min(screen.width, _LINE_LENGTH)
    return "".join(textwrap.fill(line, width, break_on_hyphens=False) + "\n" for line in text.splitlines())
