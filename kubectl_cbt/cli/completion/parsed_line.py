"""The words before the one being completed, read as typer will read them, but never with an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kubectl_cbt.cli.completion.command_spec import Flag, Verb


@dataclass(slots=True)
class ParsedLine:
    """What was typed so far.

    Attributes:
        command: the verb named last, or the program itself.
        verbs: what the line may be about: the command. Until a verb is named that is every one that takes the flags
            given, because they may stand before it.
        values: of each flag given, by :attr:`Flag.name`, in the order of the line; a flag without a value has its
            spelling there.
        pending: spelling of the flag whose value comes next, empty when none does.
        flags_ended: whether ``--`` was there.
    """

    command: Verb
    verbs: list[Verb]
    values: dict[str, list[str]] = field(default_factory=dict)
    positionals: list[str] = field(default_factory=list)
    pending: str = ""
    flags_ended: bool = False

    def find(self, spelling: str) -> list[Flag]:
        """Flags spelled so, one for each verb that has one."""
        return [flag for verb in self.verbs if (flag := verb.flag(spelling))]

    def takes_value(self, spelling: str) -> bool:
        """Whether a value belongs to the flag; False for an unknown one."""
        return any(flag.takes_value for flag in self.find(spelling))

    def letters(self, word: str) -> tuple[str, str | None]:
        """The last flag of ``-qn`` or ``-nshop``, and the value behind it; None where the next word is the value."""
        for index, letter in enumerate(word[1:], 2):
            if self.takes_value(f"-{letter}"):
                return f"-{letter}", word[index:] or None
        return f"-{word[-1]}", None


def read_line(root: Verb, words: Sequence[str]) -> ParsedLine:
    """Read the words after the program's name."""
    line = ParsedLine(root, [root, *root.verbs])
    for word in words:
        _take(line, word)
    return line


def is_flag(line: ParsedLine, word: str) -> bool:
    """Whether a word is one or more flags, at this place."""
    return not (line.pending or line.flags_ended) and len(word) > 1 and word.startswith("-")


def _take(line: ParsedLine, word: str) -> None:
    if line.pending:
        _give(line, line.pending, word)
        line.pending = ""
    elif not is_flag(line, word):
        _take_plain(line, word)
    elif word == "--":
        line.flags_ended = True
    elif word.startswith("--"):
        spelling, equals, value = word.partition("=")
        _take_flag(line, spelling, value if equals else None)
    else:
        spelling, last_value = line.letters(word)
        end = len(word) - len(last_value or "")
        for letter in word[1 : end - 1]:
            _take_flag(line, f"-{letter}", None)
        _take_flag(line, spelling, last_value)


def _take_flag(line: ParsedLine, spelling: str, value: str | None) -> None:
    if not line.takes_value(spelling):
        _give(line, spelling, spelling)
    elif value is None:
        line.pending = spelling
    else:
        _give(line, spelling, value)


def _give(line: ParsedLine, spelling: str, value: str) -> None:
    found = line.find(spelling)
    if not found:
        return  # misspelled: whoever runs the line is told, and what comes behind it is completed all the same
    line.verbs = [verb for verb in line.verbs if verb.flag(spelling)]
    line.values.setdefault(found[0].name, []).append(value)


def _take_plain(line: ParsedLine, word: str) -> None:
    """A verb where one is expected, else a positional."""
    if line.positionals or not line.command.verbs:
        line.positionals.append(word)
        return
    line.command = line.command.verb(word) or Verb(word)
    line.verbs = [line.command]
