"""A document as a text of which only a part is in memory: what comes next, and on which line.

JSON's own grammar is here and nothing of what a document means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import orjson

from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.documents.jsonstream.json_scan import end_of_value, first_fault
from kubectl_cbt.errors import DocumentError

LONGEST_VALUE_BYTES = 2**22
"""Of everything but the extents as a whole; nothing that is saved comes near."""

HINT_OPENABLE = (
    "what can be opened: -o json, -o ndjson and --record of kubectl cbt, snapshot-metadata-lister -o json, and the"
    " messages that grpcurl prints"
)
HINT_WRONG = (
    "neither kubectl cbt nor snapshot-metadata-lister writes this: run the query again, with -o json or -o ndjson"
)
HINT_CUT = "the program that wrote it was stopped, or the disk was full; all extents before the cut were read"

_FEW_BYTES = 2**12
_NEWLINE = np.uint8(ord("\n"))
_SPACE = re.compile(rb"[ \t\r\n]*")


class JsonCursor:
    """What was read of a source and not yet consumed: ``data`` from ``position`` on.

    Attributes:
        line: of ``position``, from 1.
        part: what is being read, for the message about a text that ends there.
        hint: what to do about one that is no JSON.
        chunks: how often something was read.
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

    def more(self) -> bool:
        """Read what is there, waiting for something; False at the end. Moves what is left to position 0."""
        chunk = self._source.read()
        self.data = self.data[self.position :] + chunk
        self.position = 0
        self.chunks += 1
        return bool(chunk)

    def advance(self, to: int) -> None:
        """Consume up to a position in ``data``."""
        if to - self.position < _FEW_BYTES:
            self.line += self.data.count(b"\n", self.position, to)
        else:
            # Line after line this is several times faster.
            passed = np.frombuffer(self.data, dtype=np.uint8, count=to - self.position, offset=self.position)
            self.line += int(np.count_nonzero(passed == _NEWLINE))
        self.position = to

    def peek(self) -> bytes:
        """The next byte that is no white space, not consumed; empty at the end."""
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
        """As :meth:`peek`, where the text may not end.

        Raises:
            DocumentError: when it does.
        """
        found = self.peek()
        if not found:
            raise self.cut()
        return found

    def expect(self, byte: bytes) -> None:
        """Consume ``byte``, which has to be next."""
        if self.demand() != byte:
            raise self.not_json()
        self.position += 1

    def closes(self, bracket: bytes) -> bool:
        """Consume what stands behind a value: True for the closing bracket, False for a comma."""
        if self.demand() == b",":
            self.expect(b",")
            return False
        self.expect(bracket)
        return True

    def value(self) -> bytes:
        """Consume the next value, of whatever kind. It may turn out to be no JSON."""
        self.demand()
        while (end := end_of_value(self.data, self.position)) is None:
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
        """Read on because the value that begins here is not whole.

        Raises:
            DocumentError: when there is nothing more, or it is longer than any value is.
        """
        if len(self.data) - self.position > LONGEST_VALUE_BYTES:
            raise self._broken_off() or self.error("one value is longer than 4 MiB")
        if not self.more():
            raise self.cut()

    def end(self) -> None:
        """Nothing may follow."""
        if self.peek():
            raise self.error("there is more after the end of the document")

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Read on inside the block, and be back here behind it."""
        line, part = self.line, self.part
        self._source.mark(self.data[self.position :])
        yield
        self._source.rewind()
        self.data, self.position, self.line, self.part = b"", 0, line, part

    def error(self, message: str, line: int | None = None) -> DocumentError:
        """What is wrong at a line, by default the current one."""
        return DocumentError(f"{self.name}: line {line or self.line}: {message}", hint=self.hint)

    def not_json(self, line: int | None = None) -> DocumentError:
        """The text is no JSON there."""
        return self.error("not JSON", line)

    def broken(self, value: bytes, line: int | None = None) -> DocumentError:
        """A value that begins at a line, by default the current one, is no JSON."""
        return self.not_json((line or self.line) + value.count(b"\n", 0, first_fault(value)[0]))

    def cut(self) -> DocumentError:
        """The text ends where it may not; if it was broken before that, this says so instead."""
        line = self.line + self.data[self.position :].rstrip().count(b"\n")
        message = f"{self.name} ends in the middle of {self.part}, at line {line}"
        return self._broken_off() or DocumentError(message, hint=HINT_CUT)

    def _broken_off(self) -> DocumentError | None:
        left = self.data[self.position :]
        # Of a number or a word nobody can say whether it is whole.
        if left[:1] not in (b"{", b"[", b'"'):
            return None
        fault, is_cut = first_fault(left)
        return None if is_cut else self.not_json(self.line + left.count(b"\n", 0, fault))
