"""Hostile text, values that contain it in every field, and the characters that must not reach a terminal.

What is forbidden is spelled out here once more, by code points, and not taken from the code under test.
"""

import dataclasses
import types
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

FORBIDDEN_RANGES = (
    *((0x00, 0x09), (0x0B, 0x1F), (0x7F, 0x9F)),  # C0 but for the newline, DEL, C1
    *((0x61C, 0x61C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069)),  # bidi marks, overrides, isolates
    *((0x2028, 0x2029), (0xD800, 0xDFFF), (0xFFFE, 0xFFFF)),  # separators, surrogates, not in XML
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),  # not drawn
    *((0x200B, 0x200D), (0x2060, 0x2065), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0xE0000, 0xE01EF)),
)
FORBIDDEN = frozenset(chr(code) for first, last in FORBIDDEN_RANGES for code in range(first, last + 1))

DOCUMENT = Path(__file__).with_name("hostile-names.json")
"""A saved delta whose names, driver and error hold terminal escapes, a bidi override and markup."""

ESCAPES = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202ebidi\u200b\x7f\r\n# SKIP\n\twarning: all is well"
MARKUP = "[@click=app.screenshot('.bashrc','\\x2fhome')]x[/][/x][red]"

_LETTERS = st.one_of(
    st.sampled_from(sorted(FORBIDDEN)),
    st.sampled_from("\n\n\r\x1b\x85\u2028\u202e"),
    st.sampled_from("[]@/\\'\"#&<>:;-{}%$`|! abc"),
    st.characters(),
)
hostile_texts = st.text(_LETTERS, min_size=1, max_size=12)

_FEW = settings(max_examples=5, derandomize=True, suppress_health_check=list(HealthCheck))


def against_hostile_text(test: Callable[..., None]) -> Callable[..., None]:
    """Give ``text`` to a test: the two above, and a few more, which are the same in every run."""
    return _FEW(example(text=ESCAPES)(example(text=MARKUP)(given(text=hostile_texts)(test))))


def forbidden_in(text: str) -> set[str]:
    """The characters that must not reach a terminal."""
    return {character for character in text if character in FORBIDDEN}


def filled(kind: Any, text: str, **given: Any) -> Any:
    """A value of that type with ``text`` in every string, however deep; a new field is filled by itself.

    Args:
        given: fields of the outermost dataclass that are as given.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is str:
        return text
    if kind is Any or kind is object:
        return text
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [field.name for field in dataclasses.fields(kind)]
        return kind(**{name: given[name] if name in given else filled(hints[name], text) for name in names})
    if origin in (Union, types.UnionType):
        return filled(next(one for one in inner if one is not type(None)), text)
    if origin in (tuple, list):
        return origin([filled(inner[0], text)])
    if origin is dict:
        return {filled(inner[0], text): filled(inner[1], text)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if kind is datetime:
        return datetime(2026, 11, 16, tzinfo=UTC)
    plain: dict[Any, Any] = {int: 4096, float: 1.5, bool: False, bytes: b""}
    return plain[kind]


def replaced(value: Any, before: str, after: str) -> Any:
    """A document with a text in all its strings replaced."""
    if isinstance(value, str):
        return value.replace(before, after)
    if isinstance(value, list):
        return [replaced(one, before, after) for one in value]
    if isinstance(value, dict):
        return {replaced(name, before, after): replaced(one, before, after) for name, one in value.items()}
    return value


def assert_text(make: Callable[[str], str], text: str) -> None:
    """What a text format makes of hostile text: nothing forbidden, and no more lines than of a harmless one."""
    found, harmless = make(text), make("harmless")
    assert not forbidden_in(found)
    assert found.count("\n") == harmless.count("\n")


def assert_picture(make: Callable[[str], str], text: str) -> None:
    """What SVG makes of it: valid XML without anything forbidden, which differs from a harmless one in texts alone."""
    found = make(text)
    assert not forbidden_in(found)
    shapes = [
        [(element.tag, element.attrib) for element in ET.fromstring(picture).iter() if not element.tag.endswith("text")]
        for picture in (found, make("harmless"))
    ]
    assert shapes[0] == shapes[1]


def assert_document(make: Callable[[str], str], load: Callable[[str], Any], text: str) -> None:
    """What JSON and YAML make of it: nothing forbidden as itself, and all of it when it is read again."""
    found = make(text)
    assert not forbidden_in(found)
    assert load(found) == replaced(load(make("harmless-ünlikely")), "harmless-ünlikely", text)
