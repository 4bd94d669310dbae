"""Documents as JSON and YAML: every output in these formats goes through here.

Data stay what they are, but no character that a terminal would obey, or not show, is written as itself: it is escaped,
as kubectl escapes such objects. Parsed again, the document is the one that was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from kubectl_cbt.units import is_printable, printable

if TYPE_CHECKING:
    from yaml import SafeDumper

_UNFOLDED = 10**6
"""Columns of a line that no string reaches, so that none is folded."""
_NOT_ASCII = re.compile("[^\x00-\x7e]")


def as_json(document: Any, *, indented: bool = True) -> bytes:
    """JSON in UTF-8, without a newline at the end."""
    import orjson

    try:
        data = orjson.dumps(document, option=orjson.OPT_INDENT_2 if indented else None)
    except TypeError:
        return _with_surrogates(document, indented=indented)
    if data.isascii() and b"\x7f" not in data:
        return data
    # Between strings JSON has nothing but ASCII: whatever is escaped here is part of one.
    return _escaped(data.decode(), _json_escape).encode()


def json_members(document: dict[str, Any]) -> bytes:
    """The members of an object as indented JSON, without its braces: a document is written in parts."""
    return as_json(document)[2:-2]


def as_yaml(document: Any, *, flow_style: bool | None = False, width: int = _UNFOLDED) -> str:
    """YAML that ends with a newline.

    Args:
        flow_style: as PyYAML takes it; None puts collections without collections on one line.
    """
    from yaml import dump

    text = dump(
        document,
        Dumper=_dumper(),
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=flow_style,
        width=width,
    )
    # The dumper quotes strings that need it, so that an escape is understood.
    return _escaped(text, _yaml_escape)


def _with_surrogates(document: Any, *, indented: bool) -> bytes:
    """The same for strings without UTF-8: file names and parsed JSON can contain lone surrogates."""
    import json

    if indented:
        return json.dumps(document, indent=2).encode()
    return json.dumps(document, separators=(",", ":")).encode()


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    """With escapes for DEL and beyond; the libraries write none of the control characters before it."""
    return _NOT_ASCII.sub(lambda found: found[0] if is_printable(found[0]) else escape(found[0]), text)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _yaml_escape(character: str) -> str:
    return f"\\u{ord(character):04X}" if ord(character) < 0x10000 else f"\\U{ord(character):08X}"


@cache
def _dumper() -> type[SafeDumper]:
    """PyYAML's dumper, with double quotes around every string that contains anything to escape."""
    from yaml import SafeDumper
    from yaml.nodes import ScalarNode

    class Dumper(SafeDumper):
        """Ours alone: representers belong to a class."""

    def represented(dumper: SafeDumper, text: str) -> ScalarNode:
        style = None if printable(text) == text else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represented)
    return Dumper
