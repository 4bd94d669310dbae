"""A JSON document with one array, written while its rows arrive: valid JSON as soon as it is ended."""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_cbt.output.document import Part
from kubectl_cbt.output.encoding import json_members
from kubectl_cbt.output.writer import Write


class ArrayDocument:
    """An object: the members of its head, an array with one row per line, the members of its tail.

    Args:
        member: the name of the array.

    Attributes:
        is_begun: whether the head was written.
    """

    def __init__(self, write: Write, member: str) -> None:
        self.is_begun = False
        self._write = write
        self._member = member
        self._pending = b"\n"

    def begin(self, head: Part) -> None:
        """Write the head."""
        self.is_begun = True
        self._write(b"{\n" + json_members(head) + f',\n  "{self._member}": ['.encode())

    def rows(self, texts: Iterable[bytes]) -> None:
        """Write rows, in texts of one or more, each of which ends with a comma and a newline."""
        for text in texts:
            # The end of the last row is held back: a comma follows only if there is another row.
            self._write(self._pending + text[:-2])
            self._pending = b",\n"

    def end(self, tail: Part) -> None:
        """Write the tail."""
        closing = b"],\n" if self._pending == b"\n" else b"\n  ],\n"
        self._write(closing + json_members(tail) + b"\n}\n")
