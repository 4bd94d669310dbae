"""The output of ``filefrag -v``: the extents of a file by their logical offsets (misc/filefrag.c of e2fsprogs)."""

from __future__ import annotations

import re

import numpy as np

from kubectl_cbt.documents.extent_columns import Columns
from kubectl_cbt.documents.foreign.extent_lines import ExtentLines, LineRows
from kubectl_cbt.documents.foreign.foreign_list import beyond_64_bits
from kubectl_cbt.documents.foreign.line_reader import LineReader
from kubectl_cbt.documents.foreign.token_table import Mask, TokenTable
from kubectl_cbt.documents.jsonstream.json_cursor import HINT_CUT, JsonCursor
from kubectl_cbt.documents.object_fields import shown
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.record import INT64_MAX, Int64Column
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.units import counted

_SIZE = re.compile(rb"File size of .* is ([0-9]{1,18}) \([0-9]+ blocks? of ([0-9]{1,9}) bytes\)", re.DOTALL)
_STATUS_CACHE = b" -- pre-cached"
_COLUMNS = re.compile(rb"ext:\s+logical_offset:\s+physical_offset:\s+length:.*")
_FOOTER = re.compile(
    rb"^.*: ([0-9]+) extents? found(?:, perfection would be [0-9]+ extents?)?[ \t]*\r?\n", re.MULTILINE
)
_PUNCTUATION = bytes.maketrans(b":.", b"  ")
_HEXADECIMAL = re.compile(rb"[0-9a-f]{1,64}")
_NUMBERS = 6
_LARGEST_BLOCK_BYTES, _USUAL_BLOCK_BYTES = 2**16, 2**12
"""The largest block of a file system, and the one of most."""

_MANY = "list one file: filefrag -v FILE"
_ADD_EXTENTS = "list the extents: filefrag -e -v FILE"
_WITHOUT_X = "run filefrag -v without -X"
_WITHOUT_B = "run filefrag -v without -b: with blocks that are larger than those of the file system, it rounds"
_WITHOUT_B_X = "run filefrag -v without -b, which may round, and without -X, which prints hexadecimal numbers"
_WITHOUT_E = "run filefrag -v without -E: the extent status cache does not contain all extents"


class FilefragList(ExtentLines):
    """The lines of one file. Unwritten extents are left out: they read as zeros.

    An extent ends where the file ends, which may be inside its last block; blocks after the file are left out.
    The line after the extents marks the end of the list.
    """

    form = "an extent of filefrag -v with decimal numbers"

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        text.part = "its head"
        lines = LineReader(text)
        while lines.demand().startswith((b"Filesystem type is:", b"Filesystem cylinder groups")):
            lines.skip()
        size = _SIZE.fullmatch(lines.demand().removesuffix(_STATUS_CACHE))
        if size is None or not int(size[2]):
            raise text.error("the line is not the size of the file as filefrag -v prints it")
        if lines.demand().endswith(_STATUS_CACHE):
            raise text.error("the list is of the extent status cache").with_hint(_WITHOUT_E)
        self._block_bytes = int(size[2])
        if self._block_bytes > _LARGEST_BLOCK_BYTES:
            raise text.error(f"blocks of {self._block_bytes} bytes, to which extents are rounded").with_hint(_WITHOUT_B)
        lines.skip()
        if _COLUMNS.fullmatch(lines.demand()):
            lines.skip()
        else:
            _check_empty(text, lines.demand() + b"\n")
        super().__init__(text, options, Operation.ALLOCATED, int(size[1]) or None)
        self._file_bytes = int(size[1])
        self._unwritten = 0
        if self._block_bytes > _USUAL_BLOCK_BYTES:
            self.note = f"blocks of {self._block_bytes} bytes: with -b, extents are rounded to whole blocks"

    def prepared(self, block: bytes) -> bytes:
        """The lines without the punctuation between the numbers."""
        return block.translate(_PUNCTUATION)

    def end_mark(self, block: bytes) -> re.Match[bytes] | None:
        """The line with the number of extents."""
        # The word is searched first, as the pattern is slow for a million lines.
        return _FOOTER.search(block) if b" found" in block else None

    def rows(self, table: TokenTable) -> LineRows:
        """Number, logical range, physical range, length; perhaps the expected position, and flags."""
        columns = [table.integers(column) for column in range(_NUMBERS)]
        are_numbers = np.logical_and.reduce([valid for _, valid in columns])
        (_, first, last, physical_first, physical_last, length) = (values for values, _ in columns)
        # With -X the numbers are hexadecimal, without 0x: these equations are then wrong.
        are_consistent = (last - first == length - 1) & (physical_last - physical_first == length - 1)
        # Where the location is not known, the length is printed as 0.
        are_consistent |= table.lines_with(b"unknown_loc") & (first <= last) & (last - first < INT64_MAX)
        # The offsets of data in the inode are in bytes.
        units = np.where(table.lines_with(b"inline"), 1, self._block_bytes)
        are_consistent &= ~table.lines_with(b"eof") | (last >= -(-self._file_bytes // units) - 1)
        are_valid = are_numbers & are_consistent & ~table.lines_with(b"hole")
        offsets, sizes = self._in_file(first, last - first + 1, units)
        are_written = ~table.lines_with(b"unwritten")
        self._count_unwritten(are_valid & ~are_written)
        are_extents = are_valid & are_written & (offsets < self._file_bytes)
        # With -B, such lines are between the extents.
        are_remarks = table.lines_with(b"Discontinuity")
        return LineRows(offsets, sizes, are_valid | are_remarks, are_extents)

    def lines_end(self, mark: re.Match[bytes] | None, line: int) -> None:
        """The last line was read."""
        if mark is None:
            raise DocumentError(f"{self.text.name} ends without the number of extents found", hint=HINT_CUT)

    def after_end(self, rest: bytes, line: int) -> DocumentError:
        """Another file, or other text."""
        if rest.startswith((b"File size of", b"Filesystem type is:")):
            return self.text.error("another file begins: only one file can be opened", line).with_hint(_MANY)
        return super().after_end(rest, line)

    def fault(self, table: TokenTable, row: int, *, is_number: bool) -> DocumentError:
        """A line of an option of filefrag that changes what the numbers mean, or any other wrong line."""
        error = super().fault(table, row, is_number=is_number)
        tokens = table.tokens(row)
        numbers = tokens[:_NUMBERS]
        if is_number or len(numbers) < _NUMBERS or not all(map(_HEXADECIMAL.fullmatch, numbers)):
            return error
        if b"hole" in tokens[-1]:
            return error.with_hint(_WITHOUT_E)
        if not all(map(bytes.isdigit, numbers)):
            return error.with_hint(_WITHOUT_X)
        if any(int(number) > INT64_MAX for number in numbers):
            return error
        line = shown(b" ".join(tokens).decode("utf-8", "replace"))
        message = f"{line} has a range that contradicts its length or the size of the file"
        return self.text.error(message, self.line_of(table, row)).with_hint(_WITHOUT_B_X)

    def _in_file(self, first: Int64Column, count: Int64Column, units: Int64Column) -> Columns:
        """Blocks in bytes, up to the end of the file; the maximum where they end beyond 64 bits."""
        are_beyond = beyond_64_bits((first, count), units)
        offsets = np.where(are_beyond, INT64_MAX, first * units)
        in_file = np.minimum(count * units, self._file_bytes - offsets)
        return offsets, np.where(are_beyond, INT64_MAX, in_file)

    def _count_unwritten(self, are_unwritten: Mask) -> None:
        self._unwritten += int(np.count_nonzero(are_unwritten))
        if self._unwritten:
            left_out = counted(self._unwritten, "unwritten extent")
            self.note = f"{left_out} left out: unwritten extents have no data and read as zeros"


def _check_empty(text: JsonCursor, line: bytes) -> None:
    """Without extents, only their number follows the size of the file."""
    if line.startswith(b"Discontinuity"):
        raise text.error("the list has no extents, only where they are not contiguous").with_hint(_ADD_EXTENTS)
    footer = _FOOTER.match(line)
    if footer is None:
        raise text.error("the line is not the heading of the columns of filefrag -v")
    if int(footer[1]):
        raise text.error("the list has no extents, only their number").with_hint(_ADD_EXTENTS)
