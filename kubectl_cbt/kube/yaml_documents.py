"""Load YAML as kubectl does: the first document, with the types of Kubernetes' own decoder.

PyYAML's own loaders follow YAML 1.1 more closely than kubectl does, reject unknown tags, and are several times slower:
this builds the values from the parser's events. The parser is libyaml if PyYAML was built with it.
"""

from __future__ import annotations

import base64
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml import Mark

_STANDARD = "tag:yaml.org,2002:"
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
}
_FIRST_OF_NUMBERS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = r"(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?"
_TIMESTAMP = re.compile(rf"(\d{{4}})-(\d\d?)-(\d\d?)(?:[Tt]{_TIME}(?:Z|[+-](\d\d):(\d\d))| +{_TIME})?", re.ASCII)
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def load_yaml(data: bytes) -> Any:
    """The first document; None without one. Dates are strings, as in kubectl.

    Args:
        data: UTF-8, or UTF-16 with its byte order mark.

    Raises:
        yaml.YAMLError: the message quotes the text.
    """
    import yaml

    # Without libyaml a tab after a colon is rejected.
    parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(data)
    try:
        return _Builder(parser, yaml).document()
    finally:
        parser.dispose()


class _Builder:
    """Reads events until the end of the first document."""

    def __init__(self, parser: Any, yaml: Any) -> None:
        self._next = parser.get_event
        self._yaml = yaml
        self._anchors: dict[str, Any] = {}

    def document(self) -> Any:
        self._next()  # start of the stream
        if isinstance(self._next(), self._yaml.StreamEndEvent):
            return None
        value = self._value(self._next())
        self._next()  # the end of the document: anything more on the same line is an error
        return value

    def _value(self, event: Any) -> Any:
        events = self._yaml
        kind = type(event)
        if kind is events.ScalarEvent:
            value = self._scalar(event)
        elif kind is events.MappingStartEvent:
            value = self._mapping(event)
        elif kind is events.SequenceStartEvent:
            value = self._sequence()
        else:
            return self._alias(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _alias(self, event: Any) -> Any:
        # An anchor is defined once its value is complete: a value that contains itself is rejected, as in kubectl.
        if event.anchor not in self._anchors:
            raise self._refused("unknown anchor", event.start_mark)
        return self._anchors[event.anchor]

    def _sequence(self) -> list[Any]:
        values = []
        while type(event := self._next()) is not self._yaml.SequenceEndEvent:
            values.append(self._value(event))
        return values

    def _mapping(self, start: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[Any] = []
        end, scalar = self._yaml.MappingEndEvent, self._yaml.ScalarEvent
        while type(event := self._next()) is not end:
            if type(event) is scalar and event.value == "<<" and event.implicit[0]:
                merged.append(self._value(self._next()))
                continue
            key = self._value(event)
            if not isinstance(key, str):
                key = self._key(key, event.start_mark)
            values[key] = self._value(self._next())
        for other in merged:
            for mapping in other if isinstance(other, list) else [other]:
                if not isinstance(mapping, dict):
                    raise self._refused("only mappings can be merged", start.start_mark)
                values = mapping | values
        return values

    def _key(self, key: Any, mark: Mark) -> str:
        """Keys are strings in JSON, to which kubectl converts first."""
        if key is None or isinstance(key, dict | list):
            raise self._refused("a key is not a scalar", mark)
        return str(key).lower() if isinstance(key, bool) else str(key)

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        tag = event.tag
        if tag is None or tag == "!":
            return self._plain(event) if event.implicit[0] and tag is None else text
        if not tag.startswith(_STANDARD):
            return text
        return self._tagged(tag.removeprefix(_STANDARD), text, event.start_mark)

    def _plain(self, event: Any) -> Any:
        value = resolve(event.value)
        if isinstance(value, float) and math.isnan(value):
            raise self._refused("JSON has neither infinity nor NaN", event.start_mark)
        return value

    def _tagged(self, tag: str, text: str, mark: Mark) -> Any:
        if tag == "binary":
            try:
                return base64.b64decode("".join(text.split()), validate=True).decode()
            except ValueError:  # includes binascii.Error and UnicodeDecodeError
                raise self._refused("!!binary without base64", mark) from None
        if tag == "timestamp" and not _is_timestamp(text):
            raise self._refused("a value does not have the type of its tag", mark)
        wanted = {"int": int, "float": int | float, "bool": bool, "null": type(None)}.get(tag)
        if wanted is None:
            return text
        value = resolve(text)
        if not isinstance(value, wanted):
            raise self._refused("a value does not have the type of its tag", mark)
        return value

    def _refused(self, why: str, mark: Mark) -> Exception:
        error: Exception = self._yaml.MarkedYAMLError(problem=why, problem_mark=mark)
        return error


def resolve(text: str) -> Any:
    """The value of a plain scalar; infinity and NaN are both NaN."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST_OF_NUMBERS:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _INFINITE.fullmatch(text):
        return math.nan
    if _FLOAT.fullmatch(text):
        value = float(text)
        return text if math.isinf(value) else value
    return text


def _is_timestamp(text: str) -> bool:
    """Whether Go parses the text as a time in one of kubectl's formats for ``!!timestamp``."""
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        return False
    year, month, day, *clock = (int(part or 0) for part in found.groups())
    hour, minute, second, zone_hours, zone_minutes, *without_zone = clock
    try:
        # Python has no year 0; like the year 4 it is a leap year.
        datetime(year or 4, month, day, hour or without_zone[0], minute or without_zone[1], second or without_zone[2])
    except ValueError:
        return False
    return zone_hours <= 24 and zone_minutes <= 60


def _integer(text: str) -> Any:
    digits = text.replace("_", "")
    if re.fullmatch("[-+]?0[0-9]+", digits):
        digits = digits.replace("0", "0o", 1)
    try:
        return int(digits, 0)
    except ValueError:
        # Not octal, or a prefix without digits.
        return float(text) if _FLOAT.fullmatch(text) else text
