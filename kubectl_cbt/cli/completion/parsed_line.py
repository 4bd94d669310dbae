"""The words before the one being completed, parsed as typer parses them, but without errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kubectl_cbt.cli.completion.command_spec import Flag, Verb


@dataclass(slots=True)
class ParsedLine:
    """The words typed so far.

    Attributes:
        command: the last verb on the line, or the program itself.
        verbs: the verbs that the line can be for: the command. Before a verb is named, every verb that has the flags
            given so far, because flags may precede the verb.
        values: the values of each flag, by :attr:`Flag.name`, in the order of the line; for a flag without a value its
            spelling.
        pending: the spelling of the flag whose value is the next word; empty if there is none.
        flags_ended: whether the line contains ``--``.
    """

    command: Verb
    verbs: list[Verb]
    values: dict[str, list[str]] = field(default_factory=dict)
    positionals: list[str] = field(default_factory=list)
    pending: str = ""
    flags_ended: bool = False

    def flags_spelled(self, spelling: str) -> list[Flag]:
        """The flags with this spelling, one for each verb that has it."""
        return [flag for verb in self.verbs if (flag := verb.flag(spelling))]

    def takes_value(self, spelling: str) -> bool:
        """Whether the flag has a value; False for an unknown flag."""
        return any(flag.takes_value for flag in self.flags_spelled(spelling))

    def last_short_flag(self, word: str) -> tuple[str, str | None]:
        """The last flag of ``-qn`` or ``-nshop``, and the value after it; None if the next word is the value."""
        for index, letter in enumerate(word[1:], 2):
            if self.takes_value(f"-{letter}"):
                return f"-{letter}", word[index:] or None
        return f"-{word[-1]}", None


def read_line(root: Verb, words: Sequence[str]) -> ParsedLine:
    """Read the words after the program's name."""
    line = ParsedLine(root, [root, *root.verbs])
    for word in words:
        _read_word(line, word)
    return line


def is_flag(line: ParsedLine, word: str) -> bool:
    """Whether a word at this place is one or more flags."""
    return not (line.pending or line.flags_ended) and len(word) > 1 and word.startswith("-")


def _read_word(line: ParsedLine, word: str) -> None:
    if line.pending:
        _add_value(line, line.pending, word)
        line.pending = ""
    elif not is_flag(line, word):
        _read_positional(line, word)
    elif word == "--":
        line.flags_ended = True
    elif word.startswith("--"):
        spelling, equals, value = word.partition("=")
        _read_flag(line, spelling, value if equals else None)
    else:
        spelling, last_value = line.last_short_flag(word)
        end = len(word) - len(last_value or "")
        for letter in word[1 : end - 1]:
            _read_flag(line, f"-{letter}", None)
        _read_flag(line, spelling, last_value)


def _read_flag(line: ParsedLine, spelling: str, value: str | None) -> None:
    if not line.takes_value(spelling):
        _add_value(line, spelling, spelling)
    elif value is None:
        line.pending = spelling
    else:
        _add_value(line, spelling, value)


def _add_value(line: ParsedLine, spelling: str, value: str) -> None:
    found = line.flags_spelled(spelling)
    if not found:
        return  # misspelled: the command will report it; the words after it are still completed
    line.verbs = [verb for verb in line.verbs if verb.flag(spelling)]
    line.values.setdefault(found[0].name, []).append(value)


def _read_positional(line: ParsedLine, word: str) -> None:
    """Read a verb where one is expected, otherwise a positional."""
    if line.positionals or not line.command.verbs:
        line.positionals.append(word)
        return
    line.command = line.command.verb(word) or Verb(word)
    line.verbs = [line.command]
