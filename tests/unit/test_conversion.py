"""Arguments are converted as typer converts them, whatever is loaded for it."""

import copy
from datetime import UTC, datetime

import pytest
import typer

from kubectl_cbt.cli import history_flags
from kubectl_cbt.cli.app import build_app, build_command

ODD = ["", "0", "1", "007", "-1", "+3", "1_000", " 5", "4096", "9" * 30, "x", "json", "JSON", "auto", "direct", "true"]
ODD += ["/", "/dev/null", "/no/such/file", "30s", "0x1000", "12Gi", "-", "shop/reader", "bücher", "٣", "junit", "pages"]


def parameters(command, found=None):
    """Each flag and argument once, though many verbs share it: by its name and what it is converted to."""
    found = {} if found is None else found
    context = command.context_class(command, **command.context_settings)
    for parameter in command.get_params(context):
        if not parameter.callback:  # --help leaves
            key = f"{parameter.opts[0]} {parameter.type_descriptor.annotation}"
            found.setdefault(key, (parameter, context))
    for nested in getattr(command, "commands", {}).values():
        parameters(nested, found)
    return found


OURS = parameters(build_command())
TYPERS = parameters(typer.main.get_command(build_app()))


def outcome(parameter, context, value):
    try:
        found = parameter.process_value(context, copy.copy(value))
    except typer.TyperException as error:
        return type(error), error.format_message()
    # Neither tells apart an empty list and an empty tuple, and a command is given None for both.
    return (list(found), list) if isinstance(found, list | tuple) else (found, type(found))


@pytest.mark.parametrize("name", OURS)
def test_every_parameter_is_converted_as_by_typer(name, monkeypatch):
    parameter, context = OURS[name]
    typers, typers_context = TYPERS[name]
    takes_many = parameter.multiple or parameter.nargs == -1
    values = [None, parameter.default, *([[text] for text in ODD] + [ODD] if takes_many else ODD)]
    values += [True, False] if getattr(parameter, "is_flag", False) else []
    # An age such as 30d is converted to a time: of the same moment for both.
    monkeypatch.setattr(history_flags, "current_time", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    for value in values:
        assert outcome(parameter, context, value) == outcome(typers, typers_context, value), value
