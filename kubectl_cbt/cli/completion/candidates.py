"""What fits where the cursor is: a verb, a flag, a flag's value or a positional."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from kubectl_cbt.cli.completion import cluster_values
from kubectl_cbt.cli.completion.command_spec import Flag, Parameter, Verb, with_help
from kubectl_cbt.cli.completion.parsed_line import ParsedLine, is_flag, read_line
from kubectl_cbt.cli.completion.protocol import FILES, NOTHING, Candidate, CompletionAnswer, matching

Source = Callable[[ParsedLine, str], Iterable[Candidate]]
"""Values for the line, given what was typed of them."""

OF_FLAGS: dict[str, Source] = {
    "--cluster": cluster_values.clusters,
    "--context": cluster_values.contexts,
    "--namespace": cluster_values.namespaces,
    "--palette": cluster_values.palettes,
    "--service": cluster_values.services,
    "--service-account": cluster_values.service_accounts,
    "--user": cluster_values.users,
}
"""By the flag's long spelling: where values come from that typer does not know."""

OF_POSITIONALS: dict[str, Source] = {
    "BASE": cluster_values.snapshots,
    "SNAPSHOT": cluster_values.snapshots,
    "TARGET": cluster_values.newer_snapshots,
}
"""By what the help calls a positional, whatever its verb."""


def complete(root: Verb, words: Sequence[str]) -> CompletionAnswer:
    """What the last word may become.

    Args:
        words: those after the program's name; the last one may be empty.

    Raises:
        Exception: of any kind, when something cannot be found out.
    """
    *before, last = words or [""]
    line = read_line(with_help(root), before)
    if line.pending:
        return _value(line, line.pending, last)
    if is_flag(line, last) or (last == "-" and not line.flags_ended):
        return _flag_or_its_value(line, last)
    if line.command.verbs and not line.positionals:
        return matching(_verbs(line), last, in_order=True)
    return _positional(line, last)


def _flag_or_its_value(line: ParsedLine, word: str) -> CompletionAnswer:
    spelling, equals, value = word.partition("=")
    if equals and spelling.startswith("--"):
        return _value(line, spelling, value)
    if len(word) > 2 and not word.startswith("--"):
        letter, value_of_letter = line.letters(word)
        if value_of_letter is not None:
            kept = word.removesuffix(value_of_letter)
            return _value(line, letter, value_of_letter, kept=kept)
    return matching(_flags(line, word), word, in_order=True)


def _value(line: ParsedLine, spelling: str, typed: str, *, kept: str = "") -> CompletionAnswer:
    flags = [flag for flag in line.find(spelling) if flag.takes_value]
    if any(flag.is_file for flag in flags):
        # With something kept before it no shell would find the file.
        return NOTHING if kept else FILES
    choices = [Candidate(choice) for flag in flags for choice in flag.choices]
    sources = {OF_FLAGS[name] for flag in flags for name in flag.spellings if name in OF_FLAGS}
    found = [candidate for source in sources for candidate in source(line, typed)]
    return matching(choices + found, typed, kept=kept, in_order=True)


def _positional(line: ParsedLine, typed: str) -> CompletionAnswer:
    positional = _next_positional(line)
    if positional is None:
        return NOTHING
    if positional.is_file:
        return FILES
    choices = [Candidate(choice) for choice in positional.choices]
    source = OF_POSITIONALS.get(positional.metavar)
    return matching([*choices, *(source(line, typed) if source else ())], typed, in_order=True)


def _next_positional(line: ParsedLine) -> Parameter | None:
    known, index = line.command.positionals, len(line.positionals)
    if index < len(known):
        return known[index]
    return known[-1] if known and known[-1].repeatable else None


def _verbs(line: ParsedLine) -> Iterator[Candidate]:
    for verb in line.command.verbs:
        # After flags: those that take them all.
        if line.verbs == [line.command] or verb in line.verbs:
            yield Candidate(verb.name, verb.about)


def _flags(line: ParsedLine, typed: str) -> Iterator[Candidate]:
    for flag in (flag for verb in line.verbs for flag in verb.flags):
        if _may_be_given(line, flag, typed):
            for spelling in (*flag.spellings, *flag.off):
                yield Candidate(spelling, flag.about, is_flag=True)


def _may_be_given(line: ParsedLine, flag: Flag, typed: str) -> bool:
    """Flags that no help lists are offered to whoever has begun to type one."""
    return (flag.repeatable or flag.name not in line.values) and (not flag.hidden or typed.strip("-") != "")
