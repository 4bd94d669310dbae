"""Find the ends of JSON values in bytes that may be cut anywhere, without building the values.

Nothing here decides whether a value is valid, only where it ends; orjson decides the rest.
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
"""Bytes at the end of a cut text that may seem invalid only because the rest is missing."""


def ends_of_values(data: bytes, start: int) -> Iterator[int]:
    """The ends of the whole objects and arrays after ``start``, up to the end of the array that contains them.

    Brackets are counted, not matched, and an unterminated string is an end as well: the text before it is invalid JSON,
    which the parser will report.
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


class ValueScan:
    """Finds the end of one value in data that grows; no byte of an object or array is read twice, except in a string
    that is cut."""

    def __init__(self) -> None:
        self._scanned = self._depth = 0

    def end(self, data: bytes, start: int) -> int | None:
        """The end of the value that begins at ``start``; None if it is not in the data yet.

        A byte that cannot begin a value counts as a value of one byte, which the parser will reject.
        """
        first = data[start : start + 1]
        if first in (b"{", b"["):
            return self._end_of_brackets(data, start)
        if first == b'"':
            return _end_of_string(data, start)
        scalar = _SCALAR.match(data, start)
        if scalar is None:
            return start + 1
        # A number at the end of the data may continue.
        return scalar.end() if scalar.end() < len(data) else None

    def _end_of_brackets(self, data: bytes, start: int) -> int | None:
        for token in _TOKEN.finditer(data, start + self._scanned):
            first = token[0][:1]
            if first in b"{[":
                self._depth += 1
            elif first in b"}]":
                self._depth -= 1
                if not self._depth:
                    return token.end()
            elif token[0] == b'"':
                self._scanned = token.start() - start
                return None if _CUT_STRING.match(data, token.start()) else token.end()
        self._scanned = len(data) - start
        return None


def _end_of_string(data: bytes, start: int) -> int | None:
    whole = _STRING.match(data, start)
    if whole is not None:
        return whole.end()
    return None if _CUT_STRING.match(data, start) else start + 1


def first_fault(text: bytes) -> tuple[int, bool]:
    """The position of the first error in invalid JSON, and whether the text may only be cut.

    orjson does not report it for a part, so this uses Python's own parser; slow, and only for an error message.
    """
    try:
        # One character per byte: positions must be those of the bytes.
        json.loads(text.decode("latin-1"))
    except json.JSONDecodeError as error:
        return error.pos, error.msg.startswith("Unterminated string") or error.pos > len(text) - _LONGEST_TOKEN
    except (ValueError, RecursionError):
        return 0, False
    return 0, False
