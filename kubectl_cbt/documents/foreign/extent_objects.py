"""A list of extents as a JSON array with one object per extent."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import orjson

from kubectl_cbt.documents.extent_columns import Columns
from kubectl_cbt.documents.foreign.foreign_list import ForeignList, beyond_64_bits
from kubectl_cbt.documents.object_fields import int64_problem, shown
from kubectl_cbt.model.record import Int64Column


class ExtentObjects(ForeignList):
    """The objects of an array.

    Attributes:
        offset_key, size_key: the names of the two numbers of an object.
    """

    offset_key: str
    size_key: str

    @abstractmethod
    def are_extents(self, objects: Sequence[dict[str, Any]]) -> Sequence[bool]:
        """Which objects are extents to report.

        Raises:
            KeyError: a field is missing in one of them, or has an invalid value.
        """

    @abstractmethod
    def field_problem(self, entry: dict[str, Any]) -> str:
        """What is wrong with the fields that :meth:`are_extents` reads in one object; empty if nothing is."""

    def hint_for(self, problem: str) -> str:
        """What to do about a problem of one object."""
        return self.hint

    def columns(self) -> Iterator[Columns]:
        """The extents of all whole objects in memory, again and again."""
        self.text.expect(b"[")
        yield from self.columns_of_array("")
        self.text.end()

    def columns_of_array(self, label: str) -> Iterator[Columns]:
        """The extents of an array whose ``[`` is consumed.

        Args:
            label: the name of the array in errors.
        """
        text = self.text
        if text.demand() == b"]":
            text.expect(b"]")
            return
        count, irregular_chunk = 0, -1
        while True:
            text.demand()
            found = self._whole_objects() if text.chunks != irregular_chunk else None
            if found is None:
                # Once for each read: with a wrong object in it, every object would cost as much as all of them.
                irregular_chunk = text.chunks
                found = 1, self._object(f"{label}[{count}]")
            count += found[0]
            yield found[1]
            if text.closes(b"]"):
                return

    def _whole_objects(self) -> tuple[int, Columns] | None:
        """Consume all whole objects in memory; None if there are none, or if one may be wrong."""
        text = self.text
        # A guess: these bytes may be inside a string, and then the parser rejects it.
        end = text.data.find(b"]", text.position)
        last = text.data.rfind(b"}", text.position, end if end >= 0 else len(text.data)) + 1
        try:
            objects = orjson.loads(b"[" + text.data[text.position : last] + b"]")
        except orjson.JSONDecodeError:
            return None
        columns = self._columns(objects) if objects else None
        if columns is None:
            return None
        text.advance(last)
        return len(objects), columns

    def _object(self, label: str) -> Columns:
        """Consume one object."""
        self.text.demand()
        line = self.text.line
        entry = self.text.parsed()
        columns = self._columns([entry])
        if columns is None:
            problem = self._problem(entry)
            raise self.text.error(f"{label}{problem}", line).with_hint(self.hint_for(problem))
        return columns

    def _columns(self, objects: Sequence[Any]) -> Columns | None:
        """The extents of objects; None if one of them is wrong."""
        try:
            offsets, sizes = self.numbers(objects)
            wanted = np.array(self.are_extents(objects), dtype=bool)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        if (offsets < 0).any() or (sizes < 0).any() or beyond_64_bits((offsets, sizes), 1).any():
            return None
        return offsets[wanted], sizes[wanted]

    def numbers(self, objects: Sequence[dict[str, Any]]) -> Columns:
        """The offsets and sizes of objects.

        Raises:
            KeyError, TypeError, OverflowError: a number is missing, or is not an integer of 64 bits.
        """
        return integers_of(objects, self.offset_key), integers_of(objects, self.size_key)

    def number_keys(self) -> tuple[str, ...]:
        """The keys of integers in an object."""
        return self.offset_key, self.size_key

    def _problem(self, entry: Any) -> str:
        if not isinstance(entry, dict):
            return f" is {shown(entry)}, not an object"
        for key in self.number_keys():
            if key not in entry:
                return f".{key} is missing"
            if reason := int64_problem(entry[key]):
                return f".{key} is {shown(entry[key])}, {reason}"
            if entry[key] < 0:
                return f".{key} is {entry[key]}, which is negative"
        return self.field_problem(entry) or " ends beyond 64 bits"


def integers_of(objects: Sequence[dict[str, Any]], key: str) -> Int64Column:
    """One field of all objects.

    Raises:
        KeyError, TypeError, OverflowError: a field is missing, or is not an integer of 64 bits.
    """
    values = [entry[key] for entry in objects]
    if {*map(type, values)} != {int}:
        raise TypeError(f"{key} is not an integer")
    return np.array(values, dtype=np.int64)


def problem_of_value(entry: dict[str, Any], key: str, wanted: Sequence[object]) -> str:
    """What is wrong with a field that has a few possible values; empty if nothing is."""
    if key not in entry:
        return f".{key} is missing"
    # By identity of type: 1 is not true.
    if any(type(entry[key]) is type(value) and entry[key] == value for value in wanted):
        return ""
    return f".{key} is {shown(entry[key])}, not {' or '.join(map(shown, wanted))}"
