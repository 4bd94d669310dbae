"""Parse extents in JSON to columns, without an object per extent.

Programs write all extents of a document in the same way: the same bytes between the numbers, from the first extent to
the last. So the layout is derived from the first two, whatever program wrote them (kubectl-cbt, jq, Go, Python), and
then it is sufficient to check that the runs of digits are at its positions and that everything else repeats the layout.
Anything irregular (a minus sign, a missing or additional field) is parsed by orjson: slower, but correct.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from kubectl_cbt.documents.number_columns import MOST_DECIMAL_DIGITS, Positions, edges_of_runs, values_of_digits
from kubectl_cbt.model.record import Int64Column

Columns = tuple[Int64Column, Int64Column]
"""Offsets and sizes, int64[n] each."""

_DIGITS = b"0123456789"
_ZERO = ord("0")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{,18})")


class FieldNames(NamedTuple):
    """The names of the two numbers of an extent in a document.

    Attributes:
        may_omit: whether a number that is 0 may be omitted.
        may_quote: whether numbers may be strings, as in protobuf's JSON.
    """

    offset: str
    size: str
    may_omit: bool = False
    may_quote: bool = False

    def is_other_object(self, extent: dict[str, Any]) -> bool:
        """Whether an object has fields but neither number: it must not be read as an extent of no bytes."""
        return bool(extent) and self.offset not in extent and self.size not in extent


OURS = FieldNames("byteOffset", "sizeBytes")
UPSTREAM = FieldNames("byte_offset", "size_bytes", may_omit=True, may_quote=True)
PROTOBUF = FieldNames("byteOffset", "sizeBytes", may_omit=True, may_quote=True)
"""The names in protobuf's JSON, unless the field names are preserved."""


class _Layout(NamedTuple):
    """The bytes around the numbers: ``opening 1 inner 2 between 3 inner 4 closing``."""

    opening: bytes
    inner: bytes
    between: bytes
    closing: bytes
    size_first: bool


def regular_columns(text: bytes, names: FieldNames, separator: bytes) -> Columns | None:
    """Parse extents that all have the same layout.

    Args:
        text: from the ``{`` of the first to the ``}`` of the last.
        separator: between them, apart from white space: a comma or nothing.

    Returns:
        None when the layout differs or there are fewer than two extents, whether they are valid or not.
    """
    layout = _layout_of(text, names, separator)
    if layout is None:
        return None
    data = np.frombuffer(text, dtype=np.uint8)
    # Below "0" the difference wraps around. Explicit types: numpy's promotion rules depend on its version.
    digits = data - np.uint8(_ZERO)
    # A text in braces neither begins nor ends with a digit.
    edges = edges_of_runs(digits < np.uint8(10))
    if len(edges) % 4 or not _has_layout(text, edges, layout):
        return None
    first, second = (_numbers(digits, edges[at::4], edges[at + 1 :: 4]) for at in (0, 2))
    if first is None or second is None:
        return None
    return (second, first) if layout.size_first else (first, second)


def _layout_of(text: bytes, names: FieldNames, separator: bytes) -> _Layout | None:
    match = _two_extents(names, separator.decode()).match(text)
    if match is None or {match["first"], match["second"]} != {names.offset.encode(), names.size.encode()}:
        return None
    return _Layout(
        text[: match.end("opening")],
        match["inner"],
        match["between"],
        match["closing"],
        match["first"] == names.size.encode(),
    )


@cache
def _two_extents(names: FieldNames, separator: str) -> re.Pattern[bytes]:
    name, space, quote = f"{names.offset}|{names.size}", r"[ \t\r\n]*", '"?' if names.may_quote else ""
    pattern = rf"""
        (?P<opening> \{{ {space} "(?P<first>{name})" {space} : {space} (?P<quote>{quote}) ) [0-9]+
        (?P<inner> (?P=quote) {space} , {space} "(?P<second>{name})" {space} : {space} (?P=quote) ) [0-9]+
        (?P<between> (?P<closing> (?P=quote) {space} \}} ) {space} {separator} {space} (?P=opening) ) [0-9]+"""
    return re.compile(pattern.encode(), re.VERBOSE)


def _has_layout(text: bytes, edges: Positions, layout: _Layout) -> bool:
    """Whether everything but the digits is the layout: as a whole, and with each piece of the right length.

    Both checks are needed: digits inside a name pass the first, other names of the same length the second.
    """
    lengths = edges[2::2] - edges[1:-1:2]
    if (lengths[0::2] != len(layout.inner)).any() or (lengths[1::2] != len(layout.between)).any():
        return False
    rows = len(edges) // 4
    wanted = layout.opening + (layout.inner + layout.between) * (rows - 1) + layout.inner + layout.closing
    return int(edges[0]) == len(layout.opening) and text.translate(None, _DIGITS) == wanted


def _numbers(digits: npt.NDArray[np.uint8], starts: Positions, ends: Positions) -> Int64Column | None:
    """Values of the runs of digits; None if one is not a JSON number."""
    lengths = ends - starts
    if int(lengths.max()) > MOST_DECIMAL_DIGITS or ((lengths > 1) & (digits[starts] == 0)).any():
        return None
    return values_of_digits(digits, starts, ends, 10)


def unquoted(value: object) -> object:
    """The integer in a string, as in protobuf's JSON; anything else unchanged."""
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value


def parsed_columns(array: bytes, names: FieldNames) -> Columns | None:
    """Extents of a JSON array in any layout; None unless all of them are valid."""
    default = 0 if names.may_omit else None
    try:
        extents = orjson.loads(array)
        offsets = [extent.get(names.offset, default) for extent in extents]
        sizes = [extent.get(names.size, default) for extent in extents]
        if names.may_omit and any(map(names.is_other_object, extents)):
            return None
        if names.may_quote:
            offsets, sizes = list(map(unquoted, offsets)), list(map(unquoted, sizes))
        if {*map(type, offsets), *map(type, sizes)} != {int}:
            return None
        return np.array(offsets, dtype=np.int64), np.array(sizes, dtype=np.int64)
    except (orjson.JSONDecodeError, AttributeError, OverflowError):
        return None
