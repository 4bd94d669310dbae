"""Groups of options: a verb has a dataclass as one parameter, and each of its fields becomes a flag."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_type_hints

from kubectl_cbt.cli.options import FILE_METAVARS, FLAGS, MAY_NAME_A_FILE
from kubectl_cbt.utf8 import require_utf8


def flags_of(group: Any) -> list[inspect.Parameter]:
    """A group's fields as typer's parameters.

    A field of the command line declares its flag in its annotation; the flags of the core's options are in ``FLAGS``.
    """
    hints = get_type_hints(group, include_extras=True)

    def annotation(name: str) -> Any:
        hint = hints[name]
        return hint if hasattr(hint, "__metadata__") else Annotated[hint, FLAGS[name]]

    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation(field.name)
        )
        for field in fields(group)
    ]


def flag_name(info: Any) -> str:
    """An option's long name, or an argument's name in the help; empty if it has neither."""
    # typer's first argument, ``default``, is a name too where the default value follows the annotation.
    names = (getattr(info, "default", None), *(getattr(info, "param_decls", None) or ()))
    flags = [name for name in names if isinstance(name, str) and name.startswith("--")]
    return flags[0] if flags else getattr(info, "metavar", None) or ""


def _check_texts(parameters: list[inspect.Parameter], given: dict[str, Any]) -> None:
    """Refuse bytes that are not UTF-8, in every argument except file names.

    Raises:
        UsageError: naming the first such flag or argument.
    """
    for parameter in parameters:
        value = given[parameter.name]
        texts = [text for text in (value if isinstance(value, list) else [value]) if type(text) is str]
        info, *marks = getattr(parameter.annotation, "__metadata__", ()) or (None,)
        if MAY_NAME_A_FILE not in marks and getattr(info, "metavar", None) not in FILE_METAVARS:
            require_utf8(flag_name(info) or parameter.name, *texts)


def expand_option_groups(verb: Callable[..., None]) -> Callable[..., None]:
    """Replace a verb's dataclass parameters by one parameter for each field, as typer needs them.

    Texts that are not UTF-8 are refused before the verb is called.
    """
    own = inspect.signature(verb, eval_str=True)
    groups: dict[str, Any] = {
        name: parameter.annotation for name, parameter in own.parameters.items() if is_dataclass(parameter.annotation)
    }
    parameters = [parameter for name, parameter in own.parameters.items() if name not in groups]
    for group in groups.values():
        parameters += flags_of(group)

    @functools.wraps(verb)
    def wrapper(**given: Any) -> None:
        _check_texts(parameters, given)
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        verb(**given, **made)

    del wrapper.__wrapped__  # functools.wraps sets it, and inspect would follow it
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # where inspect reads it
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper
