"""The candidates at the cursor: verbs, flags, values of a flag or positionals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from kubectl_cbt.cli.completion import cluster_values
from kubectl_cbt.cli.completion.command_spec import Flag, Parameter, Verb, with_help_command
from kubectl_cbt.cli.completion.parsed_line import ParsedLine, is_flag, read_line
from kubectl_cbt.cli.completion.protocol import FILES, NOTHING, Candidate, CompletionAnswer, matching

Source = Callable[[ParsedLine, str], Iterable[Candidate]]
"""Returns values for the line and the text typed so far."""

FLAG_VALUES: dict[str, Source] = {
    "--cluster": cluster_values.clusters,
    "--context": cluster_values.contexts,
    "--driver": cluster_values.services,
    "--namespace": cluster_values.namespaces,
    "--palette": cluster_values.palettes,
    "--scale": cluster_values.scales,
    "--service": cluster_values.services,
    "--service-account": cluster_values.service_accounts,
    "--theme": cluster_values.themes,
    "--user": cluster_values.users,
    "--volume": cluster_values.volumes,
}
"""Sources of values that typer does not know, by the long spelling of the flag."""

POSITIONAL_VALUES: dict[str, Source] = {
    "BASE": cluster_values.snapshots,
    "CLAIM": cluster_values.claims,
    "SNAPSHOT": cluster_values.snapshots,
    "TARGET": cluster_values.newer_snapshots,
}
"""Sources of values by the name of the positional in the help, for all verbs."""


def complete(root: Verb, words: Sequence[str]) -> CompletionAnswer:
    """The completions of the last word.

    Args:
        words: the words after the program's name; the last one may be empty.

    Raises:
        Exception: of any kind, if the values cannot be read.
    """
    *before, last = words or [""]
    line = read_line(with_help_command(root), before)
    if line.pending:
        return _value(line, line.pending, last)
    if is_flag(line, last) or (last == "-" and not line.flags_ended):
        return _flag_or_its_value(line, last)
    if line.command.verbs and not line.positionals:
        return matching(_verbs(line), last, keep_order=True)
    return _positional(line, last)


def _flag_or_its_value(line: ParsedLine, word: str) -> CompletionAnswer:
    spelling, equals, value = word.partition("=")
    if equals and spelling.startswith("--"):
        return _value(line, spelling, value)
    if len(word) > 2 and not word.startswith("--"):
        flag, value_of_flag = line.last_short_flag(word)
        if value_of_flag is not None:
            return _value(line, flag, value_of_flag, prefix=word.removesuffix(value_of_flag))
    return matching(_flags(line, word), word, keep_order=True)


def _value(line: ParsedLine, spelling: str, typed: str, *, prefix: str = "") -> CompletionAnswer:
    flags = [flag for flag in line.flags_spelled(spelling) if flag.takes_value]
    if any(flag.is_file for flag in flags):
        # With a prefix in the same word no shell would find the file.
        return NOTHING if prefix else FILES
    choices = [Candidate(choice) for flag in flags for choice in flag.choices]
    sources = {FLAG_VALUES[name] for flag in flags for name in flag.spellings if name in FLAG_VALUES}
    found = [candidate for source in sources for candidate in source(line, typed)]
    return matching(choices + found, typed, prefix=prefix, keep_order=True)


def _positional(line: ParsedLine, typed: str) -> CompletionAnswer:
    positional = _next_positional(line)
    if positional is None:
        return NOTHING
    if positional.is_file:
        return FILES
    choices = [Candidate(choice) for choice in positional.choices]
    source = POSITIONAL_VALUES.get(positional.metavar)
    return matching([*choices, *(source(line, typed) if source else ())], typed, keep_order=True)


def _next_positional(line: ParsedLine) -> Parameter | None:
    known, index = line.command.positionals, len(line.positionals)
    if index < len(known):
        return known[index]
    return known[-1] if known and known[-1].repeatable else None


def _verbs(line: ParsedLine) -> Iterator[Candidate]:
    for verb in line.command.verbs:
        # After flags: the verbs that have all of them.
        if line.verbs == [line.command] or verb in line.verbs:
            yield Candidate(verb.name, verb.description)


def _flags(line: ParsedLine, typed: str) -> Iterator[Candidate]:
    for flag in (flag for verb in line.verbs for flag in verb.flags):
        if _is_offered(line, flag, typed):
            for spelling in (*flag.spellings, *flag.off):
                yield Candidate(spelling, flag.description, is_flag=True)


def _is_offered(line: ParsedLine, flag: Flag, typed: str) -> bool:
    """A flag that is not in the verb's help is offered only once a letter of it was typed."""
    return (flag.repeatable or flag.name not in line.values) and (not flag.hidden or typed.strip("-") != "")
