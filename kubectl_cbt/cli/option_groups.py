"""From groups of options to typer's flags: a verb takes a dataclass as one parameter, and each field becomes a flag."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_type_hints

from kubectl_cbt.cli.options import FLAGS, MAY_NAME_A_FILE, OF_FILES
from kubectl_cbt.utf8 import require_utf8


def flags_of(group: Any) -> list[inspect.Parameter]:
    """A group's fields as typer's parameters.

    A field of the command line declares its flag in its annotation; one of the core's options has it in ``FLAGS``.
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


def _check_texts(parameters: list[inspect.Parameter], given: dict[str, Any]) -> None:
    """Refuse bytes that are not UTF-8 in every argument that is not the name of a file.

    Raises:
        UsageError: naming the first such flag or argument.
    """
    for parameter in parameters:
        value = given[parameter.name]
        texts = [text for text in (value if isinstance(value, list) else [value]) if type(text) is str]
        info, *marks = getattr(parameter.annotation, "__metadata__", ()) or (None,)
        if MAY_NAME_A_FILE not in marks and getattr(info, "metavar", None) not in OF_FILES:
            require_utf8(_shown_name(info) or parameter.name, *texts)


def _shown_name(info: Any) -> str:
    """An option's long name, or an argument's as help shows it; empty when it has neither."""
    # What Option is called with first is a name too, where the default stands after the annotation.
    names = (getattr(info, "default", None), *(getattr(info, "param_decls", None) or ()))
    flags = [name for name in names if isinstance(name, str) and name.startswith("--")]
    return flags[0] if flags else getattr(info, "metavar", None) or ""


def expand_option_groups(verb: Callable[..., None]) -> Callable[..., None]:
    """Make each field of a verb's dataclass parameters a flag of its own, which is what typer understands.

    Texts that are not UTF-8 are refused before the verb begins.
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
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect looks for it here
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper
