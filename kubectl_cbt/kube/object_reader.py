"""Read the fields of API objects. An API server validates types only if the CRD declares them.

A field of a wrong type does not raise: it counts as missing, and the reader records a problem. A list then has one
invalid row, and a request for that object fails with an error that names object and field.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from kubectl_cbt.errors import MalformedObject
from kubectl_cbt.units import parse_quantity, parse_time, printable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64_MAX = 2**63 - 1
_LONGEST_SHOWN = 40

_Value = TypeVar("_Value")


class ObjectReader:
    """One object, as parsed and untrusted.

    Every method takes the path of a field. A field that is missing or null is empty (``""``, None, False, ``{}``),
    and a field of another type is empty and a problem.

    Args:
        item: a value where an object is expected.
        path: of the object in a larger one; a prefix of the names of its fields.

    Attributes:
        problems: one phrase per invalid field, beginning with its path.
    """

    def __init__(self, item: object, path: str = "") -> None:
        self.problems: list[str] = []
        self._path = path
        self._item: dict[str, Any] = item if isinstance(item, dict) else {}
        if not isinstance(item, dict):
            self.problems.append(f"{path or 'it'} is {_shown(item)}, not an object")

    @property
    def problem(self) -> str:
        """The first problem; empty without one."""
        return self.problems[0] if self.problems else ""

    def require(self, what: str) -> None:
        """Raise the first problem.

        Args:
            what: names the object.

        Raises:
            MalformedObject: there is a problem.
        """
        if self.problems:
            raise MalformedObject(f"{what}: {self.problem}")

    def has(self, *path: str) -> bool:
        """Whether the field exists, and is neither null nor an empty object."""
        return self._at(path) not in (None, {})

    def text(self, *path: str) -> str:
        """A string."""
        return self._of_type(path, str, "a string") or ""

    def needed_text(self, *path: str) -> str:
        """A required string: a missing or empty one is a problem too."""
        value = self._at(path)
        if value in (None, ""):
            self._note(path, "is missing")
        return self.text(*path)

    def name(self, *path: str) -> str:
        """The name of another object, to be used in a path."""
        value = self.text(*path)
        if value in (".", ".."):
            self._wrong(path, value, "a name")
            return ""
        return value

    def flag(self, *path: str) -> bool:
        """true or false."""
        return self._of_type(path, bool, "true or false") or False

    def number(self, *path: str) -> int | None:
        """An int64 that is not negative."""
        value = self._at(path)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= _INT64_MAX:
            self._wrong(path, value, "a whole number of 0 to 2^63 - 1")
            return None
        return value

    def nanoseconds(self, *path: str) -> datetime | None:
        """A time as nanoseconds since 1970; 0 is no time."""
        value = self._at(path)
        if value in (None, 0) and value is not False:
            return None
        if type(value) is not int:
            self._wrong(path, value, "a number of nanoseconds")
            return None
        try:
            return _EPOCH + timedelta(microseconds=value // 1000)
        except OverflowError:
            self._wrong(path, value, "the nanoseconds of a time")
            return None

    def time(self, *path: str) -> datetime | None:
        """A time of RFC 3339, in UTC."""
        value = self._at(path)
        if value in (None, ""):
            return None
        try:
            return parse_time(value)
        except (TypeError, ValueError):
            self._wrong(path, value, "a time")
            return None

    def quantity_bytes(self, *path: str) -> int | None:
        """A quantity of bytes (``10Gi``, also as a number), rounded up as the API machinery does."""
        value = self._at(path)
        if value is None:
            return None
        try:
            found = value if type(value) in (int, float) else parse_quantity(value)
        except (TypeError, ValueError):
            self._wrong(path, value, "a quantity")
            return None
        if not 0 <= found <= _INT64_MAX:
            self._wrong(path, value, "the size of a volume")
            return None
        return math.ceil(found)

    def mapping(self, *path: str) -> dict[str, Any]:
        """An object with arbitrary keys."""
        return self._of_type(path, dict, "an object") or {}

    def texts(self, *path: str) -> list[str]:
        """A list of strings; an item of another type is omitted, and a problem."""
        found = []
        for index, value in enumerate(self._of_type(path, list, "a list") or []):
            if isinstance(value, str):
                found.append(value)
            else:
                self._wrong((*path[:-1], f"{path[-1]}[{index}]"), value, "a string")
        return found

    def objects(self, *path: str) -> Iterator[ObjectReader]:
        """The items of a list, each with its own reader and problems."""
        for index, value in enumerate(self._of_type(path, list, "a list") or []):
            yield ObjectReader(value, f"{self._path}{'.'.join(path)}[{index}].")

    def _at(self, path: tuple[str, ...]) -> Any:
        found: Any = self._item
        for depth, step in enumerate(path):
            found = found.get(step)
            if depth + 1 == len(path) or found is None:
                break
            if not isinstance(found, dict):
                self._wrong(path[: depth + 1], found, "an object")
                return None
        return found

    def _of_type(self, path: tuple[str, ...], kind: type[_Value], what: str) -> _Value | None:
        value = self._at(path)
        if value is None or isinstance(value, kind):
            return value
        self._wrong(path, value, what)
        return None

    def _wrong(self, path: tuple[str, ...], value: object, wanted: str) -> None:
        self._note(path, f"is {_shown(value)}, not {wanted}")

    def _note(self, path: tuple[str, ...], what: str) -> None:
        problem = f"{self._path}{'.'.join(path)} {what}"
        if problem not in self.problems:
            self.problems.append(problem)


def items_of(listing: object, what: str) -> list[Any]:
    """The items of a list as the API server sent them; empty for null and missing.

    Args:
        what: names the list.

    Raises:
        MalformedObject: it is not a list.
    """
    reader = ObjectReader(listing)
    found: list[Any] = reader._of_type(("items",), list, "a list") or []
    reader.require(what)
    return found


def _shown(value: object) -> str:
    """A value, short, for a message."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None:
        return "null"
    if isinstance(value, str):
        value = printable(value)
    text = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
