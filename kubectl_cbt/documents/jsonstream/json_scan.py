"""Where JSON values end, found in bytes that may be cut anywhere, without building anything of them.

Nothing here says whether a value is right, only how far it reaches; orjson decides the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_STRING_INSIDE = rb'"(?:[^"\\\x00-\x1f]++|\\.)*+'
_TOKEN = re.compile(_STRING_INSIDE + rb'"|["\[\]{}]', re.DOTALL)
_STRING = re.compile(_STRING_INSIDE + rb'"', re.DOTALL)
_CUT_STRING = re.compile(_STRING_INSIDE + rb"\\?\Z", re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,:"\[\]{}]+')

_LONGEST_TOKEN = len(r"\ud83d\ude00")
"""Bytes at the end of a cut text that may look wrong only because the rest of them is missing."""


def ends_of_values(data: bytes, start: int) -> Iterator[int]:
    """Where each whole object or array ends that follows ``start``, up to the end of the array they are in.

    Brackets are counted, not matched, and a string that breaks off is an end as well: what then stands in front of
    it is no JSON, and whoever parses it will see.
    """
    depth = 0
    for token in _TOKEN.finditer(data, start):
        first = token[0][:1]
        if first in b"{[":
            depth += 1
        elif first in b"}]":
            depth -= 1
            if depth < 0:
                return
            if depth == 0:
                yield token.end()
        elif token[0] == b'"':
            if not _CUT_STRING.match(data, token.start()):
                yield token.end()
            return


def end_of_value(data: bytes, start: int) -> int | None:
    """Where the value that begins at ``start`` ends; None when that is not in the data yet.

    What cannot begin a value counts as one of a single byte: no parser will take it.
    """
    if data[start : start + 1] in (b"{", b"["):
        return next(ends_of_values(data, start), None)
    if data[start : start + 1] == b'"':
        return _end_of_string(data, start)
    scalar = _SCALAR.match(data, start)
    if scalar is None:
        return start + 1
    # At the end of the data a number may go on.
    return scalar.end() if scalar.end() < len(data) else None


def _end_of_string(data: bytes, start: int) -> int | None:
    whole = _STRING.match(data, start)
    if whole is not None:
        return whole.end()
    return None if _CUT_STRING.match(data, start) else start + 1


def first_fault(text: bytes) -> tuple[int, bool]:
    """Where a text that no parser takes stops being JSON, and whether all that is wrong may be that it is cut.

    orjson does not say it of a part, so this asks Python's own parser; slow, and only for a message.
    """
    try:
        # One character a byte, whatever they are: positions have to be those of the bytes.
        json.loads(text.decode("latin-1"))
    except json.JSONDecodeError as error:
        return error.pos, error.msg.startswith("Unterminated string") or error.pos > len(text) - _LONGEST_TOKEN
    except (ValueError, RecursionError):
        return 0, False
    return 0, False
