"""A cursor over JSON of which only a part is in memory; it counts lines.

Only JSON's grammar is here, not the meaning of documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import orjson

from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.documents.jsonstream.json_scan import ValueScan, first_fault
from kubectl_cbt.errors import DocumentError

LONGEST_VALUE_BYTES = 2**22
"""For every value except the list of extents; saved values are much shorter."""

HINT_OPENABLE = (
    "supported: -o json, -o ndjson, -o csv and --record of kubectl cbt, snapshot-metadata-lister -o json, and the"
    " output of grpcurl, rbd diff, qemu-img map, nbdinfo, filefrag, thin_delta, thin_dump, aws ebs and ddrescue"
)
HINT_WRONG = "the file was modified or damaged: run the query again, with -o json or -o ndjson"
HINT_CUT = "the program that wrote it was stopped, or the disk was full; all extents before the cut were read"

_FEW_BYTES = 2**12
_NEWLINE = np.uint8(ord("\n"))
_SPACE = re.compile(rb"[ \t\r\n]*")


class JsonCursor:
    """The bytes of a source that are not yet consumed: ``data`` from ``position``.

    Attributes:
        line: of ``position``, from 1.
        part: the part being read, for the error about a text that ends there.
        hint: what to do about invalid JSON.
        chunks: the number of reads.
    """

    def __init__(self, source: RewindableInput) -> None:
        self.name = source.name
        self.data = b""
        self.position = 0
        self.line = 1
        self.part = "its head"
        self.hint = HINT_OPENABLE
        self.chunks = 0
        self._source = source
        # Line breaks after the last byte that is not white space, in the data that was dropped.
        self._blank_lines = 0

    def more(self) -> bool:
        """Read the available data, waiting for some; False at the end. Moves the rest to position 0."""
        chunk = self._source.read()
        passed = self.data[: self.position]
        blank = len(passed.rstrip())
        self._blank_lines = passed.count(b"\n", blank) + (0 if blank else self._blank_lines)
        self.data = self.data[self.position :] + chunk
        self.position = 0
        self.chunks += 1
        return bool(chunk)

    def advance(self, to: int) -> None:
        """Consume up to a position in ``data``."""
        if to - self.position < _FEW_BYTES:
            self.line += self.data.count(b"\n", self.position, to)
        else:
            # For many lines this is several times faster.
            passed = np.frombuffer(self.data, dtype=np.uint8, count=to - self.position, offset=self.position)
            self.line += int(np.count_nonzero(passed == _NEWLINE))
        self.position = to

    def peek(self) -> bytes:
        """The next byte that is not white space, not consumed; empty at the end."""
        while (byte := self.data[self.position : self.position + 1]) <= b" ":
            space = _SPACE.match(self.data, self.position)
            self.advance(space.end() if space else self.position)
            if self.position < len(self.data):
                return self.data[self.position : self.position + 1]
            if not self.more():
                return b""
        return byte

    def starts_with(self, wanted: bytes) -> bool:
        """Whether these bytes are next."""
        while len(self.data) - self.position < len(wanted) and self.more():
            pass
        return self.data.startswith(wanted, self.position)

    def demand(self) -> bytes:
        """As :meth:`peek`, where the text must not end.

        Raises:
            DocumentError: it ends.
        """
        found = self.peek()
        if not found:
            raise self.cut()
        return found

    def expect(self, byte: bytes) -> None:
        """Consume ``byte``, which must be next."""
        if self.demand() != byte:
            raise self.not_json()
        self.position += 1

    def closes(self, bracket: bytes) -> bool:
        """Consume what follows a value: True for the closing bracket, False for a comma."""
        if self.demand() == b",":
            self.expect(b",")
            return False
        self.expect(bracket)
        return True

    def value(self) -> bytes:
        """Consume the next value of any kind. It may be invalid JSON."""
        self.demand()
        scan = ValueScan()
        while (end := scan.end(self.data, self.position)) is None:
            self.grow()
        found = self.data[self.position : end]
        self.advance(end)
        return found

    def parsed(self) -> Any:
        """Consume the next value and parse it."""
        self.demand()
        line = self.line
        found = self.value()
        try:
            return orjson.loads(found)
        except orjson.JSONDecodeError as error:
            raise self.broken(found, line) from error

    def grow(self) -> None:
        """Read more because the value that begins here is incomplete.

        Raises:
            DocumentError: the text ends, or the value is too long.
        """
        if len(self.data) - self.position > LONGEST_VALUE_BYTES:
            raise self._broken_before_end() or self.error("one value is longer than 4 MiB")
        if not self.more():
            raise self.cut()

    def end(self) -> None:
        """Check that nothing follows."""
        if self.peek():
            raise self.error("unexpected data after the end of the document")

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Read ahead inside the block, and return to this position after it."""
        line, part = self.line, self.part
        self._source.mark(self.data[self.position :])
        yield
        self._source.rewind()
        self.data, self.position, self.line, self.part = b"", 0, line, part

    def error(self, message: str, line: int | None = None) -> DocumentError:
        """An error at a line, by default the current one."""
        return DocumentError(f"{self.name}: line {line or self.line}: {message}", hint=self.hint)

    def not_json(self, line: int | None = None) -> DocumentError:
        """The error for invalid JSON at a line."""
        return self.error("not JSON", line)

    def broken(self, value: bytes, line: int | None = None) -> DocumentError:
        """The error for an invalid value that begins at a line, by default the current one."""
        return self.not_json((line or self.line) + value.count(b"\n", 0, first_fault(value)[0]))

    def cut(self) -> DocumentError:
        """The error for a text that ends too early, or for invalid JSON before its end."""
        # At the end everything before the position was dropped.
        left = self.data[self.position :].rstrip()
        line = self.line + (left.count(b"\n") if left else -self._blank_lines)
        message = f"{self.name} ends in the middle of {self.part}, at line {line}"
        return self._broken_before_end() or DocumentError(message, hint=HINT_CUT)

    def _broken_before_end(self) -> DocumentError | None:
        left = self.data[self.position :]
        # A number or a word at the end may be incomplete.
        if left[:1] not in (b"{", b"[", b'"'):
            return None
        fault, is_cut = first_fault(left)
        return None if is_cut else self.not_json(self.line + left.count(b"\n", 0, fault))
