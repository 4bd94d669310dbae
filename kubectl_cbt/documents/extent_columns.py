"""Extents written in JSON to columns, without an object per extent.

Programs write every extent alike: the same bytes between the numbers, from the first extent to the last. So the
layout is learnt from the first two, whoever wrote them (we, jq, Go, Python), and then it is enough to see that the
runs of digits are where it wants them and that everything else is the layout again and again. Whatever is not so
regular (a minus sign, a field left out or added) is orjson's, slower and right.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from kubectl_cbt.model.record import Int64Column

Columns = tuple[Int64Column, Int64Column]
"""Offsets and sizes, int64[n] each."""

# Nineteen digits may be more than an int64 holds: orjson's business.
_MOST_DIGITS = 18
_DIGITS = b"0123456789"
_ZERO = ord("0")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{,18})")


class FieldNames(NamedTuple):
    """What a document calls the two numbers of an extent.

    Attributes:
        may_omit: whether a number that is 0 may be left out.
        may_quote: whether numbers may be strings, as protobuf's JSON has them.
    """

    offset: str
    size: str
    may_omit: bool = False
    may_quote: bool = False

    def foreign(self, extent: dict[str, Any]) -> bool:
        """Whether an object has fields and neither number: it would pass for an extent of no bytes."""
        return bool(extent) and self.offset not in extent and self.size not in extent


OURS = FieldNames("byteOffset", "sizeBytes")
UPSTREAM = FieldNames("byte_offset", "size_bytes", may_omit=True, may_quote=True)
PROTOBUF = FieldNames("byteOffset", "sizeBytes", may_omit=True, may_quote=True)
"""As protobuf's JSON names them, unless it was told to keep the names of the fields."""


class _Layout(NamedTuple):
    """What stands around the numbers: ``opening 1 inner 2 between 3 inner 4 closing``."""

    opening: bytes
    inner: bytes
    between: bytes
    closing: bytes
    size_first: bool


def regular_columns(text: bytes, names: FieldNames, separator: bytes) -> Columns | None:
    """Extents that all look alike.

    Args:
        text: from the ``{`` of the first to the ``}`` of the last.
        separator: what stands between them, apart from white space: a comma or nothing.

    Returns:
        None when they do not, or when there are fewer than two: nothing is said about whether they are right.
    """
    layout = _learn(text, names, separator)
    if layout is None:
        return None
    data = np.frombuffer(text, dtype=np.uint8)
    edges = _edges_of_numbers(data)
    if len(edges) % 4 or not _stands_between(text, edges, layout):
        return None
    first, second = (_numbers(data, edges[at::4], edges[at + 1 :: 4]) for at in (0, 2))
    if first is None or second is None:
        return None
    return (second, first) if layout.size_first else (first, second)


def _learn(text: bytes, names: FieldNames, separator: bytes) -> _Layout | None:
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


def _edges_of_numbers(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """Where runs of digits begin and end, by turns. A text in braces neither begins nor ends with one."""
    # Below "0" the difference wraps around: what uint8 becomes beside another type depends on numpy's version.
    is_digit = (data - np.uint8(_ZERO)) < np.uint8(10)
    return np.flatnonzero(is_digit[1:] != is_digit[:-1]) + 1


def _stands_between(text: bytes, edges: npt.NDArray[np.intp], layout: _Layout) -> bool:
    """Whether what is no digit is the layout: right in sum, and each piece between two numbers as long as it has to be.

    Either alone would be deceived: by digits inside of a name, or by other names of the same length.
    """
    lengths = edges[2::2] - edges[1:-1:2]
    if (lengths[0::2] != len(layout.inner)).any() or (lengths[1::2] != len(layout.between)).any():
        return False
    rows = len(edges) // 4
    wanted = layout.opening + (layout.inner + layout.between) * (rows - 1) + layout.inner + layout.closing
    return int(edges[0]) == len(layout.opening) and text.translate(None, _DIGITS) == wanted


def _numbers(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
) -> Int64Column | None:
    """Values of the runs of digits, digit by digit; None where JSON has no such number."""
    lengths = ends - starts
    shortest, longest = int(lengths.min()), int(lengths.max())
    if longest > _MOST_DIGITS or ((lengths > 1) & (data[starts] == _ZERO)).any():
        return None
    values = np.zeros(len(ends), dtype=np.int64)
    # A shorter number's first places are before its start, maybe of the text as well: whatever is there counts as 0.
    at = ends - longest
    for places in range(longest, 0, -1):
        digits = data[at] - np.uint8(_ZERO)
        if places > shortest:
            digits *= lengths >= places
        values *= 10
        values += digits
        at += 1
    return values


def unquoted(value: object) -> object:
    """The integer in a string, as protobuf's JSON has it; anything else unchanged."""
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value


def parsed_columns(array: bytes, names: FieldNames) -> Columns | None:
    """Extents of a JSON array, whatever they look like; None when not all of them are valid."""
    default = 0 if names.may_omit else None
    try:
        extents = orjson.loads(array)
        offsets = [extent.get(names.offset, default) for extent in extents]
        sizes = [extent.get(names.size, default) for extent in extents]
        if names.may_omit and any(map(names.foreign, extents)):
            return None
        if names.may_quote:
            offsets, sizes = list(map(unquoted, offsets)), list(map(unquoted, sizes))
        if {*map(type, offsets), *map(type, sizes)} != {int}:
            return None
        return np.array(offsets, dtype=np.int64), np.array(sizes, dtype=np.int64)
    except (orjson.JSONDecodeError, AttributeError, OverflowError):
        return None
