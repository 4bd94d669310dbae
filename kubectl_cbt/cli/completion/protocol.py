"""The output of a completion, in the protocol of kubectl's plugins, which is cobra's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag

from kubectl_cbt.units import printable


class Directive(IntFlag):
    """What the shell does with the candidates: values of cobra's ShellCompDirective."""

    FILES = 0
    """Complete file names if there are no candidates."""

    NO_FILES = 4
    KEEP_ORDER = 32
    """Keep the order. Not supported by kubectl before 1.27, which sorts."""


_PLAIN = re.compile(r"[\w./][\w./:@+-]*")
"""Words without special characters in bash, zsh, fish and PowerShell.

Letters and digits of any language: context names such as ``arn:aws:eks:eu-1:1:cluster/a`` and ``user@host`` are plain.
At the start, a dash makes a flag, ``@`` is PowerShell's splatting, and ``:4`` is a directive.
"""

_MAX_DESCRIPTION_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible completion of the word.

    Attributes:
        value: the whole word; for ``--flag=value`` only the value, as shells expect.
        description: empty for none. Value and description may come from a server or a kubeconfig (untrusted).
        is_flag: whether the word starts with one of our flags.
    """

    value: str
    description: str = ""
    is_flag: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the value needs no quotes in a shell. Kubectl's own scripts insert it without quotes."""
        value = self.value.lstrip("-") if self.is_flag else self.value
        return _PLAIN.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class CompletionAnswer:
    """The candidates, and what the shell does with them."""

    candidates: tuple[Candidate, ...] = ()
    directive: Directive = Directive.NO_FILES

    def text(self) -> str:
        """Lines ``value`` or ``value<TAB>description``, and the directive on the last line.

        Names that are not plain are omitted.
        """
        # All candidates pass through here. Bash would run a name such as $(…) when it is inserted, or even listed.
        lines = [_line(candidate) for candidate in self.candidates if candidate.is_plain]
        return "\n".join([*lines, f":{int(self.directive)}"]) + "\n"


NOTHING = CompletionAnswer()
FILES = CompletionAnswer(directive=Directive.FILES)


def matching(
    candidates: Iterable[Candidate], typed: str, *, prefix: str = "", keep_order: bool = False
) -> CompletionAnswer:
    """The candidates that start with the text typed so far, each once.

    Args:
        prefix: the text before ``typed`` in the same word, which must be repeated.
        keep_order: whether their order is meaningful.
    """
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.value.startswith(typed):
            is_flag = candidate.is_flag or prefix.startswith("-")
            found.setdefault(candidate.value, Candidate(prefix + candidate.value, candidate.description, is_flag))
    directive = Directive.NO_FILES | (Directive.KEEP_ORDER if keep_order else 0)
    return CompletionAnswer(tuple(found.values()), directive)


def _line(candidate: Candidate) -> str:
    description = printable(candidate.description[:_MAX_DESCRIPTION_LENGTH])
    return f"{candidate.value}\t{description}" if description else candidate.value
