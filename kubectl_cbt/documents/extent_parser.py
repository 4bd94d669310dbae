"""Read consecutive extents, in an array or as ndjson, chunk by chunk into columns."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import orjson

from kubectl_cbt.documents.extent_columns import Columns, FieldNames, parsed_columns, regular_columns, unquoted
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.jsonstream.json_scan import ends_of_values
from kubectl_cbt.documents.object_fields import int64_problem, shown
from kubectl_cbt.errors import DocumentError


def extents_of_array(text: JsonCursor, names: FieldNames, label: str) -> Iterator[Columns]:
    """The extents of an array whose ``[`` is consumed, in nonempty chunks.

    Args:
        label: the name of the array in messages.

    Raises:
        DocumentError: at the first error, after all extents before it.
    """
    if text.demand() == b"]":
        text.expect(b"]")
        return
    run = _Run(text, names, b",", label)
    while True:
        yield run.take()
        if text.closes(b"]"):
            return


def extents_of_lines(text: JsonCursor, names: FieldNames) -> Iterator[Columns]:
    """Extents one after the other, up to a value that has a ``kind``, which is not consumed."""
    run = _Run(text, names, b"", "")
    while True:
        try:
            columns = run.take()
        except _OtherValue:
            return
        yield columns


class _OtherValue(Exception):
    """The next value is not an extent, but another object of the document."""


class _Run:
    def __init__(self, text: JsonCursor, names: FieldNames, separator: bytes, label: str) -> None:
        self._text = text
        self._names = names
        self._separator = separator
        self._label = label
        self._count = 0

    def take(self) -> Columns:
        """Consume all whole extents in memory; waits only if there is none."""
        if self._text.demand() != b"{":
            raise self._no_object()
        while (columns := self._regular() or self._irregular()) is None:
            self._text.grow()
        self._count += len(columns[0])
        return columns

    def _regular(self) -> Columns | None:
        text = self._text
        # A guess: these bytes may be inside a name or a string, and then the parsers below reject it.
        if self._separator:
            end = text.data.find(b"]", text.position)
        else:
            end = text.data.rfind(b"{", text.position, max(text.data.find(b'"kind"', text.position), 0))
        last = text.data.rfind(b"}", text.position, end if end >= 0 else len(text.data)) + 1
        guess = text.data[text.position : last]
        columns = regular_columns(guess, self._names, self._separator)
        if columns is None and self._separator:
            columns = parsed_columns(b"[" + guess + b"]", self._names)
        if columns is not None:
            text.advance(last)
        return columns

    def _irregular(self) -> Columns | None:
        """The valid extents up to the first invalid one; None when none is whole."""
        ends = list(ends_of_values(self._text.data, self._text.position))
        if not ends:
            return None
        columns = self._first(ends)
        value = self._text.data[self._text.position : ends[0]]
        if columns is None:
            ends = ends[: self._valid_count(ends)]
            columns = self._first(ends) if ends else None
        if columns is None:
            raise self._wrong(value)
        self._text.advance(ends[-1])
        return columns

    def _valid_count(self, ends: list[int]) -> int:
        """The number of extents before the first invalid one: every prefix of a valid array is valid."""
        return bisect_left(range(1, len(ends)), True, key=lambda count: self._first(ends[:count]) is None)

    def _first(self, ends: list[int]) -> Columns | None:
        """The extents with these ends, if all are valid."""
        data, start = self._text.data, self._text.position
        if self._separator:
            array = data[start : ends[-1]]
        else:
            array = b",".join(data[a:b] for a, b in zip([start, *ends], ends, strict=False))
        return parsed_columns(b"[" + array + b"]", self._names)

    def _no_object(self) -> DocumentError:
        line = self._text.line
        return self._text.error(f"{self._here} is {shown(self._text.parsed())}, not an object", line)

    def _wrong(self, value: bytes) -> Exception:
        """The error for a value that is not an extent."""
        try:
            extent = orjson.loads(value)
        except orjson.JSONDecodeError:
            return self._text.broken(value)
        if not self._separator and "kind" in extent:
            return _OtherValue()
        for name in self._names[:2]:
            if name not in extent and not self._names.may_omit:
                return self._text.error(f"{self._path(name)} is missing")
            value = extent.get(name, 0)
            if reason := int64_problem(unquoted(value) if self._names.may_quote else value):
                return self._text.error(f"{self._path(name)} is {shown(extent[name])}, {reason}")
        wanted = " nor ".join(self._names[:2])
        return self._text.error(f"{self._here} is {shown(extent)}, with neither {wanted}")

    @property
    def _here(self) -> str:
        return f"{self._label}[{self._count}]" if self._label else "an extent"

    def _path(self, name: str) -> str:
        return f"{self._here}.{name}" if self._label else name
