"""What a completion answers, in the protocol of kubectl's plugins, which is cobra's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag

from kubectl_cbt.units import printable


class Directive(IntFlag):
    """What the shell shall do with the candidates; numbers of cobra's ShellCompDirective."""

    FILES = 0
    """Without candidates, complete names of files."""

    NO_SPACE = 2
    NO_FILES = 4
    KEEP_ORDER = 32
    """Show them as they come. Kubectl before 1.27 does not know it, and sorts."""


_PLAIN = re.compile(r"[\w./][\w./:@+-]*")
"""Words that mean themselves in bash, zsh, fish and PowerShell.

Letters and digits of any language: context names such as ``arn:aws:eks:eu-1:1:cluster/a`` and ``user@host`` are plain.
At the start a dash makes a flag, ``@`` is PowerShell's splatting, and ``:4`` is a directive.
"""

_LONGEST_ABOUT = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that the word may become.

    Attributes:
        value: all of the word; of a word ``--flag=value`` only the value, as shells want it.
        about: a description, empty for none. Both may be text of a server or a kubeconfig (untrusted).
        is_flag: whether the word starts with a flag of ours.
    """

    value: str
    about: str = ""
    is_flag: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether a shell takes the value as it is. Kubectl's own scripts insert it without quotes."""
        value = self.value.lstrip("-") if self.is_flag else self.value
        return _PLAIN.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class CompletionAnswer:
    """All of it."""

    candidates: tuple[Candidate, ...] = ()
    directive: Directive = Directive.NO_FILES

    def text(self) -> str:
        """Lines ``value`` or ``value<TAB>about``, and the directive on the last one.

        Names that are not plain are left out.
        """
        # Every candidate passes here. Bash would run a name such as $(…) that was inserted, or only listed.
        lines = [_line(candidate) for candidate in self.candidates if candidate.is_plain]
        return "\n".join([*lines, f":{int(self.directive)}"]) + "\n"


NOTHING = CompletionAnswer()
FILES = CompletionAnswer(directive=Directive.FILES)


def matching(
    candidates: Iterable[Candidate], typed: str, *, kept: str = "", in_order: bool = False
) -> CompletionAnswer:
    """Those that begin with what was typed, each once.

    Args:
        kept: what stands before ``typed`` in the same word and has to be repeated.
        in_order: whether their order says something.
    """
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.value.startswith(typed):
            is_flag = candidate.is_flag or kept.startswith("-")
            found.setdefault(candidate.value, Candidate(kept + candidate.value, candidate.about, is_flag))
    directive = Directive.NO_FILES | (Directive.KEEP_ORDER if in_order else 0)
    return CompletionAnswer(tuple(found.values()), directive)


def _line(candidate: Candidate) -> str:
    about = printable(candidate.about[:_LONGEST_ABOUT])
    return f"{candidate.value}\t{about}" if about else candidate.value
