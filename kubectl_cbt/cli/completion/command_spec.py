"""Verbs and flags as completion needs them, read from typer's commands: a new flag is completed without more work.

The only module of completion that knows how typer describes parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_cbt.cli.options import FILE_METAVARS


@dataclass(frozen=True, slots=True)
class Parameter:
    """Common to flags and positionals.

    Attributes:
        metavar: the name of the value in the help, without brackets and dots.
        choices: all possible values; empty if there is no list of them.
        repeatable: whether it can be given more than once.
    """

    name: str
    description: str = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    repeatable: bool = False

    @property
    def is_file(self) -> bool:
        """Whether the value is a path."""
        return self.metavar in FILE_METAVARS


def _last_value(values: Sequence[str]) -> Any:
    return values[-1]


@dataclass(frozen=True, slots=True)
class Flag(Parameter):
    """A flag.

    Attributes:
        spellings: ``--namespace``, ``-n``.
        off: spellings that turn it off: ``--no-color``.
        hidden: not in the verb's help.
        parse: from the texts on the line to the value for the verb. Raises typer's errors.
    """

    spellings: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    takes_value: bool = True
    hidden: bool = False
    parse: Callable[[Sequence[str]], Any] = field(default=_last_value, compare=False)


@dataclass(frozen=True, slots=True)
class Verb:
    """A command with its subcommands."""

    name: str
    description: str = ""
    flags: tuple[Flag, ...] = ()
    positionals: tuple[Parameter, ...] = ()
    verbs: tuple[Verb, ...] = ()

    def flag(self, spelling: str) -> Flag | None:
        """The flag with this spelling."""
        return next((flag for flag in self.flags if spelling in flag.spellings + flag.off), None)

    def verb(self, name: str) -> Verb | None:
        """The subcommand of this name."""
        return next((verb for verb in self.verbs if verb.name == name), None)


def read_tree(command: Any, parent: Any = None) -> Verb:
    """A typer command and its subcommands, without hidden ones."""
    context = command.context_class(command, parent=parent, info_name=command.name, **command.context_settings)
    parameters = command.get_params(context)
    commands = getattr(command, "commands", {}).values()
    return Verb(
        name=command.name or "",
        description=command.get_short_help_str(limit=200),
        flags=tuple(_flag(found, context) for found in parameters if found.param_type_name == "option"),
        positionals=tuple(
            Parameter(**_common(found, context)) for found in parameters if found.param_type_name == "argument"
        ),
        verbs=tuple(read_tree(found, context) for found in commands if not found.hidden),
    )


def with_help_command(root: Verb) -> Verb:
    """The program with ``help [VERB …]``, which is not a typer command: see ``cli/app.py``."""
    return replace(root, verbs=(*root.verbs, Verb("help", "Help about any command.", verbs=_names_of(root.verbs))))


def _names_of(verbs: Sequence[Verb]) -> tuple[Verb, ...]:
    return tuple(Verb(verb.name, verb.description, verbs=_names_of(verb.verbs)) for verb in verbs)


def _flag(option: Any, context: Any) -> Flag:
    takes_value = not (option.is_flag or option.count)

    def parse(values: Sequence[str]) -> Any:
        if not takes_value:
            return values[-1] not in option.secondary_opts
        return option.process_value(context, list(values) if option.multiple else values[-1])

    return Flag(
        **_common(option, context),
        spellings=tuple(option.opts),
        off=tuple(option.secondary_opts),
        takes_value=takes_value,
        hidden=option.hidden,
        parse=parse,
    )


def _common(parameter: Any, context: Any) -> dict[str, Any]:
    metavar = (parameter.metavar or "").strip("[].")
    offered = parameter.shell_complete(context, "")
    return {
        "name": parameter.name,
        "description": parameter.help or "",
        "metavar": "FILE" if any(item.type == "file" for item in offered) else metavar,
        "choices": tuple(item.value for item in offered if item.type == "plain") or _listed(metavar),
        "repeatable": bool(parameter.multiple or parameter.nargs < 0 or getattr(parameter, "count", False)),
    }


def _listed(metavar: str) -> tuple[str, ...]:
    """The values of ``json|yaml``; words in capitals are not values."""
    return tuple(part for part in metavar.split("|") if not part.isupper()) if "|" in metavar else ()
