"""Read the fields of a parsed object by type, with errors that name the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.record import INT64_MAX, INT64_MIN

_LONGEST_SHOWN = 60

_Value = TypeVar("_Value", str, bool, dict[str, Any], list[Any])


def shown(value: object) -> str:
    """A value as in the document, shortened."""
    # Not orjson, whose formatting of floats differs between versions.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def int64_problem(number: object) -> str:
    """What is wrong with an integer; empty for a valid one."""
    # orjson parses an integer of more than 64 bits as a float.
    if isinstance(number, float) and not INT64_MIN <= number <= INT64_MAX:
        return "beyond 64 bits"
    if type(number) is not int:
        return "not an integer"
    return "" if INT64_MIN <= number <= INT64_MAX else "beyond 64 bits"


class ObjectFields:
    """One object of a document.

    Args:
        name: of the file.
        values: as parsed, untrusted.
        path: a prefix of the names of fields in messages.
        hint: what to do about an invalid field.

    Every method takes the name of a field and raises DocumentError if it is missing or of another type.
    """

    def __init__(self, name: str, values: dict[str, Any], path: str = "", hint: str = "") -> None:
        self._name = name
        self._values = values
        self._path = path
        self._hint = hint

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str) -> str:
        return self._of_type(key, str, "a string")

    def text_or_null(self, key: str) -> str | None:
        return None if self._is_null(key) else self.text(key)

    def flag_or_null(self, key: str) -> bool | None:
        return None if self._is_null(key) else self.flag(key)

    def flag(self, key: str) -> bool:
        return self._of_type(key, bool, "true or false")

    def integer(self, key: str) -> int:
        value = self._value(key)
        if reason := int64_problem(value):
            raise self.wrong(key, reason)
        return int(value)

    def integer_or_null(self, key: str) -> int | None:
        return None if self._is_null(key) else self.integer(key)

    def count(self, key: str) -> int:
        """An integer that is not negative."""
        number = self.integer(key)
        if number < 0:
            raise self.wrong(key, "which is negative")
        return number

    def count_or_null(self, key: str) -> int | None:
        return None if self._is_null(key) else self.count(key)

    def counts(self, key: str) -> tuple[int, ...]:
        """A list of integers that are not negative."""
        values = self._of_type(key, list, "a list")
        if any(int64_problem(value) or value < 0 for value in values):
            raise self.wrong(key, "not a list of counts")
        return tuple(values)

    def seconds_or_null(self, key: str) -> float | None:
        """A number that is not negative."""
        value = self._value(key)
        if value is None:
            return None
        if type(value) not in (int, float) or not 0 <= value < float("inf"):
            raise self.wrong(key, "not a number of seconds")
        return float(value)

    def time_or_null(self, key: str) -> datetime | None:
        text = self.text_or_null(key)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(text)
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.wrong(key, "not a time") from None

    def object(self, key: str) -> ObjectFields:
        values = self._of_type(key, dict, "an object")
        return ObjectFields(self._name, values, f"{self._path}{key}.", self._hint)

    def object_or_null(self, key: str) -> ObjectFields | None:
        return None if self._is_null(key) else self.object(key)

    def objects(self, key: str) -> Iterator[ObjectFields]:
        """The objects of an array."""
        for index, values in enumerate(self._of_type(key, list, "an array")):
            path = f"{self._path}{key}[{index}]"
            if not isinstance(values, dict):
                raise self.error(f"{path} is {shown(values)}, not an object")
            yield ObjectFields(self._name, values, f"{path}.", self._hint)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        values = self._of_type(key, list, "a list")
        if not all(type(value) is str for value in values):
            raise self.wrong(key, "not a list of strings")
        return tuple(values)

    def wrong(self, key: str, reason: str) -> DocumentError:
        """The error for an invalid field."""
        return self.error(f"{self._path}{key} is {shown(self._values[key])}, {reason}")

    def error(self, message: str) -> DocumentError:
        """The error for the object."""
        return DocumentError(f"{self._name}: {message}", hint=self._hint)

    def _value(self, key: str) -> Any:
        if key not in self._values:
            raise self.error(f"{self._path}{key} is missing")
        return self._values[key]

    def _is_null(self, key: str) -> bool:
        return self._value(key) is None

    def _of_type(self, key: str, kind: type[_Value], what: str) -> _Value:
        value = self._value(key)
        if not isinstance(value, kind):
            raise self.wrong(key, f"not {what}")
        return value
