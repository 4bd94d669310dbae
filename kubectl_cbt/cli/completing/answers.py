"""What a completion answers, in the protocol of kubectl's plugins, which is cobra's."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that the word may become.

    Attributes:
        value: all of the word; of a word ``--flag=value`` only the value, as shells want it.
        about: a line for the person, empty for none. Both may be a server's text.
    """

    value: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """All of it."""

    candidates: tuple[Candidate, ...] = ()
    directive: Directive = Directive.NO_FILES

    def text(self) -> str:
        """Lines ``value`` or ``value<TAB>about``, and the directive on the last one."""
        # A name with a line break or an escape sequence would reach the command line, or the terminal.
        lines = [_line(candidate) for candidate in self.candidates if candidate.value.isprintable()]
        return "\n".join([*lines, f":{int(self.directive)}"]) + "\n"


NOTHING = Answer()
FILES = Answer(directive=Directive.FILES)


def matching(candidates: Iterable[Candidate], typed: str, *, kept: str = "", in_order: bool = False) -> Answer:
    """Those that begin with what was typed, each once.

    Args:
        kept: what stands before ``typed`` in the same word and has to be repeated.
        in_order: whether their order says something.
    """
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.value.startswith(typed):
            found.setdefault(candidate.value, Candidate(kept + candidate.value, candidate.about))
    directive = Directive.NO_FILES | (Directive.KEEP_ORDER if in_order else 0)
    return Answer(tuple(found.values()), directive)


def _line(candidate: Candidate) -> str:
    about = printable(candidate.about)
    return f"{candidate.value}\t{about}" if about else candidate.value
