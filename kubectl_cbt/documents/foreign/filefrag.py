"""The output of ``filefrag -v``: the extents of a file by their logical offsets."""

from __future__ import annotations

import re

import numpy as np

from kubectl_cbt.documents.foreign.extent_lines import ExtentLines, LineRows
from kubectl_cbt.documents.foreign.line_reader import LineReader
from kubectl_cbt.documents.foreign.token_table import TokenTable
from kubectl_cbt.documents.jsonstream.json_cursor import HINT_CUT, JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.units import counted

_SIZE = re.compile(rb"File size of .* is ([0-9]{1,18}) \([0-9]+ blocks? of ([0-9]{1,9}) bytes\)", re.DOTALL)
_COLUMNS = re.compile(rb"ext:\s+logical_offset:\s+physical_offset:\s+length:.*")
_FOOTER = re.compile(rb"^.*: [0-9]+ extents? found[ \t]*\r?\n", re.MULTILINE)
_PUNCTUATION = bytes.maketrans(b":.", b"  ")
_MANY = "list one file: filefrag -v FILE"


class FilefragList(ExtentLines):
    """The lines of one file. Unwritten extents are left out: they read as zeros.

    The line after the extents marks the end of the list.
    """

    form = "an extent of filefrag -v with decimal numbers"

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        text.part = "its head"
        lines = LineReader(text)
        if lines.peek().startswith(b"Filesystem type is:"):
            lines.skip()
        size = _SIZE.fullmatch(lines.peek())
        if size is None or not int(size[2]):
            raise text.error("the line is not the size of the file as filefrag -v prints it")
        lines.skip()
        if not _COLUMNS.fullmatch(lines.peek()):
            # Of a file without extents only this line is printed.
            if not _FOOTER.match(lines.peek() + b"\n"):
                raise text.error("the line is not the heading of the columns of filefrag -v")
        else:
            lines.skip()
        super().__init__(text, options, Operation.ALLOCATED, int(size[1]) or None)
        self.unit_bytes = int(size[2])
        self._unwritten = 0

    def prepared(self, block: bytes) -> bytes:
        """The lines without the punctuation between the numbers."""
        return block.translate(_PUNCTUATION)

    def end_mark(self, block: bytes) -> re.Match[bytes] | None:
        """The line with the number of extents."""
        # The word is searched first, as the pattern is slow for a million lines.
        return _FOOTER.search(block) if b" found" in block else None

    def rows(self, table: TokenTable) -> LineRows:
        """Number, logical range, physical range, length; perhaps the expected position, and flags."""
        columns = [table.integers(column) for column in range(6)]
        are_valid = np.logical_and.reduce([valid for _, valid in columns])
        (_, first, last, physical_first, physical_last, length) = (values for values, _ in columns)
        # With -X the numbers are hexadecimal, without 0x: these equations are then wrong.
        are_valid &= (last - first == length - 1) & (physical_last - physical_first == length - 1)
        are_written = ~table.lines_with(b"unwritten")
        self._unwritten += int(np.count_nonzero(are_valid & ~are_written))
        if self._unwritten:
            left_out = counted(self._unwritten, "unwritten extent")
            self.note = f"{left_out} left out: unwritten extents have no data and read as zeros"
        return LineRows(first, length, are_valid, are_written)

    def lines_end(self, mark: re.Match[bytes] | None, line: int) -> None:
        """The last line was read."""
        if mark is None:
            raise DocumentError(f"{self.text.name} ends without the number of extents found", hint=HINT_CUT)

    def after_end(self, rest: bytes, line: int) -> DocumentError:
        """Another file, or other text."""
        if rest.startswith((b"File size of", b"Filesystem type is:")):
            return self.text.error("another file begins: only one file can be opened", line).with_hint(_MANY)
        return super().after_end(rest, line)
