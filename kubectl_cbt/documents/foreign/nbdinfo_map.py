"""The output of ``nbdinfo --map``, as text and as JSON: what an NBD server reports of a metadata context.

The descriptions show which context it is: ``base:allocation`` gives allocated ranges, a dirty bitmap
(``qemu:dirty-bitmap:NAME``) the changed ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from kubectl_cbt.documents.first_bytes import FirstBytes
from kubectl_cbt.documents.foreign.extent_lines import ExtentLines, LineRows
from kubectl_cbt.documents.foreign.extent_objects import ExtentObjects, problem_of_value
from kubectl_cbt.documents.foreign.token_table import TokenTable
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.stream_query import Operation

_DESCRIPTIONS = {
    Operation.ALLOCATED: ("data", "hole", "zero", "hole,zero"),
    Operation.DELTA: ("clean", "dirty"),
}
"""The descriptions of the types 0, 1, … of a context (NBD protocol, base:allocation; QEMU, dirty bitmaps)."""
_REPORTED = {Operation.ALLOCATED: 0, Operation.DELTA: 1}
"""The type of the extents to report: data that is not zero, and dirty ranges."""
_OTHER = "only maps of base:allocation or of a dirty bitmap can be opened"
_WITHOUT_COLOR = "run nbdinfo --map without --color"
_LINE = re.compile(
    rb"[0-9]+[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+"
    rb"(data|hole|zero|hole,zero|clean|dirty|unallocated|local|backing depth [0-9]+)[ \t]*\r?\n"
)
"""The first line; other programs print three numbers and a word as well."""
_TOTALS = re.compile(rb"[0-9]+[ \t]+[0-9.]+%[ \t]+[0-9]+")


def is_nbdinfo_json(beginning: FirstBytes) -> bool:
    """Whether it is an array of ranges with a type; decided once the description of the first can be read."""
    keys = beginning.keys
    is_map = beginning.opens_array(b"{") and keys.keys() >= {"offset", "length", "type"}
    return is_map and bool(keys.get("description") or beginning.is_whole)


def is_nbdinfo_text(beginning: FirstBytes) -> bool:
    """Whether text begins with a line of a map."""
    return bool(_LINE.match(beginning.data))


def is_nbdinfo_totals(beginning: FirstBytes) -> bool:
    """Whether it is the output of ``--totals``, as text or as JSON."""
    is_json = beginning.opens_array(b"{") and beginning.keys.keys() >= {"size", "percent", "type"}
    return is_json or bool(_TOTALS.match(beginning.data))


def _operation(text: JsonCursor, description: str) -> Operation:
    for operation, descriptions in _DESCRIPTIONS.items():
        if description in descriptions:
            return operation
    entry = f"is {description!r}" if description else "has no description"
    raise DocumentError(f"{text.name} is a map of nbdinfo whose first entry {entry}", hint=_OTHER)


class NbdinfoJson(ExtentObjects):
    """``nbdinfo --map --json``."""

    offset_key, size_key = "offset", "length"

    def __init__(self, text: JsonCursor, options: ReadingOptions, beginning: FirstBytes) -> None:
        is_empty = beginning.opens_array(b"]")
        # An empty list is of no known context.
        context = Operation.ALLOCATED if is_empty else _operation(text, beginning.keys.get("description", ""))
        super().__init__(text, options, None if is_empty else context)
        self._reported = _REPORTED[context]
        self._types = {name: number for number, name in enumerate(_DESCRIPTIONS[context])}

    def are_extents(self, objects: Sequence[dict[str, Any]]) -> Sequence[bool]:
        """Those of the reported type."""
        types = [entry["type"] for entry in objects]
        if types != [self._types[entry["description"]] for entry in objects] or {*map(type, types)} != {int}:
            raise KeyError("type")
        return [number == self._reported for number in types]

    def field_problem(self, entry: dict[str, Any]) -> str:
        """A type and its description belong together."""
        problem = problem_of_value(entry, "description", list(self._types))
        return problem or problem_of_value(entry, "type", [self._types[entry["description"]]])


class NbdinfoText(ExtentLines):
    """``nbdinfo --map``."""

    form = "OFFSET LENGTH TYPE DESCRIPTION of one context"

    def __init__(self, text: JsonCursor, options: ReadingOptions, beginning: FirstBytes) -> None:
        line = _LINE.match(beginning.data)
        operation = _operation(text, line[1].decode() if line else "")
        super().__init__(text, options, operation)
        self._reported = _REPORTED[operation]
        self._letters = np.frombuffer("".join(name[0] for name in _DESCRIPTIONS[operation]).encode(), dtype=np.uint8)

    def rows(self, table: TokenTable) -> LineRows:
        """An offset, a length, and a type with the description that belongs to it."""
        (offsets, is_offset), (sizes, is_size) = table.integers(0), table.integers(1)
        types, is_type = table.integers(2)
        is_type &= types < len(self._letters)
        letters = self._letters[np.where(is_type, types, 0)]
        are_valid = is_offset & is_size & is_type & (table.counts == 4) & (table.first_bytes(3) == letters)
        return LineRows(offsets, sizes, are_valid, are_valid & (types == self._reported))

    def fault(self, table: TokenTable, row: int, *, is_number: bool) -> DocumentError:
        """A line in color, which may follow lines without."""
        error = super().fault(table, row, is_number=is_number)
        # The escape character itself is a separator.
        return error.with_hint(_WITHOUT_COLOR) if table.tokens(row)[0].startswith(b"[") else error
