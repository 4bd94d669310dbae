"""Conversion of arguments without pydantic, which typer uses for it: loading it takes longer than a short stream.

Only values that are certainly valid are converted here. All others go to typer, which also reports the errors.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

_MOST_DIGITS = 18

_Convert = Callable[[Any], Any]


def convert_without_pydantic(command: Any, parent: Any = None) -> None:
    """Convert the parameters of a typer command, and of its subcommands, here where that is possible."""
    # With its parent, which has the names of the help flag: a command keeps the flag that is made first.
    context = command.context_class(command, parent=parent, info_name=command.name, **command.context_settings)
    for parameter in command.get_params(context):
        parameter.process_value = _processing(parameter)
    for nested in getattr(command, "commands", {}).values():
        convert_without_pydantic(nested, context)


def _processing(parameter: Any) -> Callable[[Any, Any], Any]:
    """The replacement for ``parameter.process_value``."""
    by_typer = parameter.process_value
    takes_many = parameter.multiple or parameter.nargs == -1
    convert = _converter(parameter.type_descriptor)

    def process_value(context: Any, value: Any) -> Any:
        if value is None and parameter.required:
            return by_typer(context, value)
        try:
            if takes_many:
                found: Any = [convert(item) for item in value or ()]
            else:
                # A default has its final type.
                found = value if value is None or value is parameter.default else convert(value)
        except (_UncertainError, ValueError):
            return by_typer(context, value)
        return parameter.callback(context, parameter, found) if parameter.callback else found

    return process_value


class _UncertainError(Exception):
    """Typer has to convert the value."""


def _converter(descriptor: Any) -> _Convert:
    annotation, info = descriptor.annotation, descriptor.parameter_info
    if get_origin(annotation) is list:
        (annotation,) = get_args(annotation)
    if info.parser is not None:
        return info.parser  # type: ignore[no-any-return]  # typer declares it so
    if annotation is str:
        return _text
    if annotation is int:
        return lambda value: _whole_number(value, info.min, info.max)
    if annotation is Path:
        return _readable_path
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    return _by_typer


def _by_typer(value: Any) -> Any:
    raise _UncertainError


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _UncertainError


def _whole_number(value: Any, smallest: float | None, largest: float | None) -> int:
    is_plain = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
    if not is_plain:
        raise _UncertainError
    number = int(value)
    if (smallest is not None and number < smallest) or (largest is not None and number > largest):
        raise _UncertainError
    return number


def _readable_path(value: Any) -> Path:
    if not isinstance(value, str) or not os.access(value, os.R_OK):
        raise _UncertainError
    return Path(value)
